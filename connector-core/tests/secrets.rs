//! One secret, however it comes: in a task, in a file, in a variable.
//! A binary of its own: what the linker collects is asserted in the other one.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::fs;

use connector_core::host::JobRequest;
use connector_core::pb::Connection;
use connector_core::prelude::*;
use connector_core::{CallContext, Registry};

#[derive(Debug, TaskConnection)]
struct Access {
    #[secret]
    api_key: Secret,
}

/// Says the secret it got.
#[connector(task_type = "teller", connection = Access)]
#[derive(Debug, Default)]
struct Teller;

/// The same with a connection as it came.
#[connector(task_type = "dynamic_teller")]
#[derive(Debug, Default)]
struct DynamicTeller;

macro_rules! tells {
    ($connector:ty, $key:path) => {
        impl AsyncConnector for $connector {
            async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
                Ok(JobId::new("j"))
            }

            async fn get(&self, _job: &JobId, cx: &TaskContext<Self>) -> Result<Resource> {
                let key = $key(&cx.connection);
                Ok(Resource::running().message(format!("{:?}", key.expose_for("farm.example")?)))
            }

            async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
                Ok(())
            }
        }
    };
}

fn declared(access: &Access) -> &Secret {
    &access.api_key
}

fn looked_up(access: &DynamicConnection) -> &Secret {
    access.secret("api_key").unwrap()
}

tells!(Teller, declared);
tells!(DynamicTeller, looked_up);

/// What both connectors say: the task's secret if there is one, or else what the operator set.
async fn told(variables: &[(&str, &str)], task: Option<&str>) -> [String; 2] {
    let hosts = ["TELLER", "DYNAMIC_TELLER"].map(|connector| {
        (format!("CONNECTOR__{connector}__SECRET_HOSTS"), "farm.example".to_owned())
    });
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let registry = Registry::builder().register(Teller).register(DynamicTeller);
    let registry = registry.variables(variables.chain(hosts)).build().await.unwrap();
    let mut told = Vec::new();
    for task_type in ["teller", "dynamic_teller"] {
        let entry = registry.get(task_type, 0).unwrap();
        let request = JobRequest {
            resource_meta: r#"{"job_id": "j"}"#.into(),
            output_prefix: String::new(),
            connection: task.map(|secret| Connection {
                secrets: [("api_key".to_owned(), secret.to_owned())].into(),
                ..Default::default()
            }),
        };
        let call = CallContext::new(entry.key.clone());
        told.push(entry.connector.get(request, call).await.unwrap().message);
    }
    told.try_into().unwrap()
}

#[tokio::test]
async fn a_secret_is_the_same_from_task_file_and_variable() {
    for (written, meant) in [
        ("k1\n", "k1"),
        ("k1\r\n", "k1"),
        ("\u{feff}k1", "k1"),
        ("\u{feff}k1\n\n", "k1"),
        ("\u{feff}-----BEGIN\nk1\n", "-----BEGIN\nk1\n"),
        (" k1 ", " k1 "),
    ] {
        let meant = [format!("{meant:?}"), format!("{meant:?}")];
        assert_eq!(told(&[], Some(written)).await, meant, "from a task: {written:?}");
        let variables = ["TELLER", "DYNAMIC_TELLER"]
            .map(|connector| format!("CONNECTOR__{connector}__SECRET__API_KEY"));
        let variables = variables.each_ref().map(|name| (name.as_str(), written));
        assert_eq!(told(&variables, None).await, meant, "from a variable: {written:?}");
        let root = tempfile::tempdir().unwrap();
        for connector in ["teller", "dynamic_teller"] {
            fs::create_dir(root.path().join(connector)).unwrap();
            fs::write(root.path().join(connector).join("api_key"), written).unwrap();
        }
        let mounted = [("CONNECTOR_SECRETS_DIR", root.path().to_str().unwrap())];
        assert_eq!(told(&mounted, None).await, meant, "from a file: {written:?}");
        // A task that brings nothing but marks brings nothing.
        assert_eq!(told(&mounted, Some("\u{feff}\n")).await, meant);
    }
}
