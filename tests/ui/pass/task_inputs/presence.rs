//! What happens to inputs that come, are missing, have another name, or are of another type.

use connector_core::prelude::*;
use connector_core::{ErrorKind, NamedLiterals};

/// A scene.
#[derive(Debug, PartialEq, TaskInputs)]
struct Scene {
    /// The file.
    file: String,
    #[input(default)]
    samples: u32,
    #[input(rename = "Frames", default = vec![1, 2])]
    frames: Vec<i64>,
    quality: Option<f64>,
    #[input(optional)]
    mode: Option<String>,
    #[input(default = Some(4))]
    tiles: Option<u8>,
}

fn literals(pairs: &[(&str, pb::Literal)]) -> NamedLiterals {
    pairs.iter().cloned().collect()
}

fn main() {
    let all = literals(&[
        ("mode", literal::string("fast")),
        ("tiles", literal::none()),
        ("quality", literal::integer(2)),
        ("Frames", literal::list([literal::integer(7)])),
        ("samples", literal::float(16.0)),
        ("file", literal::string("a.blend")),
        ("unknown", literal::boolean(true)),
    ]);
    assert_eq!(
        Scene::from_literals(all).unwrap(),
        Scene {
            file: "a.blend".into(),
            samples: 16,
            frames: vec![7],
            quality: Some(2.0),
            mode: Some("fast".into()),
            // An explicit nothing is a value.
            tiles: None,
        }
    );

    let least = literals(&[("file", literal::string("a.blend"))]);
    assert_eq!(
        Scene::from_literals(least).unwrap(),
        Scene {
            file: "a.blend".into(),
            samples: 0,
            frames: vec![1, 2],
            quality: None,
            mode: None,
            tiles: Some(4),
        }
    );

    // The Rust name of a renamed input is no name of it.
    let wrong = literals(&[
        ("samples", literal::string("many")),
        ("frames", literal::list([literal::integer(7)])),
        ("Frames", literal::list([literal::integer(7), literal::boolean(true)])),
    ]);
    let error = Scene::from_literals(wrong).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidTask);
    let lines: Vec<&str> = error.message().lines().collect();
    assert_eq!(lines.len(), 4, "{error}");
    assert_eq!(lines[0], "the task's inputs do not fit:");
    assert_eq!(lines[1], " - `file`: is missing; it must be a str");
    assert!(lines[2].starts_with(" - `samples`: expected"), "{error}");
    assert!(lines[3].starts_with(" - `Frames[1]`: expected"), "{error}");

    let fields = Scene::describe().unwrap();
    let seen: Vec<(&str, bool)> =
        fields.iter().map(|field| (field.name.as_str(), field.required)).collect();
    assert_eq!(
        seen,
        [
            ("file", true),
            ("samples", false),
            ("Frames", false),
            ("quality", false),
            ("mode", false),
            ("tiles", false)
        ]
    );
    assert_eq!(fields[0].description, "The file.");
    assert_eq!(fields[2].default.as_ref().map(ToString::to_string), Some("[1,2]".into()));
}
