//! Values whose spelling differs between the Flytes, as Rust types: a connector that reads them and writes
//! them anew. What flytekit makes of them stands in `python/typed_vectors.py`.

use std::collections::BTreeMap;

use bytes::Bytes;
use conformance_tests::Running;
use connector_core::jiff::{SignedDuration, civil::Date};
use connector_core::prelude::*;
use connector_core::{MetaError, ResourceMeta};
use prost::Message;
use serde_json::{Value, json};

#[derive(Debug, Clone, FlyteType)]
enum Mode {
    Fast,
    Slow,
}

#[derive(Debug, Clone, FlyteType)]
struct Inner {
    n: i64,
    mode: Mode,
}

#[derive(Debug, Clone, FlyteType)]
struct Assets {
    file: File,
    dir: Dir,
    frame: DataFrame,
    maybe: Option<File>,
    inner: Inner,
}

#[derive(Debug, Clone, FlyteType)]
#[flyte(pydantic)]
struct Model {
    rate: f64,
    at: Datetime,
    took: SignedDuration,
    mode: Mode,
}

#[derive(Debug, Clone, FlyteType)]
enum NumberOrText {
    Number(i64),
    Text(String),
}

#[derive(Debug, Clone, FlyteType)]
enum NumbersOrText {
    Numbers(Vec<i64>),
    Text(String),
}

#[derive(Debug, Clone, TaskInputs, TaskOutputs)]
struct Values {
    day: Date,
    mode: Mode,
    opt_mode: Option<Mode>,
    modes: Vec<Mode>,
    by_number: BTreeMap<i64, String>,
    number_or_text: NumberOrText,
    numbers_or_text: NumbersOrText,
    nothing: Option<i64>,
    inner: Inner,
    opt_inner: Option<Inner>,
    assets: Assets,
    model: Model,
    models: Vec<Model>,
    opt_file: Option<File>,
    opt_dir: Option<Dir>,
    opt_numbers: Option<Vec<i64>>,
}

impl ResourceMeta for Values {
    fn encode(&self) -> Result<Bytes, MetaError> {
        let literals = TaskOutputs::into_literals(self.clone());
        let literals = literals.map_err(|error| MetaError::new(error.message()))?.into_entries();
        Ok(pb::task::Outputs { literals, ..Default::default() }.encode_to_vec().into())
    }

    fn decode(bytes: Bytes) -> Result<Self, MetaError> {
        let outputs =
            pb::task::Outputs::decode(bytes).map_err(|error| MetaError::new(error.to_string()))?;
        TaskInputs::from_literals(outputs.literals.into())
            .map_err(|error| MetaError::new(error.message()))
    }
}

#[connector(task_type = "typed_vectors", meta = Values, inputs = Values, outputs = Values)]
#[derive(Debug, Default)]
struct TypedVectors;

impl AsyncConnector for TypedVectors {
    async fn create(&self, task: CreateTask<Self>) -> Result<Values> {
        Ok(task.inputs)
    }

    async fn get(&self, job: &Values, _cx: &TaskContext<Self>) -> Result<Resource<Values>> {
        Ok(Resource::succeeded(job.clone()))
    }

    async fn delete(&self, _job: &Values, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

/// A literal without the JSON Schemas of classes that types in unions carry: nothing is read by them.
fn without_schemas(literal: &Value) -> Value {
    let mut literal = literal.clone();
    let mut open = vec![&mut literal];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => {
                if members.get("simple") == Some(&json!("STRUCT")) {
                    members.remove("metadata");
                }
                open.extend(members.values_mut());
            }
            Value::Array(values) => open.extend(values),
            _ => {}
        }
    }
    literal
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_flytes_spell_otherwise_is_spelled_as_flytekit_does() {
    let Some(venv) = flyte1_tests::flytekit(crate::target(), "vectors of flytekit") else { return };
    let server = Running::start().await;
    let address = server.grpc.to_string();
    let seen = tokio::task::spawn_blocking(move || {
        flyte1_tests::transcript(&venv, "typed_vectors.py", &[&address])
    });
    let seen = seen.await.unwrap();
    let state = seen.only("state").unwrap();
    assert_eq!(state["phase"], json!(3), "{state}");
    let values = &seen.steps()[1..];
    assert_eq!(values.len(), 16);
    for value in values {
        assert_eq!(without_schemas(&value["got"]), without_schemas(&value["sent"]), "{value}");
        assert_eq!(value["read"], json!(true), "{value}");
    }
    server.stop().await;
}
