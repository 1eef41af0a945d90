//! `CreateTask` requests as the official task classes and the official executor make them.
//! `python/make_requests.py` prints them, once for each vendor; secrets are added here, as the executor does.

use std::collections::BTreeMap;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connector_core::pb as core_pb;
use connector_service::pb::{CreateTaskRequest, TaskCategory};
use interop_tests::venv::Venv;
use prost::Message as _;
use serde_json::Value;

/// The requests of one vendor, by the name of the task.
#[derive(Debug)]
pub struct Requests(BTreeMap<String, CreateTaskRequest>);

impl Requests {
    /// Those of the tasks in the Python module `tasks` of this package.
    ///
    /// # Panics
    /// The script breaks off.
    #[must_use]
    pub fn made(venv: &Venv, tasks: &str) -> Self {
        let output = venv
            .script("make_requests.py")
            .arg(tasks)
            .stderr(Stdio::piped())
            .output()
            .expect("Python starts");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "make_requests.py {tasks} broke off:\n{complaint}");
        let made: BTreeMap<String, Value> =
            serde_json::from_slice(&output.stdout).expect("an object of requests");
        let read = |(name, request): (String, Value)| {
            let bytes = STANDARD.decode(request.as_str().unwrap_or_default()).expect("base64");
            let request = CreateTaskRequest::decode(&*bytes).expect("a request");
            (name, request)
        };
        Self(made.into_iter().map(read).collect())
    }

    /// The request of that task. Names of secrets in `custom.secrets` are looked up in `secrets`, as the
    /// executor does it.
    ///
    /// # Panics
    /// There is no such task, or no such secret.
    #[must_use]
    pub fn of(&self, name: &str, secrets: &BTreeMap<&str, String>) -> CreateTaskRequest {
        let mut request = self.0.get(name).unwrap_or_else(|| panic!("no task {name}")).clone();
        let custom = request.template.as_ref().and_then(|template| template.custom.as_ref());
        let custom = custom.map(connector_core::custom_info::struct_to_json).unwrap_or_default();
        let mut connection = core_pb::Connection::default();
        for (argument, named) in custom["secrets"].as_object().into_iter().flatten() {
            // What the executor makes of null was never seen; a secret it cannot be.
            let Some(named) = named.as_str() else { continue };
            let value = secrets.get(named).unwrap_or_else(|| panic!("no secret {named}"));
            connection.secrets.insert(argument.clone(), value.clone());
        }
        request.connection = Some(connection);
        request
    }
}

/// The category that later calls of a request's job carry.
#[must_use]
pub fn category(request: &CreateTaskRequest) -> TaskCategory {
    let template = request.template.as_deref();
    let name = template.map(|template| template.r#type.clone()).unwrap_or_default();
    TaskCategory { name, version: template.map_or(0, |template| template.task_type_version) }
}
