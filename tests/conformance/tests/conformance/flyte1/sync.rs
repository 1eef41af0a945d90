//! Tasks that are done within their call: the rules of the stream, and the same tasks under Flyte 2.

use std::time::Duration;

use conformance_tests::Running;
use conformance_tests::running::{create, template};
use connector_core::pb::task_execution::Phase;
use connector_core::pb::{self as core_pb, task::Inputs, task::NamedLiteral};
use connector_core::{NamedLiterals, literal};
use connector_service::pb;
use connector_service::pb::flyte1::execute_task_sync_request::Part;
use connector_service::pb::flyte1::execute_task_sync_response::Res;
use connector_service::pb::flyte1::sync_agent_service_client::SyncAgentServiceClient;
use connector_service::pb::flyte1::{
    CreateRequestHeader, ExecuteTaskSyncRequest, Resource, agent_error,
};
use futures_util::{StreamExt, stream};
use tokio::time::timeout;
use tonic::{Code, Status};

/// How long a test waits for what should come at once; only a failing one ever waits that long.
const PATIENCE: Duration = Duration::from_secs(30);

fn header(task_type: &str, custom: &[(&str, &str)]) -> ExecuteTaskSyncRequest {
    let header = CreateRequestHeader {
        template: Some(Box::new(template(task_type, custom))),
        output_prefix: "s3://b/n0/0".to_owned(),
        ..Default::default()
    };
    ExecuteTaskSyncRequest { part: Some(Part::Header(header)) }
}

/// Inputs of a kind that nothing else has: each bit of them must come back.
fn literals() -> Vec<NamedLiteral> {
    let hashed = core_pb::Literal { hash: "h".to_owned(), ..literal::float(f64::NAN) };
    let named: NamedLiterals = [("x", hashed), ("s", literal::string("é"))].into_iter().collect();
    named.into_entries()
}

fn inputs() -> ExecuteTaskSyncRequest {
    let inputs = Inputs { literals: literals(), ..Default::default() };
    ExecuteTaskSyncRequest { part: Some(Part::Inputs(inputs)) }
}

const EMPTY: ExecuteTaskSyncRequest = ExecuteTaskSyncRequest { part: None };

/// What comes of these messages; `open` leaves the stream of requests open behind them.
async fn called(
    server: &Running,
    messages: Vec<ExecuteTaskSyncRequest>,
    open: bool,
) -> Result<Resource, Status> {
    let mut client = SyncAgentServiceClient::new(server.channel().await);
    let rest = if open { stream::pending().left_stream() } else { stream::empty().right_stream() };
    let call = async {
        let mut answers =
            client.execute_task_sync(stream::iter(messages).chain(rest)).await?.into_inner();
        let first = answers.message().await?.expect("an answer");
        assert!(answers.message().await?.is_none(), "one message");
        let Some(Res::Header(header)) = first.res else { panic!("no header: {first:?}") };
        Ok(header.resource.expect("a resource"))
    };
    timeout(PATIENCE, call).await.expect("an answer in time")
}

async fn told(server: &Running, custom: &[(&str, &str)]) -> Result<Resource, Status> {
    called(server, vec![header("sync_echo", custom), inputs()], false).await
}

#[tokio::test]
async fn inputs_come_back_bit_for_bit_whether_or_not_the_stream_ends() {
    let server = Running::start().await;
    for (open, more) in [(false, vec![]), (true, vec![]), (false, vec![EMPTY, inputs()])] {
        let messages = [vec![header("sync_echo", &[]), inputs()], more].concat();
        let resource = called(&server, messages, open).await.unwrap();
        assert_eq!(resource.phase(), Phase::Succeeded);
        assert_eq!(resource.message, "2 inputs came in");
        assert_eq!(resource.agent_error, None);
        let given = resource.outputs.unwrap().literals;
        let bytes = |literals: Vec<NamedLiteral>| {
            prost::Message::encode_to_vec(&Inputs { literals, ..Default::default() })
        };
        assert_eq!(bytes(given), bytes(literals()));
    }
    server.stop().await;
}

#[tokio::test]
async fn absent_and_empty_outputs_are_different_things() {
    let server = Running::start().await;
    assert_eq!(told(&server, &[("outputs", "none")]).await.unwrap().outputs, None);
    let empty = told(&server, &[("outputs", "empty")]).await.unwrap().outputs;
    assert_eq!(empty, Some(Inputs::default()));
    server.stop().await;
}

#[tokio::test]
async fn a_stream_that_does_not_begin_as_it_should_is_refused() {
    let server = Running::start().await;
    for (messages, code) in [
        (vec![], Code::InvalidArgument),
        (vec![inputs()], Code::InvalidArgument),
        (vec![EMPTY], Code::InvalidArgument),
        (vec![header("sync_echo", &[])], Code::Internal),
        (vec![header("sync_echo", &[]), EMPTY], Code::Internal),
        (vec![header("sync_echo", &[]), header("sync_echo", &[])], Code::Internal),
    ] {
        let refused = called(&server, messages, false).await.unwrap_err();
        assert_eq!(refused.code(), code, "{refused:?}");
        assert!(refused.message().contains("inputs"), "{refused:?}");
        assert!(
            code == Code::InvalidArgument
                || refused.message().starts_with("failed to do sync_echo task with error:\n "),
            "{refused:?}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn who_is_not_here_or_not_sync_is_told_before_the_inputs_come() {
    let server = Running::start().await;
    for (task_type, code, text) in [
        ("zz", Code::NotFound, "Cannot find connector for task type: zz."),
        (
            "echo",
            Code::Internal,
            "failed to do echo task with error:\n [Echo Connector] does not support sync execution.",
        ),
    ] {
        let refused = called(&server, vec![header(task_type, &[])], true).await.unwrap_err();
        assert_eq!((refused.code(), refused.message()), (code, text));
    }
    server.stop().await;
}

#[tokio::test]
async fn errors_for_good_burn_no_attempt_and_the_others_are_tried_again() {
    let server = Running::start().await;
    for (act, phase, code, kind) in [
        ("permanent", Phase::Failed, "permanent", agent_error::Kind::NonRecoverable),
        ("invalid", Phase::Failed, "invalid_task", agent_error::Kind::NonRecoverable),
        ("retryable", Phase::RetryableFailed, "retryable", agent_error::Kind::Recoverable),
    ] {
        let resource = told(&server, &[("do", act)]).await.unwrap();
        assert_eq!((resource.phase(), &*resource.message), (phase, "the task was told to fail"));
        let error = resource.agent_error.unwrap();
        assert_eq!((&*error.code, error.kind()), (code, kind));
    }
    let refused = told(&server, &[("do", "transient")]).await.unwrap_err();
    assert_eq!(refused.code(), Code::Internal);
    assert_eq!(
        refused.message(),
        "failed to do sync_echo task with error:\n the task was told to fail."
    );
    let refused = told(&server, &[("do", "panic")]).await.unwrap_err();
    assert_eq!(refused.code(), Code::Internal);
    assert!(refused.message().contains("panic: the task was told to panic"), "{refused:?}");
    // Propeller would lose a worker over it.
    let refused = told(&server, &[("phase", "RUNNING")]).await.unwrap_err();
    assert_eq!(refused.code(), Code::Internal);
    assert!(refused.message().contains("RUNNING, which is not a final one"), "{refused:?}");
    for final_phase in ["FAILED", "ABORTED", "RETRYABLE_FAILED"] {
        let resource = told(&server, &[("phase", final_phase)]).await.unwrap();
        assert_eq!(resource.phase().as_str_name(), final_phase);
        assert_eq!(resource.outputs, None, "outputs count with a success only");
    }
    let created =
        "flyte_connector_requests_success_total{operation=\"create\",task_type=\"sync_echo\"}";
    assert_eq!(server.value(created).await, 0.0, "it counts as do");
    let done = "flyte_connector_requests_success_total{operation=\"do\",task_type=\"sync_echo\"}";
    assert_eq!(server.value(done).await, 6.0);
    let failed = "flyte_connector_requests_failure_total{error_code=\"500\",\
                  grpc_code=\"INTERNAL\",operation=\"do\",task_type=\"sync_echo\"}";
    assert_eq!(server.value(failed).await, 3.0);
    server.stop().await;
}

#[tokio::test]
async fn under_flyte_2_it_is_a_job_that_is_finished_at_its_first_poll() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let request = pb::CreateTaskRequest {
        inputs: Some(Inputs { literals: literals(), ..Default::default() }),
        ..create("sync_echo", &[])
    };
    let job = tasks.create_task(request.clone()).await.unwrap().into_inner().resource_meta;
    // Another server knows it, too: what the task ended with travels with it.
    let other = Running::start().await;
    for server in [&server, &other] {
        let seen = conformance_tests::running::get("sync_echo", job.clone());
        let seen = server.tasks().await.get_task(seen).await.unwrap().into_inner();
        let resource = seen.resource.unwrap();
        assert_eq!((resource.phase(), &*resource.message), (Phase::Succeeded, "2 inputs came in"));
        let given = resource.outputs.unwrap().literals;
        assert_eq!(given.len(), 2);
        assert_eq!(given.last(), literals().last());
    }
    let gone = conformance_tests::running::delete("sync_echo", job);
    tasks.delete_task(gone).await.unwrap();
    for (act, phase) in [("permanent", Phase::Failed), ("invalid", Phase::Failed)] {
        let request = create("sync_echo", &[("do", act)]);
        let job = tasks.create_task(request).await.unwrap().into_inner().resource_meta;
        let seen = conformance_tests::running::get("sync_echo", job);
        let seen = tasks.get_task(seen).await.unwrap().into_inner().resource.unwrap();
        assert_eq!((seen.phase(), &*seen.message), (phase, "the task was told to fail"));
    }
    for custom in [("do", "transient"), ("do", "retryable"), ("do", "panic"), ("phase", "QUEUED")] {
        let refused = tasks.create_task(create("sync_echo", &[custom])).await.unwrap_err();
        assert_eq!(refused.code(), Code::Internal, "{custom:?}");
    }
    let large = "x".repeat(300 << 10);
    let request = pb::CreateTaskRequest {
        inputs: Some(Inputs {
            literals: vec![NamedLiteral {
                name: "s".to_owned(),
                value: Some(literal::string(large)),
            }],
            ..Default::default()
        }),
        ..create("sync_echo", &[])
    };
    let job = tasks.create_task(request).await.unwrap().into_inner().resource_meta;
    let seen = conformance_tests::running::get("sync_echo", job);
    let seen = tasks.get_task(seen).await.unwrap().into_inner().resource.unwrap();
    assert_eq!(seen.phase(), Phase::Failed);
    assert!(seen.message.contains("Outputs::WrittenByTask"), "{}", seen.message);
    server.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn no_secret_arrives_under_either_flyte() {
    let secret = "a-very-secret-key";
    let server = conformance_tests::Setup::default()
        .variable("CONNECTOR__SYNC_ECHO__SECRET__API_KEY", secret)
        .variable("CONNECTOR__SYNC_ECHO__SECRET_HOSTS", "*")
        .start()
        .await;
    let mut custom = template("sync_echo", &[("do", "permanent")]);
    let leak = prost_types::Value { kind: Some(prost_types::value::Kind::BoolValue(true)) };
    custom.custom.as_mut().unwrap().fields.insert("leak_secret".to_owned(), leak);
    for act in ["permanent", "retryable", "transient", "panic", "ok"] {
        let fields = &mut custom.custom.as_mut().unwrap().fields;
        let value = prost_types::value::Kind::StringValue(act.to_owned());
        fields.insert("do".to_owned(), prost_types::Value { kind: Some(value) });
        let header =
            CreateRequestHeader { template: Some(Box::new(custom.clone())), ..Default::default() };
        let header = ExecuteTaskSyncRequest { part: Some(Part::Header(header)) };
        let said = match called(&server, vec![header, inputs()], false).await {
            Ok(resource) => format!("{resource:?}"),
            Err(refused) => refused.message().to_owned(),
        };
        assert!(said.contains("api_key=***") && !said.contains(secret), "{act}: {said}");
        let request =
            pb::CreateTaskRequest { template: Some(Box::new(custom.clone())), ..create("", &[]) };
        let mut tasks = server.tasks().await;
        let said = match tasks.create_task(request).await {
            Ok(job) => {
                let job = job.into_inner().resource_meta;
                let seen = conformance_tests::running::get("sync_echo", job.clone());
                let seen = tasks.get_task(seen).await.unwrap().into_inner();
                format!("{seen:?} {}", String::from_utf8_lossy(&job))
            }
            Err(refused) => refused.message().to_owned(),
        };
        assert!(said.contains("api_key=***") && !said.contains(secret), "{act}: {said}");
    }
    server.stop().await;
}
