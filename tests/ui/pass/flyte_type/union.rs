//! Enums of types: told by the tag where there is one, and by what the value is where there is none.

use std::collections::BTreeMap;

use connector_core::jiff::Timestamp;
use connector_core::prelude::*;
use connector_core::typed::{Style, Value};

#[derive(Debug, Clone, PartialEq, FlyteType)]
struct Circle {
    radius: f64,
}

#[derive(Debug, Clone, PartialEq, FlyteType)]
struct Square {
    side: f64,
}

#[derive(Debug, Clone, PartialEq, FlyteType)]
enum Mode {
    Fast,
    Slow,
}

#[derive(Debug, Clone, PartialEq, FlyteType)]
enum Size {
    Number(i64),
    Fraction(f64),
    Mode(Mode),
    Text(String),
    Circle(Circle),
    Square(Square),
    Many(Vec<i64>),
    Nothing(()),
}

/// A union in a union: its alternatives count as one's own.
#[derive(Debug, Clone, PartialEq, FlyteType)]
enum Wide {
    Flag(bool),
    Size(Size),
    Maybe(Option<File>),
}

/// Structs that share their fields' names, in part or with other types.
#[derive(Debug, Clone, PartialEq, FlyteType)]
struct Plain {
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, FlyteType)]
struct Longer {
    at: Timestamp,
    note: String,
}

#[derive(Debug, Clone, PartialEq, FlyteType)]
struct Loose {
    note: Option<String>,
    tags: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, FlyteType)]
struct Counted {
    note: i64,
}

#[derive(Debug, Clone, PartialEq, FlyteType)]
enum Alike {
    Plain(Plain),
    Longer(Longer),
    Loose(Loose),
    Counted(Counted),
    Any(BTreeMap<String, i64>),
}

fn alike() -> Vec<Alike> {
    let at: Timestamp = "2024-01-02T03:04:05Z".parse().unwrap();
    vec![
        Alike::Plain(Plain { at }),
        Alike::Longer(Longer { at, note: "x".into() }),
        Alike::Loose(Loose { note: None, tags: Some(vec![]) }),
        Alike::Counted(Counted { note: 7 }),
        Alike::Any([("note".to_owned(), 7), ("more".to_owned(), 8)].into()),
    ]
}

fn values() -> Vec<Size> {
    vec![
        Size::Number(5),
        Size::Fraction(5.0),
        Size::Mode(Mode::Slow),
        Size::Text("large".into()),
        Size::Circle(Circle { radius: 1.0 }),
        Size::Square(Square { side: 2.0 }),
        Size::Many(vec![1, 2]),
        Size::Nothing(()),
    ]
}

fn tags(declared: pb::LiteralType) -> Vec<String> {
    let Some(pb::literal_type::Type::UnionType(union)) = declared.r#type else {
        panic!("not declared as a union");
    };
    union.variants.into_iter().map(|variant| variant.structure.unwrap().tag).collect()
}

fn main() {
    for value in values() {
        // With its tag, as Flyte wraps it.
        let wrapped = value.clone().into_literal().unwrap();
        assert_eq!(Size::from_literal(&wrapped), Ok(value.clone()));
        assert_eq!(
            Option::<Size>::from_literal(&wrapped).unwrap_or_default(),
            match value {
                // The outer nothing comes first.
                Size::Nothing(()) => None,
                ref other => Some(other.clone()),
            }
        );
        assert_eq!(Wide::from_literal(&wrapped), Ok(Wide::Size(value.clone())));
        // Inside an object there is no tag.
        let inside = value.clone().into_value(Style::Dataclass).unwrap();
        assert_eq!(Size::from_form(inside.into()), Ok(value));
    }
    for value in alike() {
        let inside = value.clone().into_value(Style::Dataclass).unwrap();
        assert_eq!(Alike::from_form(inside.into()), Ok(value.clone()));
        let wrapped = value.clone().into_literal().unwrap();
        assert_eq!(Alike::from_literal(&wrapped), Ok(value));
    }

    let wide = Wide::Flag(true).into_literal().unwrap();
    assert_eq!(Wide::from_literal(&wide), Ok(Wide::Flag(true)));
    let wide = Wide::Maybe(Some(File::new("s3://a/b"))).into_literal().unwrap();
    assert_eq!(Wide::from_literal(&wide), Ok(Wide::Maybe(Some(File::new("s3://a/b")))));

    // Plain literals, as a task without the union in its interface sends them.
    assert_eq!(Size::from_literal(&literal::float(5.0)), Ok(Size::Fraction(5.0)));
    assert_eq!(Size::from_literal(&literal::integer(5)), Ok(Size::Number(5)));
    assert_eq!(Size::from_literal(&literal::string("FAST")), Ok(Size::Mode(Mode::Fast)));
    assert_eq!(Size::from_literal(&literal::string("FASTER")), Ok(Size::Text("FASTER".into())));

    // The tag rules: a text tagged as text is no enum's member, even if it could be.
    let tagged = Size::Text("FAST".into()).into_literal().unwrap();
    assert_eq!(Size::from_literal(&tagged), Ok(Size::Text("FAST".into())));
    let foreign = Wide::Flag(true).into_literal().unwrap();
    let problem = Size::from_literal(&foreign).unwrap_err().to_string();
    assert!(problem.contains("one of int, float, Mode, str"), "{problem}");
    assert!(problem.contains("\"bool\""), "{problem}");
    let unknown = Size::from_form(Value::Boolean(true).into()).unwrap_err().to_string();
    assert!(unknown.contains("one of int, float, Mode, str"), "{unknown}");

    assert_eq!(
        tags(Size::literal_type()),
        [
            "int",
            "float",
            "DefaultEnumTransformer",
            "str",
            "Object-Dataclass-Transformer",
            "Object-Dataclass-Transformer",
            "Typed List",
            "none"
        ]
    );
    assert_eq!(tags(Wide::literal_type()).len(), 11);
    assert!(Size::describe().name.starts_with("int | float | Mode | str | Circle | Square"));
}
