//! Create, get and delete: what reaches the connector, and what its answers become.

use conformance_tests::Running;
use conformance_tests::probe::meta;
use conformance_tests::running::{create, delete, get};
use connector_core::pb as core_pb;
use connector_service::pb;
use tonic::{Code, Request};

#[tokio::test]
async fn a_job_lives_from_create_to_delete() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let created = tasks.create_task(create("probe", &[("act", "QUEUED")])).await.unwrap();
    let resource_meta = created.into_inner().resource_meta;
    assert_eq!(&resource_meta[..], meta("QUEUED").as_bytes());
    let got = tasks.get_task(get("probe", resource_meta.clone())).await.unwrap();
    let resource = got.into_inner().resource.unwrap();
    assert_eq!(resource.phase(), core_pb::task_execution::Phase::Queued);
    assert_eq!(resource.outputs, None);
    assert_eq!(resource.custom_info, None, "an empty object is left out");
    tasks.delete_task(delete("probe", resource_meta)).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn every_phase_arrives_under_its_number() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    for phase in connector_core::Phase::ALL.iter().copied() {
        let got = tasks.get_task(get("probe", meta(phase.as_str()))).await.unwrap();
        assert_eq!(got.into_inner().resource.unwrap().phase, phase as i32);
    }
    server.stop().await;
}

#[tokio::test]
async fn outputs_are_absent_empty_or_there() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let mut outputs = async |act: &str| {
        let got = tasks.get_task(get("probe", meta(act))).await.unwrap();
        got.into_inner().resource.unwrap().outputs
    };
    assert_eq!(outputs("empty outputs").await, Some(core_pb::task::Outputs::default()));
    assert_eq!(outputs("written outputs").await, None);
    assert_eq!(outputs("early outputs").await, None, "outputs count only with SUCCEEDED");
    server.stop().await;
}

#[tokio::test]
async fn connection_prefix_and_deadline_reach_the_connector() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let mut request = get("probe", meta("context"));
    request.output_prefix = "s3://b/ab/run/a0/0".to_owned();
    request.connection = Some(core_pb::Connection {
        task_type: "probe".to_owned(),
        secrets: [("token".to_owned(), "t".to_owned())].into(),
        configs: [("region".to_owned(), "eu".to_owned())].into(),
    });
    let got = tasks.get_task(request).await.unwrap().into_inner().resource.unwrap();
    let info = connector_core::custom_info::struct_to_json(&got.custom_info.unwrap());
    assert_eq!(info["output_prefix"], "s3://b/ab/run/a0/0");
    assert_eq!(info["config"], "eu");
    assert_eq!(info["secret"], "t");
    assert_eq!(info["has_deadline"], true, "the server's own limit applies without a client's");
    assert_eq!(info["key"], "probe (0)");
    server.stop().await;
}

#[tokio::test]
async fn everything_a_create_request_carries_reaches_the_connector() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let node = core_pb::NodeExecutionIdentifier { node_id: "n0".to_owned(), ..Default::default() };
    let input = core_pb::task::NamedLiteral {
        name: "i".to_owned(),
        value: Some(connector_core::literal::integer(1)),
    };
    let context = core_pb::KeyValuePair { key: "k".to_owned(), value: "v".to_owned() };
    let request = pb::CreateTaskRequest {
        inputs: Some(core_pb::task::Inputs { literals: vec![input], context: vec![context] }),
        output_prefix: "s3://b/p".to_owned(),
        task_execution_metadata: Some(Box::new(pb::TaskExecutionMetadata {
            task_execution_id: Some(core_pb::TaskExecutionIdentifier {
                node_execution_id: Some(node),
                ..Default::default()
            }),
            labels: [("l".to_owned(), "m".to_owned())].into(),
            max_attempts: 3,
            identity: Some(core_pb::Identity::default()),
            ..Default::default()
        })),
        ..create("probe", &[("at_create", "say")])
    };
    let said = tasks.create_task(request).await.unwrap().into_inner().resource_meta;
    assert_eq!(&said[..], meta("1 [('k', 'v')] s3://b/p n0 {'l': 'm'} 3 true").as_bytes());
    server.stop().await;
}

#[tokio::test]
async fn unreadable_metadata_fails_the_job_and_lets_it_be_deleted() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let cases: [(&[u8], &str); 6] = [
        (b"", "it is empty"),
        (b"not json", "not a JSON object"),
        (b"[1]", "not a JSON object"),
        (b"{}", "missing field `act`"),
        (b"{\"act\": 5}", "expected a string"),
        (b"\x80\x04\x95", "pickle"),
    ];
    for (bytes, why) in cases {
        let got = tasks.get_task(get("probe", bytes)).await.unwrap();
        let resource = got.into_inner().resource.unwrap();
        assert_eq!(resource.phase(), core_pb::task_execution::Phase::Failed, "{bytes:?}");
        assert!(resource.message.contains(why), "{bytes:?} gave {}", resource.message);
        tasks.delete_task(delete("probe", bytes)).await.unwrap();
    }
    let lenient = b"{\"act\": \"RUNNING\", \"added later\": [1]}";
    let got = tasks.get_task(get("probe", &lenient[..])).await.unwrap();
    assert_eq!(got.into_inner().resource.unwrap().phase(), core_pb::task_execution::Phase::Running);
    server.stop().await;
}

#[tokio::test]
async fn an_unknown_job_is_failed_and_its_delete_is_done() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let got = tasks.get_task(get("probe", meta("not_found"))).await.unwrap();
    let resource = got.into_inner().resource.unwrap();
    assert_eq!(resource.phase(), core_pb::task_execution::Phase::Failed);
    assert_eq!(resource.message, "no job j-1");
    tasks.delete_task(delete("probe", meta("not_found"))).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn echo_gives_every_literal_back_as_it_came() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let offloaded = core_pb::Literal {
        value: Some(core_pb::literal::Value::OffloadedMetadata(
            core_pb::LiteralOffloadedMetadata {
                uri: "s3://b/large".to_owned(),
                size_bytes: 7,
                inferred_type: None,
            },
        )),
        hash: "h".to_owned(),
        metadata: [("k".to_owned(), "v".to_owned())].into(),
        ..Default::default()
    };
    let literals = vec![
        ("offloaded", offloaded),
        ("nan", connector_core::literal::float(f64::from_bits(0x7ff8_0000_0000_0001))),
        ("none", connector_core::literal::none()),
        ("list", connector_core::literal::list([connector_core::literal::integer(0)])),
        ("no value", core_pb::Literal::default()),
    ];
    let literals: Vec<_> = literals
        .into_iter()
        .map(|(name, value)| core_pb::task::NamedLiteral {
            name: name.to_owned(),
            value: Some(value),
        })
        .collect();
    let request = pb::CreateTaskRequest {
        inputs: Some(core_pb::task::Inputs { literals: literals.clone(), ..Default::default() }),
        ..create("echo", &[])
    };
    let resource_meta = tasks.create_task(request).await.unwrap().into_inner().resource_meta;
    let got = tasks.get_task(get("echo", resource_meta)).await.unwrap();
    let outputs = got.into_inner().resource.unwrap().outputs.unwrap().literals;
    let bytes = |literals: &[core_pb::task::NamedLiteral]| -> Vec<Vec<u8>> {
        literals.iter().map(prost::Message::encode_to_vec).collect()
    };
    assert_eq!(bytes(&outputs), bytes(&literals));
    server.stop().await;
}

#[tokio::test]
async fn a_version_is_matched_exactly() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let mut request = get("probe", meta("RUNNING"));
    request.task_category.as_mut().unwrap().version = 3;
    tasks.get_task(request.clone()).await.unwrap();
    request.task_category.as_mut().unwrap().version = 1;
    let refused = tasks.get_task(Request::new(request)).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(refused.message(), "Cannot find connector for task type: probe.");
    server.stop().await;
}
