//! Structs as dataclasses and as pydantic models: written, read back, and read from what others write.

use connector_core::jiff::SignedDuration;
use connector_core::prelude::*;
use connector_core::typed::{Style, Value};

#[derive(Debug, Clone, PartialEq, FlyteType)]
enum Mode {
    Fast,
    #[flyte(name = "SLOW", value = "slowly")]
    VerySlow,
}

/// A point.
///
/// In the plane.
#[derive(Debug, Clone, PartialEq, FlyteType)]
#[flyte(rename = "PyPoint")]
struct Point {
    /// Across.
    x: f64,
    #[flyte(rename = "Y", default = -1.0)]
    y: f64,
    #[flyte(default)]
    tags: Vec<String>,
    #[flyte(optional)]
    label: Option<String>,
    took: SignedDuration,
    mode: Mode,
}

/// The same as a pydantic model, around a dataclass.
#[derive(Debug, Clone, PartialEq, FlyteType)]
#[flyte(pydantic)]
struct Model {
    took: SignedDuration,
    mode: Mode,
    inner: Option<Inner>,
}

#[derive(Debug, Clone, PartialEq, FlyteType)]
struct Inner {
    mode: Mode,
}

/// A named tuple, which is a list inside other objects.
#[derive(Debug, Clone, PartialEq, FlyteType)]
#[flyte(named_tuple)]
struct Row {
    number: i64,
    #[flyte(default)]
    mode: Option<Mode>,
}

/// A `TypedDict`, which is a map wherever it is.
#[derive(Debug, Clone, PartialEq, FlyteType)]
#[flyte(typed_dict)]
struct Options {
    row: Row,
    mode: Mode,
}

#[derive(Debug, Clone, PartialEq, FlyteType)]
struct Empty {}

fn map(fields: &[(&str, Value)]) -> Value {
    Value::Map(fields.iter().map(|(name, value)| (Value::from(*name), value.clone())).collect())
}

fn main() {
    let point = Point {
        x: 1.0,
        y: 2.5,
        tags: vec!["a".into()],
        label: None,
        took: SignedDuration::from_millis(90_500),
        mode: Mode::VerySlow,
    };
    assert_eq!(
        point.clone().into_value(Style::Dataclass).unwrap(),
        map(&[
            ("x", 1.0.into()),
            ("Y", 2.5.into()),
            ("tags", Value::Array(vec!["a".into()])),
            ("label", Value::Nil),
            ("took", 90.5.into()),
            ("mode", "slowly".into()),
        ])
    );
    let literal = point.clone().into_literal().unwrap();
    assert_eq!(Point::from_literal(&literal), Ok(point.clone()));

    // The least a producer may send, with a field that nobody knows.
    let least = map(&[
        ("mode", "SLOW".into()),
        ("took", "PT1M30.5S".into()),
        ("x", 1.into()),
        ("z", Value::Nil),
    ]);
    let read = Point::from_form(least.into()).unwrap();
    assert_eq!(read, Point { y: -1.0, tags: vec![], ..point });

    let wrong = map(&[
        ("x", "one".into()),
        ("mode", "WALK".into()),
        ("tags", Value::Array(vec![1.into()])),
    ]);
    let problems = Point::from_form(wrong.into()).unwrap_err();
    let paths: Vec<&str> = problems.iter().map(|problem| problem.path()).collect();
    assert_eq!(paths, ["x", "tags[0]", "took", "mode"]);
    let not_an_object = Point::from_form(Value::from(1).into()).unwrap_err().to_string();
    assert!(not_an_object.contains("`PyPoint`"), "{not_an_object}");

    let model = Model {
        took: SignedDuration::from_millis(90_500),
        mode: Mode::VerySlow,
        inner: Some(Inner { mode: Mode::Fast }),
    };
    let literal = model.clone().into_literal().unwrap();
    assert_eq!(Model::from_literal(&literal), Ok(model.clone()));
    assert_eq!(
        model.into_value(Style::Pydantic).unwrap(),
        map(&[
            ("took", "PT1M30.5S".into()),
            ("mode", "SLOW".into()),
            // Flyte looks for enums in models only: here Python has and reads the value.
            ("inner", map(&[("mode", "fast".into())])),
        ])
    );

    assert_eq!((Point::TAG, Model::TAG), ("Object-Dataclass-Transformer", "Pydantic Transformer"));
    let declared = Point::literal_type();
    assert_eq!(declared.structure.unwrap().tag, Point::TAG);
    let schema = Point::describe().schema;
    assert_eq!(schema["title"], "PyPoint");
    assert_eq!(schema["description"], "A point.\n\nIn the plane.");
    assert_eq!(schema["properties"]["x"]["description"], "Across.");
    assert_eq!(schema["properties"]["Y"]["default"], -1.0);
    assert_eq!(schema["required"].to_string(), r#"["x","took","mode"]"#);

    assert_eq!((Row::TAG, Options::TAG), ("NamedTuple", "TypedDict"));
    assert_eq!(Row::literal_type().structure.unwrap().tag, "Pydantic Transformer");
    let row = Row { number: 1, mode: Some(Mode::VerySlow) };
    let list = |mode: &str| Value::Array(vec![1.into(), mode.into()]);
    assert_eq!(row.clone().into_value(Style::Dataclass), Ok(list("slowly")));
    assert_eq!(row.clone().into_value(Style::Pydantic), Ok(list("slowly")));
    assert_eq!(Row::from_form(list("slowly").into()), Ok(row.clone()));
    assert_eq!(Row::from_literal(&row.clone().into_literal().unwrap()), Ok(row.clone()));
    let short = Value::Array(vec![2.into()]);
    assert_eq!(Row::from_form(short.into()), Ok(Row { number: 2, mode: None }));
    let long = Value::Array(vec![2.into(), Value::Nil, 3.into()]);
    let problem = Row::from_form(long.into()).unwrap_err().to_string();
    assert!(problem.contains("1 values more"), "{problem}");
    assert!(Point::from_form(Value::Array(vec![]).into()).is_err(), "a dataclass is no list");
    let options = Options { row, mode: Mode::VerySlow };
    let values = map(&[("row", list("slowly")), ("mode", "slowly".into())]);
    assert_eq!(options.clone().into_value(Style::Dataclass), Ok(values.clone()));
    assert_eq!(options.clone().into_value(Style::Pydantic), Ok(values));
    assert_eq!(Options::from_literal(&options.clone().into_literal().unwrap()), Ok(options));

    let empty = Empty {}.into_literal().unwrap();
    assert_eq!(Empty::from_literal(&empty), Ok(Empty {}));
}
