//! The binary and a connector that leaks its secret wherever it can: nothing of it leaves, not in an
//! answer, not in an error, not in a metric, not in a log line, not in a panic.

use std::io::Read;
use std::process::{Child, Stdio};

use connector_core::custom_info::json_to_struct;
use connector_core::pb as core_pb;
use connector_service::pb;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use serde_json::{Value, json};
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

const SECRET: &str = "s3cr/t+key \"q\"";
/// Pieces of it in the forms in which the connector tells it: plain, URL, base64.
const TRACES: [&str; 6] = ["s3cr", "t+key", "t%2Bkey", "%22q", "Y3IvdCtr", "ZXkgInEi"];

struct Server {
    child: Child,
    connection: Option<core_pb::Connection>,
    tasks: AsyncConnectorServiceClient<Channel>,
}

impl Server {
    /// Calls carry the secret.
    async fn start(log_format: &str) -> Self {
        let secrets = [("api_key".to_owned(), SECRET.to_owned())].into();
        let connection = core_pb::Connection { secrets, ..Default::default() };
        Self::start_with(log_format, Some(connection), &[]).await
    }

    async fn start_with(
        log_format: &str,
        connection: Option<core_pb::Connection>,
        variables: &[(&str, &str)],
    ) -> Self {
        let (child, url) = crate::serving::start(|command| {
            command.args(["--log-level", "debug", "--log-format", log_format]);
            command.envs(variables.iter().copied()).stderr(Stdio::piped())
        });
        let channel = Endpoint::from_shared(url).unwrap().connect().await.unwrap();
        Self { child, connection, tasks: AsyncConnectorServiceClient::new(channel) }
    }

    async fn create(&mut self, custom: Value) -> Result<bytes::Bytes, Status> {
        let template = core_pb::TaskTemplate {
            r#type: "simulator".to_owned(),
            custom: Some(json_to_struct(custom).unwrap()),
            ..Default::default()
        };
        let request = pb::CreateTaskRequest {
            template: Some(Box::new(template)),
            connection: self.connection.clone(),
            ..Default::default()
        };
        Ok(self.tasks.create_task(request).await?.into_inner().resource_meta)
    }

    async fn get(&mut self, meta: &bytes::Bytes) -> Result<pb::Resource, Status> {
        let request = pb::GetTaskRequest {
            resource_meta: meta.clone(),
            task_category: category(),
            connection: self.connection.clone(),
            ..Default::default()
        };
        Ok(self.tasks.get_task(request).await?.into_inner().resource.unwrap())
    }

    async fn delete(&mut self, meta: &bytes::Bytes) -> Result<(), Status> {
        let request = pb::DeleteTaskRequest {
            resource_meta: meta.clone(),
            task_category: category(),
            connection: self.connection.clone(),
        };
        self.tasks.delete_task(request).await.map(drop)
    }

    /// The lines of the job's log. The request carries no connection.
    async fn logs(&mut self, meta: &bytes::Bytes) -> String {
        let request = pb::GetTaskLogsRequest {
            resource_meta: meta.clone(),
            task_category: category(),
            ..Default::default()
        };
        let mut stream = self.tasks.get_task_logs(request).await.unwrap().into_inner();
        let mut told = String::new();
        while let Some(part) = stream.message().await.unwrap() {
            told.push_str(&format!("{part:?}"));
        }
        told
    }

    /// Ends the server; what it logged.
    fn end(mut self) -> String {
        self.child.kill().unwrap();
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn category() -> Option<pb::TaskCategory> {
    Some(pb::TaskCategory { name: "simulator".to_owned(), version: 0 })
}

async fn nothing_leaves(mut server: Server) {
    let mut told: Vec<(String, String)> = Vec::new();

    let custom =
        json!({"leak_secret": true, "get": ["ok", "state:ODD", "permanent", "panic", "ok"]});
    let meta = server.create(custom).await.unwrap();
    for poll in ["ok", "state", "permanent", "panic"] {
        let answer = server.get(&meta).await;
        told.push((format!("get {poll}"), format!("{answer:?}")));
    }
    told.push(("logs".to_owned(), server.logs(&meta).await));
    for delete in ["permanent", "transient"] {
        let custom = json!({"leak_secret": true, "delete": delete});
        let meta = server.create(custom).await.unwrap();
        told.push((format!("delete {delete}"), format!("{:?}", server.delete(&meta).await)));
    }
    for create in ["retryable", "transient", "panic"] {
        let refused = server.create(json!({"leak_secret": true, "create": create})).await;
        told.push((format!("create {create}"), format!("{refused:?}")));
    }
    for create in ["permanent", "invalid"] {
        // A job that reports FAILED; its metadata holds the message.
        let meta = server.create(json!({"leak_secret": true, "create": create})).await.unwrap();
        told.push((format!("metadata {create}"), String::from_utf8_lossy(&meta).into_owned()));
        told.push((format!("get after {create}"), format!("{:?}", server.get(&meta).await)));
    }
    let log = server.end();
    for line in ["creating with", "polling with", "deleting with", "panic: simulated panic in get"]
    {
        assert!(log.contains(line), "{line:?} is missing in\n{log}");
    }
    told.push(("the server's log".to_owned(), log));
    for (place, text) in told {
        assert!(text.contains("***"), "{place}: {text}");
        for trace in TRACES {
            assert!(!text.contains(trace), "{trace:?} in {place}: {text}");
        }
    }
}

#[tokio::test]
async fn no_trace_of_a_secret_leaves_beside_text_logs() {
    nothing_leaves(Server::start("text").await).await;
}

#[tokio::test]
async fn no_trace_of_a_secret_leaves_beside_json_logs() {
    nothing_leaves(Server::start("json").await).await;
}

const ANYWHERE: (&str, &str) = ("CONNECTOR__SIMULATOR__SECRET_HOSTS", "*");

#[tokio::test]
async fn no_trace_of_an_operators_variable_leaves() {
    let variables = [ANYWHERE, ("CONNECTOR__SIMULATOR__SECRET__API_KEY", SECRET)];
    nothing_leaves(Server::start_with("text", None, &variables).await).await;
}

#[tokio::test]
async fn no_trace_of_an_operators_file_leaves() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("simulator")).unwrap();
    std::fs::write(root.path().join("simulator/api_key"), format!("{SECRET}\n")).unwrap();
    let variables = [ANYWHERE, ("CONNECTOR_SECRETS_DIR", root.path().to_str().unwrap())];
    nothing_leaves(Server::start_with("json", None, &variables).await).await;
}

#[tokio::test]
async fn an_operators_secret_that_is_bound_to_hosts_is_not_even_told() {
    let variables = [
        ("CONNECTOR__SIMULATOR__SECRET_HOSTS", "api.example.com"),
        ("CONNECTOR__SIMULATOR__SECRET__API_KEY", SECRET),
    ];
    let mut server = Server::start_with("text", None, &variables).await;
    let meta = server.create(json!({"leak_secret": true})).await.unwrap();
    let answer = format!("{:?}", server.get(&meta).await.unwrap());
    assert!(!answer.contains("***") && !answer.contains(TRACES[0]), "{answer}");
    assert!(!server.end().contains("creating with"));
}
