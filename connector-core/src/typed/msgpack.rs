//! msgpack in and out, with bounds: what a caller sends cannot exhaust stack or memory.
//! `form` reads objects through it and `record` writes them.

use prost_types::value::Kind;
use rmpv::Value;
use rmpv::decode::read_value_with_max_depth;

use super::mismatch::Mismatches;

/// The tag of a msgpack literal.
pub(super) const TAG: &str = "msgpack";

/// How deep objects may nest.
const MAX_DEPTH: usize = 64;
/// How many values one object may hold: each costs tens of bytes once decoded.
const MAX_VALUES: u64 = 1_000_000;

/// Reads one msgpack value that fills `bytes`.
pub(super) fn read(bytes: &[u8]) -> Result<Value, Mismatches> {
    // Checked before anything is allocated: a header can promise four billion items.
    check(bytes)?;
    let mut rest = bytes;
    // rmpv counts several levels for each one of ours; `check` has bounded the real depth.
    read_value_with_max_depth(&mut rest, MAX_DEPTH * 4)
        .map_err(|error| Mismatches::new(format!("this is not msgpack: {error}")))
}

/// Writes a value that can be read again.
pub(super) fn write(value: &Value) -> Result<Vec<u8>, Mismatches> {
    let mut out = Vec::new();
    rmpv::encode::write_value(&mut out, value)
        .map_err(|error| Mismatches::new(format!("this cannot be msgpack: {error}")))?;
    check(&out)?;
    Ok(out)
}

/// Walks the headers without building anything: depth, count, promised lengths, nothing behind.
fn check(bytes: &[u8]) -> Result<(), Mismatches> {
    let mut rest = bytes;
    let mut values = 0_u64;
    // What is still to come on each level.
    let mut pending = vec![1_u64];
    while let Some(level) = pending.last_mut() {
        if *level == 0 {
            pending.pop();
            continue;
        }
        *level -= 1;
        values += 1;
        if values > MAX_VALUES {
            return Err(too(&format!("more than {MAX_VALUES} values")));
        }
        let (payload, children) = header(&mut rest)?;
        let payload = usize::try_from(payload).unwrap_or(usize::MAX);
        rest = rest.get(payload..).ok_or_else(cut_short)?;
        if children > 0 {
            // Every item takes at least one byte.
            if children > u64::try_from(rest.len()).unwrap_or(u64::MAX) {
                return Err(cut_short());
            }
            if pending.len() >= MAX_DEPTH {
                return Err(too(&format!("more than {MAX_DEPTH} levels")));
            }
            pending.push(children);
        }
    }
    if rest.is_empty() {
        Ok(())
    } else {
        Err(Mismatches::new(format!("{} bytes follow the msgpack value", rest.len())))
    }
}

fn too(what: &str) -> Mismatches {
    Mismatches::new(format!("this msgpack object has {what}; pass large data as a file"))
}

fn cut_short() -> Mismatches {
    Mismatches::new("this msgpack object ends too early")
}

/// Takes one header: how many bytes of payload and how many values follow it.
fn header(rest: &mut &[u8]) -> Result<(u64, u64), Mismatches> {
    let marker = number(rest, 1)?;
    Ok(match marker {
        0x00..=0x7f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => (0, 0),
        0x80..=0x8f => (0, 2 * (marker - 0x80)),
        0x90..=0x9f => (0, marker - 0x90),
        0xa0..=0xbf => (marker - 0xa0, 0),
        0xc4 | 0xd9 => (number(rest, 1)?, 0),
        0xc5 | 0xda => (number(rest, 2)?, 0),
        0xc6 | 0xdb => (number(rest, 4)?, 0),
        0xc7 => (number(rest, 1)? + 1, 0),
        0xc8 => (number(rest, 2)? + 1, 0),
        0xc9 => (number(rest, 4)? + 1, 0),
        0xcc | 0xd0 => (1, 0),
        0xcd | 0xd1 => (2, 0),
        0xca | 0xce | 0xd2 => (4, 0),
        0xcb | 0xcf | 0xd3 => (8, 0),
        0xd4 => (2, 0),
        0xd5 => (3, 0),
        0xd6 => (5, 0),
        0xd7 => (9, 0),
        0xd8 => (17, 0),
        0xdc => (0, number(rest, 2)?),
        0xdd => (0, number(rest, 4)?),
        0xde => (0, 2 * number(rest, 2)?),
        0xdf => (0, 2 * number(rest, 4)?),
        _ => return Err(Mismatches::new(format!("0x{marker:02x} does not start a msgpack value"))),
    })
}

/// Takes a big-endian number of `width` bytes.
fn number(rest: &mut &[u8], width: usize) -> Result<u64, Mismatches> {
    let (bytes, after) = rest.split_at_checked(width).ok_or_else(cut_short)?;
    *rest = after;
    Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// From here on neighbouring integers share one float: a float may stand for either of them.
pub(super) const INEXACT: f64 = 9_007_199_254_740_992.0;

/// A float that stands for one whole number and no other.
pub(crate) fn exact(number: f64) -> Option<i64> {
    let fits = number.fract() == 0.0 && number.abs() < INEXACT;
    #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
    fits.then_some(number as i64)
}

/// A protobuf value in the same form; its numbers are all doubles, so that a whole one is an integer.
pub(crate) fn of_struct_value(value: &prost_types::Value) -> Value {
    match &value.kind {
        None | Some(Kind::NullValue(_)) => Value::Nil,
        // The integer 0 has no sign to keep.
        Some(Kind::NumberValue(number)) if *number == 0.0 && number.is_sign_negative() => {
            Value::F64(*number)
        }
        Some(Kind::NumberValue(number)) => exact(*number).map_or(Value::F64(*number), Value::from),
        Some(Kind::StringValue(text)) => Value::from(text.as_str()),
        Some(Kind::BoolValue(value)) => Value::Boolean(*value),
        Some(Kind::StructValue(object)) => of_struct(object),
        Some(Kind::ListValue(list)) => {
            Value::Array(list.values.iter().map(of_struct_value).collect())
        }
    }
}

/// A protobuf object in the same form.
pub(super) fn of_struct(object: &prost_types::Struct) -> Value {
    Value::Map(
        object
            .fields
            .iter()
            .map(|(key, value)| (Value::from(key.as_str()), of_struct_value(value)))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use rmpv::Value;

    use super::{read, write};

    #[test]
    fn attacks_end_quickly() {
        let deep = [vec![0x91; 100_000], vec![0xc0]].concat();
        let cases: [(&[u8], &str); 8] = [
            (&deep, "levels"),
            (b"\xdd\xff\xff\xff\xff\xc0", "too early"),
            (b"\xdf\xff\xff\xff\xff\xc0", "too early"),
            (b"\xc6\xff\xff\xff\xffab", "too early"),
            (b"\xc9\xff\xff\xff\xff\x01", "too early"),
            (b"", "too early"),
            (b"\xc0\xc0", "1 bytes follow"),
            (b"\xc1", "0xc1"),
        ];
        for (bytes, why) in cases {
            let error = read(bytes).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        let mut many = b"\xdd\x00\x20\x00\x00".to_vec();
        many.resize(5 + (1 << 21), 0xc0);
        assert!(read(&many).unwrap_err().to_string().contains("values"));
    }

    #[test]
    fn what_could_not_be_read_again_is_not_written() {
        let nested = |levels| (0..levels).fold(Value::Nil, |inner, _| Value::Array(vec![inner]));
        assert_eq!(read(&write(&nested(63)).unwrap()), Ok(nested(63)));
        assert!(write(&nested(64)).unwrap_err().to_string().contains("levels"));
    }

    #[test]
    fn values_survive_in_their_smallest_form() {
        let value = Value::Map(vec![
            (Value::from("a"), Value::from(127)),
            (Value::from("b"), Value::F64(1.0)),
            (Value::from(-1), Value::Array(vec![Value::Nil, Value::Boolean(true)])),
        ]);
        let bytes = write(&value).unwrap();
        assert_eq!(bytes, b"\x83\xa1a\x7f\xa1b\xcb\x3f\xf0\0\0\0\0\0\0\xff\x92\xc0\xc3");
        assert_eq!(read(&bytes).unwrap(), value);
    }
}
