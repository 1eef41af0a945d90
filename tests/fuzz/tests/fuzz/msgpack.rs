//! Literals and msgpack objects from hostile bytes, read into a spread of types.
//! No input may panic, hang or exhaust memory; what a type reads it can write, and then reads again.

use connector_core::__private::ValueFields;
use connector_core::FlyteType;
use connector_core::jiff::{SignedDuration, Timestamp};
use connector_core::pb::{self, literal, scalar};
use connector_core::typed::{Form, Mismatches, Style};
use fuzz_tests::campaign::Campaign;
use fuzz_tests::corpus::Corpus;
use fuzz_tests::derived::{Branch, Choice, Point, Tree};
use fuzz_tests::spread::KINDS;
use fuzz_tests::{messages, mutation, vectors};
use proptest::prelude::*;
use prost::Message as _;
use prost_types::Struct;
use rmpv::Value;

fn of_scalar(value: scalar::Value) -> pb::Literal {
    let scalar = Box::new(pb::Scalar { value: Some(value) });
    pb::Literal { value: Some(literal::Value::Scalar(scalar)), ..Default::default() }
}

fn of_msgpack(bytes: &[u8]) -> pb::Literal {
    let binary = pb::Binary { value: bytes.to_vec().into(), tag: "msgpack".to_owned() };
    of_scalar(scalar::Value::Binary(binary))
}

/// Every literal that the bytes can mean.
fn meanings(bytes: &[u8]) -> Vec<pb::Literal> {
    let mut literals = vec![of_msgpack(bytes)];
    literals.extend(pb::Literal::decode(bytes));
    let object = Struct::decode(bytes);
    literals.extend(object.map(|object| of_scalar(scalar::Value::Generic(object))));
    literals
}

fn check(bytes: &[u8]) -> Result<bool, String> {
    let mut read = false;
    // Each type sees the literal alone and in one other place; which one, the input decides.
    let mut place = bytes.iter().map(|byte| usize::from(*byte)).sum::<usize>();
    for literal in meanings(bytes) {
        for kind in KINDS {
            read |= kind.check(&literal)? | kind.check_in_place(&literal, place)?;
            place += 1;
        }
        objects_keep_microseconds(&literal)?;
    }
    last_one_counts(bytes)?;
    Ok(read)
}

/// Objects carry times in text and floats, and lose nothing but what is below a microsecond.
fn objects_keep_microseconds(literal: &pb::Literal) -> Result<(), String> {
    fn carried<T: FlyteType>(value: T, style: Style) -> Option<Result<T, Mismatches>> {
        value.into_value(style).ok().map(|value| T::from_form(value.into()))
    }
    for style in [Style::Dataclass, Style::Pydantic] {
        if let Ok(time) = Timestamp::from_literal(literal)
            && let Some(read) = carried(time, style)
        {
            let read = read.map_err(|found| format!("{time} in a {style:?}: {found}"))?;
            let lost = time.as_nanosecond() - read.as_nanosecond();
            if !(0..1_000).contains(&lost) {
                return Err(format!("{time} in a {style:?} is {read}"));
            }
        }
        if let Ok(span) = SignedDuration::from_literal(literal)
            && let Some(read) = carried(span, style)
        {
            let read = read.map_err(|found| format!("{span} in a {style:?}: {found}"))?;
            let lost = span.as_nanos() - read.as_nanos();
            // A float has steps of more than a microsecond beyond 2^33 seconds.
            let exact = style == Style::Pydantic || span.as_secs().unsigned_abs() < 1 << 32;
            if exact && lost.abs() >= 1_000 {
                return Err(format!("{span} in a {style:?} is {read}"));
            }
        }
    }
    Ok(())
}

/// Where a name stands twice, the last one counts, whatever was taken before.
fn last_one_counts(bytes: &[u8]) -> Result<(), String> {
    let Ok(Value::Map(fields)) = rmpv::decode::read_value_with_max_depth(&mut &bytes[..], 64)
    else {
        return Ok(());
    };
    let mut names: Vec<&str> = fields.iter().filter_map(|(key, _)| key.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let Ok(mut taken) = ValueFields::of(Form::Fields(fields.clone()), "object") else {
        return Err("an object is no object".to_owned());
    };
    for name in names {
        let expected = fields.iter().rev().find(|(key, _)| key.as_str() == Some(name));
        let expected = expected.and_then(|(_, value)| i64::from_form(value.clone().into()).ok());
        let found = taken.take::<Option<i64>>(name).flatten();
        if expected != found {
            return Err(format!("of several {name:?} the wrong one was taken: {found:?}"));
        }
    }
    Ok(())
}

#[test]
fn what_is_read_survives() {
    let corpus = Corpus::of("msgpack").and(vectors::literals());
    let strategy = prop_oneof![
        6 => mutation::broken(&corpus),
        1 => mutation::noise(),
        4 => messages::msgpack(),
        4 => messages::literal_bytes(),
    ];
    Campaign::new("msgpack", env!("CARGO_TARGET_TMPDIR")).run(&corpus, &strategy, check);
}

/// Every depth that is read can be written, and what is written is read again.
#[test]
fn depth_survives_up_to_its_limit() {
    let mut deepest = 0;
    for (values, open) in [(1, &b"\x91"[..]), (1, b"\x81\xa1a"), (2, b"\x81\xa1a\x91")] {
        for levels in 1..70 {
            let literal = of_msgpack(&[&open.repeat(levels)[..], b"\x01"].concat());
            for kind in KINDS {
                match kind.check(&literal) {
                    Ok(true) => deepest = deepest.max(levels * values),
                    Ok(false) => {}
                    Err(problem) => panic!("{levels} levels: {problem}"),
                }
            }
        }
    }
    assert_eq!(deepest, 63, "JSON reads every depth that msgpack may have");
}

/// A few bytes that promise 4 GiB, and depth without end, are errors before anything is built.
#[test]
fn bombs_end_in_errors() {
    let mut bombs: Vec<Vec<u8>> = Vec::new();
    for header in [0xc6, 0xc9, 0xdb, 0xdd, 0xdf_u8] {
        let promise = [&[header][..], &[0xff; 4]].concat();
        bombs.push(promise.clone());
        // In a map that is otherwise fine, and many times over.
        bombs.push([&b"\x82\xa8children\x90\xa1x"[..], &promise].concat());
        bombs.push(promise.repeat(2_000));
        bombs.push([vec![0x92; 60], promise].concat());
    }
    for (open, close) in [
        (&b"\x91"[..], &b"\xc0"[..]),
        (b"\x81\xa8children", b"\x90"),
        (b"\x81\xa8children\x91", b"\x01"),
        (b"\x81\x01", b"\x01"),
        (b"\x81\x80", b"\x01"),
    ] {
        bombs.push([&open.repeat(200_000)[..], close].concat());
    }
    for bomb in bombs {
        let literal = of_msgpack(&bomb);
        let begins = bomb[..bomb.len().min(12)].escape_ascii().to_string();
        for kind in KINDS {
            assert_eq!(kind.check(&literal), Ok(false), "{begins}");
        }
    }
}

/// A field of a protobuf message, whose content is another message.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    prost::encoding::encode_varint(content.len() as u64, &mut bytes);
    bytes.extend_from_slice(content);
    bytes
}

/// Protobuf's own reader bounds depth, so a bomb in literals is no literal at all.
#[test]
fn protobuf_bombs_end_in_errors() {
    // A scalar, collection or map: its field, the field of its content, that of the value in there.
    for (whole, path) in [(1, &[9, 1][..]), (2, &[1]), (3, &[1, 2])] {
        let nested = |levels| {
            (0..levels).fold(Vec::new(), |inner, _| {
                let content = path.iter().rev().fold(inner, |inner, number| field(*number, &inner));
                field(whole, &content)
            })
        };
        assert!(pb::Literal::decode(&nested(20)[..]).is_ok(), "{whole} is no literal");
        assert!(pb::Literal::decode(&nested(2_000)[..]).is_err(), "{whole}");
        let promise = [&[whole << 3 | 2][..], b"\xff\xff\xff\xff\x0f"].concat();
        assert!(pb::Literal::decode(&promise[..]).is_err(), "{whole}");
    }
}

/// Unions try their alternatives; a deep value must not be tried once for every way through it.
#[test]
fn unions_in_unions_stay_quick() {
    let deepest = Tree::Leaf(1);
    let branch = |tree| Tree::Branch(Branch { children: vec![tree] });
    let deep = (0..30).fold(deepest, |tree, _| branch(tree));
    let literal = deep.clone().into_literal().expect("a tree");
    assert_eq!(Tree::from_literal(&literal), Ok(deep));
    // The same without its tag, and with a leaf that no alternative reads.
    let bottom = [&b"\x81\xa8children\x91".repeat(30)[..], b"\xc0"].concat();
    assert!(Tree::from_literal(&of_msgpack(&bottom)).is_err());
}

/// The largest object that is read at all is refused or read within the patience of a caller.
#[test]
fn large_objects_stay_quick() {
    let started = std::time::Instant::now();
    let many = [&b"\xdd\x00\x0f\x00\x00"[..], &vec![0x01; 0x000f_0000]].concat();
    assert_eq!(
        Vec::<i64>::from_literal(&of_msgpack(&many)).map(|list| list.len()),
        Ok(0x000f_0000)
    );
    assert!(Vec::<String>::from_literal(&of_msgpack(&many)).is_err());
    // Half a million fields of one name.
    let fields = [&b"\xdf\x00\x07\x00\x00"[..], &b"\xa1x\x01".repeat(0x0007_0000)].concat();
    assert!(Point::from_literal(&of_msgpack(&fields)).is_err());
    // Every item is a mistake, and every mistake is told at length.
    let nothing = [&b"\xdd\x00\x0f\x00\x00"[..], &vec![0xc0; 0x000f_0000]].concat();
    assert!(Vec::<Choice>::from_literal(&of_msgpack(&nothing)).is_err());
    assert!(started.elapsed() < std::time::Duration::from_secs(10), "{:?}", started.elapsed());
}
