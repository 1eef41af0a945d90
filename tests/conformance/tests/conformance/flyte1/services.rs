//! What Flyte 1 finds out about the server, and that both Flytes are served at once.

use conformance_tests::Running;
use conformance_tests::running::create;
use connector_core::pb::task_execution::Phase;
use connector_service::pb::flyte1::{GetAgentRequest, GetTaskLogsRequest, ListAgentsRequest};
use connector_service::pb::get_task_logs_response::Part;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::{agent, created, delete, get, metadata, polled};

#[tokio::test]
#[expect(deprecated, reason = "clients of old read the types without versions")]
async fn lists_agents_with_both_lists_and_whether_they_are_sync() {
    let server = Running::start().await;
    let mut metadata = metadata(&server).await;
    let listed = metadata.list_agents(ListAgentsRequest {}).await.unwrap().into_inner();
    let told: Vec<(String, bool, Vec<String>, Vec<i32>)> = listed
        .agents
        .into_iter()
        .map(|agent| {
            let categories = agent.supported_task_categories;
            let names: Vec<String> = categories.iter().map(|it| it.name.clone()).collect();
            assert_eq!(agent.supported_task_types, names, "the lists are parallel");
            let versions = categories.into_iter().map(|it| it.version).collect();
            (agent.name, agent.is_sync, names, versions)
        })
        .collect();
    let row = |name: &str, is_sync, types: &[&str], versions: &[i32]| {
        let types = types.iter().map(|it| (*it).to_owned()).collect();
        (name.to_owned(), is_sync, types, versions.to_vec())
    };
    let expected = [
        row("Batch Job Connector", false, &["batch_job"], &[0]),
        row("Echo Connector", false, &["echo"], &[0]),
        row("Probe", false, &["probe", "probe", "silent"], &[0, 3, 0]),
        row("Simulator", false, &["simulator"], &[0]),
        row("Sync Echo Connector", true, &["sync_echo"], &[0]),
        row("Typed Echo Connector", false, &["typed_echo"], &[1]),
        row("Vendor", false, &["vendor"], &[0]),
    ];
    assert_eq!(told, expected);
    let name = "Sync Echo Connector".to_owned();
    let found = metadata.get_agent(GetAgentRequest { name }).await.unwrap().into_inner();
    assert!(found.agent.unwrap().is_sync);
    let name = "zz".to_owned();
    let missing = metadata.get_agent(GetAgentRequest { name }).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    assert_eq!(missing.message(), "Cannot find connector for name: zz.");
    server.stop().await;
}

#[tokio::test]
async fn health_and_reflection_know_the_services() {
    let server = Running::start().await;
    let services = ["AsyncAgentService", "SyncAgentService", "AgentMetadataService"]
        .map(|name| format!("flyteidl.service.{name}"));
    let mut health = HealthClient::new(server.channel().await);
    for service in services.clone() {
        let answer = health.check(HealthCheckRequest { service }).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving);
    }
    let listed = crate::discovery::reflected_services(&server).await;
    for service in services {
        assert!(listed.contains(&service), "no {service} in {listed:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_job_of_one_flyte_is_the_job_of_the_other() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let request = create("simulator", &[("tag", "both")]);
    // Made by one, asked about by the other, cancelled by the first; both ways, on open connections.
    let of_first = created(&server, request.clone()).await;
    let of_second = tasks.create_task(request).await.unwrap().into_inner().resource_meta;
    let two = conformance_tests::running::get("simulator", of_first.clone());
    let seen = tasks.get_task(two).await.unwrap().into_inner().resource.unwrap();
    assert_eq!(seen.phase(), Phase::Queued);
    let seen = polled(&server, get("simulator", of_first.clone())).await;
    assert_eq!(seen.phase(), Phase::Running, "the second poll of the same job");
    let mut agent = agent(&server).await;
    agent.delete_task(delete("simulator", of_second.clone())).await.unwrap();
    let two = conformance_tests::running::get("simulator", of_second);
    let seen = tasks.get_task(two).await.unwrap().into_inner().resource.unwrap();
    assert_eq!((seen.phase(), seen.message.contains("was cancelled")), (Phase::Failed, true));
    tasks.delete_task(conformance_tests::running::delete("simulator", of_first)).await.unwrap();
    server.stop().await;
}

#[tokio::test]
#[expect(deprecated, reason = "clients of old name the task type alone")]
async fn a_task_type_alone_names_its_version_0() {
    let server = Running::start().await;
    let job = created(&server, create("echo", &[])).await;
    for category in [None, Some("")] {
        let mut request = get("echo", job.clone());
        let empty =
            |name: &str| connector_service::pb::TaskCategory { name: name.to_owned(), version: 7 };
        request.task_category = category.map(empty);
        request.task_type = "echo".to_owned();
        assert_eq!(polled(&server, request).await.phase(), Phase::Succeeded);
    }
    // A category that names a type goes before the type beside it.
    let request = connector_service::pb::flyte1::GetTaskRequest {
        task_type: "echo".to_owned(),
        ..get("zz", job)
    };
    let refused = agent(&server).await.get_task(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(refused.message(), "Cannot find connector for task type: zz.");
    server.stop().await;
}

#[tokio::test]
async fn log_lines_stream_with_the_token_last() {
    let server = Running::start().await;
    let job = created(&server, create("batch_job", &[])).await;
    let request = GetTaskLogsRequest {
        resource_meta: job,
        task_category: conformance_tests::running::category("batch_job"),
        ..Default::default()
    };
    let stream = agent(&server).await.get_task_logs(request).await.unwrap();
    let mut stream = stream.into_inner();
    let mut parts = Vec::new();
    while let Some(message) = stream.message().await.unwrap() {
        parts.push(message.part.expect("a part"));
    }
    let Some((Part::Header(header), bodies)) = parts.split_last() else {
        panic!("no token in {parts:?}");
    };
    assert_eq!(header.token, "page-2");
    let lines = bodies.iter().filter_map(|part| match part {
        Part::Body(body) => Some(body.lines.len()),
        Part::Header(_) => None,
    });
    assert!(lines.sum::<usize>() > 0, "the lines are structured ones");
    server.stop().await;
}
