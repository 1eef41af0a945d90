//! What one task writes, another reads: outputs of every kind of field come back as inputs.

use std::collections::BTreeMap;

use connector_core::jiff::{SignedDuration, Timestamp};
use connector_core::prelude::*;

#[derive(Debug, Clone, PartialEq, FlyteType)]
struct Point {
    x: f64,
    label: Option<String>,
}

#[derive(Debug, Clone, PartialEq, FlyteType)]
enum Mode {
    Fast,
    Slow,
}

#[derive(Debug, Clone, PartialEq, FlyteType)]
enum Size {
    Number(i64),
    Text(String),
}

macro_rules! fields {
    ($($field:ident: $ty:ty,)+) => {
        #[derive(Debug, Clone, PartialEq, TaskOutputs)]
        struct Written {
            $($field: $ty,)+
        }

        #[derive(Debug, Clone, PartialEq, TaskInputs)]
        struct Read {
            $($field: $ty,)+
        }

        impl From<Written> for Read {
            fn from(written: Written) -> Self {
                Self { $($field: written.$field,)+ }
            }
        }
    };
}

fields! {
    i: i64,
    f: f64,
    s: String,
    b: bool,
    at: Timestamp,
    took: SignedDuration,
    xs: Vec<i64>,
    m: BTreeMap<String, f64>,
    some: Option<i64>,
    none: Option<i64>,
    mode: Mode,
    size: Size,
    maybe_size: Option<Size>,
    point: Point,
    points: Vec<Point>,
    file: File,
    dir: Dir,
    df: DataFrame,
    pair: (i64, String),
}

fn main() {
    let point = Point { x: 0.5, label: None };
    let written = Written {
        i: -7,
        f: f64::INFINITY,
        s: "größe".into(),
        b: true,
        at: "2024-01-02T03:04:05.678901Z".parse().unwrap(),
        took: SignedDuration::from_millis(-1500),
        xs: vec![1, 2, 3],
        m: [("a".to_owned(), 1.0)].into(),
        some: Some(5),
        none: None,
        mode: Mode::Slow,
        size: Size::Text("large".into()),
        maybe_size: Some(Size::Number(3)),
        point: point.clone(),
        points: vec![point.clone(), Point { label: Some("b".into()), ..point }],
        file: File::new("s3://bucket/file"),
        dir: Dir::new("s3://bucket/dir"),
        df: DataFrame::new("s3://bucket/df", "parquet").schema(pb::StructuredDatasetType {
            format: "parquet".into(),
            ..Default::default()
        }),
        pair: (1, "one".into()),
    };
    let literals = written.clone().into_literals().unwrap();
    assert_eq!(literals.len(), 19);
    assert_eq!(Read::from_literals(literals).unwrap(), Read::from(written));

    // Every output is sent, so every one is there to be relied on.
    assert!(Written::describe().unwrap().iter().all(|field| field.required));
    assert_eq!(Read::describe().unwrap().iter().filter(|field| !field.required).count(), 3);
}
