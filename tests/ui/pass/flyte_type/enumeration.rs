//! Enums of names: read by name and by value, written as Python writes them, without asking for `Copy`.

use std::collections::BTreeMap;

use connector_core::prelude::*;
use connector_core::typed::{Style, Value};

/// How fast.
#[derive(Debug, PartialEq, FlyteType)]
#[flyte(rename = "PyMode")]
#[repr(u8)]
enum Mode {
    Fast = 7,
    VerySlow,
    #[flyte(name = "Odd", value = "")]
    #[deprecated]
    Odd,
    #[flyte(value = "DRAFT")]
    Draft,
    r#Final,
}

/// An `IntEnum`.
#[derive(Debug, PartialEq, FlyteType)]
enum Level {
    #[flyte(value = 1)]
    Low,
    #[flyte(value = -5)]
    High,
}

#[derive(Debug, PartialEq, FlyteType)]
enum LevelOrInt {
    Level(Level),
    Int(i64),
}

fn main() {
    assert_eq!(Level::High.into_literal(), Ok(literal::string("HIGH")));
    assert_eq!(Level::from_literal(&literal::string("LOW")), Ok(Level::Low));
    assert_eq!(Level::High.into_value(Style::Dataclass), Ok(Value::from(-5)));
    assert_eq!(Level::High.into_value(Style::Pydantic), Ok(Value::from("HIGH")));
    assert_eq!(Level::from_form(Value::from(-5).into()), Ok(Level::High));
    let problem = Level::from_form(Value::from(7).into()).unwrap_err().to_string();
    assert_eq!(problem, r#"expected one of "LOW", "HIGH", found "7""#);
    let both = BTreeMap::from([(1, LevelOrInt::Level(Level::Low)), (2, LevelOrInt::Int(2))]);
    let literal = both.into_literal().unwrap();
    let read = BTreeMap::<i64, LevelOrInt>::from_literal(&literal).unwrap();
    let expected = [(1, LevelOrInt::Level(Level::Low)), (2, LevelOrInt::Int(2))];
    assert_eq!(read, BTreeMap::from(expected));
    // A number alone is a number: a task's own input has the member's name.
    assert_eq!(LevelOrInt::from_literal(&literal::integer(1)), Ok(LevelOrInt::Int(1)));

    for (text, mode) in [
        ("FAST", Mode::Fast),
        ("fast", Mode::Fast),
        ("VERY_SLOW", Mode::VerySlow),
        ("very_slow", Mode::VerySlow),
        ("DRAFT", Mode::Draft),
        ("FINAL", Mode::Final),
        ("final", Mode::Final),
    ] {
        assert_eq!(Mode::from_literal(&literal::string(text)), Ok(mode), "{text}");
    }
    for wrong in ["Fast", "fast ", "7"] {
        let problem = Mode::from_literal(&literal::string(wrong)).unwrap_err().to_string();
        assert!(
            problem.contains(r#"one of "FAST", "VERY_SLOW", "Odd", "DRAFT", "FINAL""#),
            "{problem}"
        );
    }
    assert!(Mode::from_literal(&literal::integer(7)).is_err());

    assert_eq!(Mode::VerySlow.into_literal(), Ok(literal::string("VERY_SLOW")));
    assert_eq!(Mode::VerySlow.into_value(Style::Dataclass), Ok(Value::from("very_slow")));
    assert_eq!(Mode::VerySlow.into_value(Style::Pydantic), Ok(Value::from("VERY_SLOW")));

    let Some(pb::literal_type::Type::EnumType(declared)) = Mode::literal_type().r#type else {
        panic!("not declared as an enum");
    };
    assert_eq!(declared.values, ["FAST", "VERY_SLOW", "Odd", "DRAFT", "FINAL"]);
    assert_eq!((Mode::TAG, Mode::describe().name.as_str()), ("DefaultEnumTransformer", "PyMode"));
    assert_eq!(Mode::describe().schema["description"], "How fast.");
}
