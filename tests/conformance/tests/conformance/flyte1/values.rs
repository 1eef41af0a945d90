//! Typed outputs in the words of whoever asks: the same job, asked about by both.

use conformance_tests::Running;
use connector_core::pb::task::{Inputs, NamedLiteral};
use connector_core::pb::{literal, primitive, scalar};
use connector_core::prelude::*;
use connector_core::{NamedLiterals, TaskOutputs, jiff};
use connector_examples::typed_echo::{Mode, Point, Values};
use connector_service::pb as service;

use super::{created, get, polled};

fn point() -> Point {
    Point {
        x: 1.0,
        y: 2.0,
        label: None,
        tags: Vec::new(),
        at: jiff::Timestamp::UNIX_EPOCH.into(),
        took: jiff::SignedDuration::from_secs(3),
        mode: Mode::Slow,
    }
}

fn values() -> Vec<NamedLiteral> {
    let values = Values {
        i: 5,
        f: 0.5,
        s: "s".to_owned(),
        b: true,
        at: jiff::Timestamp::UNIX_EPOCH.into(),
        took: jiff::SignedDuration::from_secs(1),
        xs: vec![1],
        m: [("a".to_owned(), 1.0)].into(),
        opt: Some(7),
        mode: Mode::Fast,
        point: point(),
        points: vec![point()],
        file: File::new("s3://b/f"),
        dir: Dir::new("s3://b/d"),
        df: DataFrame::new("s3://b/t", "parquet"),
    };
    values.into_literals().unwrap().into_entries()
}

fn text(literals: &NamedLiterals, name: &str) -> String {
    match literals.get(name).and_then(|literal| literal.value.as_ref()) {
        Some(literal::Value::Scalar(scalar)) => match &scalar.value {
            Some(scalar::Value::Primitive(primitive)) => match &primitive.value {
                Some(primitive::Value::StringValue(text)) => text.clone(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn enums_are_values_for_flyte_1_and_names_for_flyte_2_whoever_created_the_job() {
    let server = Running::start().await;
    let request = |mode: &str| {
        let mut literals = NamedLiterals::from(values());
        literals.push("mode", connector_core::literal::string(mode));
        let literals = literals.into_entries();
        let template = pb::TaskTemplate {
            task_type_version: 1,
            ..conformance_tests::running::template("typed_echo", &[])
        };
        service::CreateTaskRequest {
            inputs: Some(Inputs { literals, ..Default::default() }),
            template: Some(Box::new(template)),
            ..Default::default()
        }
    };
    let category = Some(service::TaskCategory { name: "typed_echo".to_owned(), version: 1 });
    // Both spellings are read, whoever sends them.
    let mut tasks = server.tasks().await;
    let of_first = created(&server, request("fast")).await;
    let of_second = tasks.create_task(request("FAST")).await.unwrap().into_inner().resource_meta;
    for job in [of_first, of_second] {
        let asked = service::flyte1::GetTaskRequest {
            task_category: category.clone(),
            ..get("typed_echo", job.clone())
        };
        let first = polled(&server, asked).await.outputs.expect("outputs").literals;
        let asked = service::GetTaskRequest {
            task_category: category.clone(),
            ..conformance_tests::running::get("typed_echo", job)
        };
        let second = tasks.get_task(asked).await.unwrap().into_inner().resource.unwrap();
        let second = second.outputs.expect("outputs").literals;
        let (first, second) = (NamedLiterals::from(first), NamedLiterals::from(second));
        assert_eq!((&*text(&first, "mode"), &*text(&second, "mode")), ("fast", "FAST"));
        // All the rest is the same on both wires.
        for (name, literal) in second.iter().filter(|(name, _)| *name != "mode") {
            assert_eq!(first.get(name), Some(literal), "{name}");
        }
        assert_eq!(first.len(), second.len());
    }
    server.stop().await;
}
