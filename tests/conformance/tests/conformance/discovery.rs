//! What a Flyte finds out about this server: connectors, health, reflection, operators' pages.

use conformance_tests::Running;
use connector_service::pb;
use prost::Message as _;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::{v1, v1alpha};

#[tokio::test]
async fn lists_connectors_by_name_with_all_their_types() {
    let server = Running::start().await;
    let mut metadata = server.metadata().await;
    let listed = metadata.list_connectors(pb::ListConnectorsRequest {}).await.unwrap().into_inner();
    let listed: Vec<(String, Vec<String>)> = listed
        .connectors
        .into_iter()
        .map(|connector| {
            let keys = connector.supported_task_categories.into_iter();
            (connector.name, keys.map(|key| format!("{}@{}", key.name, key.version)).collect())
        })
        .collect();
    let expected = [
        ("Batch Job Connector", vec!["batch_job@0"]),
        ("Echo Connector", vec!["echo@0"]),
        ("Probe", vec!["probe@0", "probe@3", "silent@0"]),
        ("Simulator", vec!["simulator@0"]),
        ("Sync Echo Connector", vec!["sync_echo@0"]),
        ("Typed Echo Connector", vec!["typed_echo@1"]),
        ("Vendor", vec!["vendor@0"]),
    ];
    let expected = expected.map(|(name, keys)| {
        (name.to_owned(), keys.into_iter().map(str::to_owned).collect::<Vec<_>>())
    });
    assert_eq!(listed, expected, "a connector that did not start is left out");
    let name = "Probe".to_owned();
    let found = metadata.get_connector(pb::GetConnectorRequest { name }).await.unwrap();
    assert_eq!(found.into_inner().connector.unwrap().supported_task_categories.len(), 3);
    let name = "Broken".to_owned();
    let missing = metadata.get_connector(pb::GetConnectorRequest { name }).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    assert_eq!(missing.message(), "Cannot find connector for name: Broken.");
    server.stop().await;
}

#[tokio::test]
async fn health_knows_the_server_its_services_and_its_connectors() {
    let server = Running::start().await;
    let mut health = HealthClient::new(server.channel().await);
    let mut check = async |service: &str| {
        let request = HealthCheckRequest { service: service.to_owned() };
        health.check(request).await.map(|answer| answer.into_inner().status())
    };
    for service in [
        "",
        "flyteidl2.connector.AsyncConnectorService",
        "flyteidl2.connector.ConnectorMetadataService",
        "grpc.health.v1.Health",
        "Probe",
    ] {
        assert_eq!(check(service).await.unwrap(), ServingStatus::Serving, "{service}");
    }
    assert_eq!(check("Broken").await.unwrap(), ServingStatus::NotServing);
    assert_eq!(check("zz").await.unwrap_err().code(), Code::NotFound);
    server.stop().await;
}

#[tokio::test]
async fn watchers_see_the_end_coming() {
    let server = Running::start().await;
    let mut health = HealthClient::new(server.channel().await);
    let request = HealthCheckRequest { service: String::new() };
    let mut watched = health.watch(request).await.unwrap().into_inner();
    assert_eq!(watched.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    let stopping = tokio::spawn(server.stop());
    assert_eq!(watched.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    drop((watched, health));
    stopping.await.unwrap();
}

/// The services that the server tells of, asked in the older version.
pub(crate) async fn reflected_services(server: &Running) -> Vec<String> {
    let mut client =
        v1alpha::server_reflection_client::ServerReflectionClient::new(server.channel().await);
    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1alpha::server_reflection_request::MessageRequest::ListServices(
            String::new(),
        )),
    };
    let requests = tokio_stream::once(request);
    let mut answers = client.server_reflection_info(requests).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap().message_response.unwrap();
    let v1alpha::server_reflection_response::MessageResponse::ListServicesResponse(listed) = answer
    else {
        panic!("{answer:?}");
    };
    listed.service.into_iter().map(|service| service.name).collect()
}

#[tokio::test]
async fn reflection_answers_in_both_versions() {
    let server = Running::start().await;
    let symbol = "flyteidl2.connector.AsyncConnectorService".to_owned();

    let mut client =
        v1::server_reflection_client::ServerReflectionClient::new(server.channel().await);
    let request = v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1::server_reflection_request::MessageRequest::FileContainingSymbol(
            symbol.clone(),
        )),
    };
    let requests = tokio_stream::once(request);
    let mut answers = client.server_reflection_info(requests).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap().message_response.unwrap();
    assert!(matches!(
        answer,
        v1::server_reflection_response::MessageResponse::FileDescriptorResponse(_)
    ));

    let names = reflected_services(&server).await;
    assert!(names.contains(&symbol), "{names:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_question_of_reflection_that_has_no_answer_does_not_end_the_stream() {
    use v1::server_reflection_request::MessageRequest::{
        AllExtensionNumbersOfType, FileByFilename, FileContainingExtension, FileContainingSymbol,
    };
    use v1::server_reflection_response::MessageResponse;

    let extension = v1::ExtensionRequest {
        containing_type: "google.protobuf.FieldOptions".to_owned(),
        extension_number: 4_242,
    };
    let questions = [
        FileContainingSymbol("no.such.Symbol".to_owned()),
        FileByFilename("no/such.proto".to_owned()),
        FileContainingExtension(extension),
        AllExtensionNumbersOfType("no.such.Message".to_owned()),
        AllExtensionNumbersOfType("google.protobuf.FieldOptions".to_owned()),
        FileByFilename("google/protobuf/descriptor.proto".to_owned()),
        FileContainingSymbol("google.protobuf.FileDescriptorSet".to_owned()),
        FileContainingSymbol("flyteidl2.core.TaskExecution.RUNNING".to_owned()),
        FileContainingSymbol("flyteidl2.core.TaskExecution.Phase.RUNNING".to_owned()),
    ];
    let questions = questions.map(|question| v1::ServerReflectionRequest {
        host: "here".to_owned(),
        message_request: Some(question),
    });
    let nothing = v1::ServerReflectionRequest::default();
    let questions: Vec<_> = questions.into_iter().chain([nothing]).collect();

    let server = Running::start().await;
    let mut client =
        v1::server_reflection_client::ServerReflectionClient::new(server.channel().await);
    let answers = client.server_reflection_info(tokio_stream::iter(questions.clone())).await;
    let mut answers = answers.unwrap().into_inner();
    let mut told = Vec::new();
    for question in questions {
        let answer = answers.message().await.unwrap().expect("an answer to every question");
        assert_eq!(answer.valid_host, question.host);
        assert_eq!(answer.original_request, Some(question));
        told.push(match answer.message_response.unwrap() {
            MessageResponse::FileDescriptorResponse(files) => {
                let [file] = &files.file_descriptor_proto[..] else { panic!("{files:?}") };
                prost_types::FileDescriptorProto::decode(&file[..]).unwrap().name.unwrap()
            }
            MessageResponse::AllExtensionNumbersResponse(numbers) => {
                format!("{} {:?}", numbers.base_type_name, numbers.extension_number)
            }
            MessageResponse::ErrorResponse(error) => {
                assert!(!error.error_message.is_empty());
                format!("{:?}", Code::from(error.error_code))
            }
            other @ MessageResponse::ListServicesResponse(_) => panic!("{other:?}"),
        });
    }
    assert_eq!(
        told,
        [
            "NotFound",
            "NotFound",
            "NotFound",
            "NotFound",
            "google.protobuf.FieldOptions []",
            "google/protobuf/descriptor.proto",
            "google/protobuf/descriptor.proto",
            "flyteidl2/core/execution.proto",
            "NotFound",
            "InvalidArgument",
        ]
    );
    server.stop().await;
}

#[tokio::test]
async fn operators_have_pages() {
    let server = Running::start().await;
    for path in ["/", "/metrics"] {
        let (status, page) = server.page(path).await;
        assert_eq!(status, "HTTP/1.1 200 OK");
        assert!(page.contains("# TYPE flyte_connector_requests_success_total counter"), "{page}");
    }
    assert_eq!(server.page("/live").await.0, "HTTP/1.1 200 OK");
    assert_eq!(server.page("/ready").await.0, "HTTP/1.1 200 OK");
    assert_eq!(server.page("/zz").await.0, "HTTP/1.1 404 Not Found");
    server.stop().await;
}
