//! Requests that come compressed, as the official service takes them, and one that unpacks to too much.

use conformance_tests::Running;
use conformance_tests::running::create;
use connector_core::literal;
use connector_core::pb as core_pb;
use connector_service::pb;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use connector_service::pb::connector_metadata_service_client::ConnectorMetadataServiceClient;
use tonic::Code;
use tonic::codec::CompressionEncoding;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::{ServerReflectionRequest, server_reflection_response};

const ENCODINGS: [CompressionEncoding; 2] =
    [CompressionEncoding::Gzip, CompressionEncoding::Deflate];

fn with_text(bytes: usize) -> pb::CreateTaskRequest {
    let value = Some(literal::string("x".repeat(bytes)));
    let literals = vec![core_pb::task::NamedLiteral { name: "text".to_owned(), value }];
    let inputs = Some(core_pb::task::Inputs { literals, ..Default::default() });
    pb::CreateTaskRequest { inputs, ..create("echo", &[]) }
}

#[tokio::test]
async fn every_service_takes_both_encodings_and_answers_without() {
    let server = Running::start().await;
    for encoding in ENCODINGS {
        let channel = server.channel().await;
        let tasks = AsyncConnectorServiceClient::new(channel.clone());
        let created = tasks.send_compressed(encoding).create_task(with_text(50_000)).await.unwrap();
        assert_eq!(created.metadata().get("grpc-encoding"), None);
        // Echo keeps the inputs in the metadata.
        assert!(created.into_inner().resource_meta.len() > 50_000);

        let metadata = ConnectorMetadataServiceClient::new(channel.clone());
        let mut metadata = metadata.send_compressed(encoding);
        let name = "Echo Connector".to_owned();
        metadata.get_connector(pb::GetConnectorRequest { name }).await.unwrap();

        let mut health = HealthClient::new(channel.clone()).send_compressed(encoding);
        let service = "Echo Connector".to_owned();
        health.check(HealthCheckRequest { service }).await.unwrap();

        let mut reflection = ServerReflectionClient::new(channel).send_compressed(encoding);
        let question = MessageRequest::FileByFilename("google/protobuf/any.proto".to_owned());
        let question =
            ServerReflectionRequest { message_request: Some(question), ..Default::default() };
        let answers = reflection.server_reflection_info(tokio_stream::once(question)).await;
        let answer = answers.unwrap().into_inner().message().await.unwrap().unwrap();
        let file = answer.message_response.unwrap();
        let is_file =
            matches!(file, server_reflection_response::MessageResponse::FileDescriptorResponse(_));
        assert!(is_file, "{file:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_unpacks_to_more_than_is_taken_is_refused_like_any_other() {
    let server = Running::start().await;
    for encoding in ENCODINGS {
        let mut tasks = server.tasks().await.send_compressed(encoding);
        let refused = tasks.create_task(with_text(17 << 20)).await.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
        for words in ["unpacks to more than 16777216 bytes", "--max-request-bytes"] {
            assert!(refused.message().contains(words), "{}", refused.message());
        }
        tasks.create_task(with_text(1)).await.expect("the connection lives on");
    }
    server.stop().await;
}
