//! Input nobody should send: over-size, garbage at every layer. The server answers and lives on.

use conformance_tests::Running;
use conformance_tests::probe::meta;
use conformance_tests::running::{create, delete, get};
use connector_core::pb as core_pb;
use connector_core::pb::task_execution::Phase;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use connector_service::{Limits, pb};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;

fn with_input(task_type: &str, bytes: usize) -> pb::CreateTaskRequest {
    let value = Some(connector_core::literal::string("x".repeat(bytes)));
    let literals = vec![core_pb::task::NamedLiteral { name: "i".to_owned(), value }];
    let inputs = Some(core_pb::task::Inputs { literals, ..Default::default() });
    pb::CreateTaskRequest { inputs, ..create(task_type, &[]) }
}

async fn still_answers(tasks: &mut AsyncConnectorServiceClient<Channel>) {
    tasks.get_task(get("probe", meta("RUNNING"))).await.expect("an answer on the same connection");
}

#[tokio::test]
async fn five_megabytes_are_taken_and_seventeen_are_refused() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    tasks.create_task(with_input("batch_job", 5_000_000)).await.unwrap();
    assert!(
        server.counts("flyte_connector_input_literal_bytes_count{task_type=\"batch_job\"} 1").await
    );
    let refused = tasks.create_task(with_input("batch_job", 17 << 20)).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.message().contains("--max-request-bytes"), "{}", refused.message());
    still_answers(&mut tasks).await;
    server.stop().await;
}

#[tokio::test]
async fn the_request_limit_is_a_setting() {
    let limits = Limits { max_request_bytes: 1_000, ..Limits::default() };
    let server = Running::with_limits(limits).await;
    let mut tasks = server.tasks().await;
    let refused = tasks.create_task(with_input("batch_job", 2_000)).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    still_answers(&mut tasks).await;
    server.stop().await;
}

#[tokio::test]
async fn what_the_executor_could_not_receive_or_keep_fails_the_job_with_advice() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let mut poll = async |task_type: &str, job: bytes::Bytes| {
        let got = tasks.get_task(get(task_type, job)).await.unwrap().into_inner();
        got.resource.unwrap()
    };
    let resource = poll("probe", meta("large outputs").into()).await;
    assert_eq!(resource.phase(), Phase::Failed);
    assert!(resource.message.contains("outputs.pb"), "{}", resource.message);
    // A long message is no reason to give a job up that runs.
    let resource = poll("probe", meta("long message").into()).await;
    assert_eq!(resource.phase(), Phase::Running);
    assert!(resource.message.starts_with("é? é?"), "{}", resource.message);
    let mut creating = server.tasks().await;
    let created = creating.create_task(with_input("echo", 300 << 10)).await.unwrap();
    let resource = poll("echo", created.into_inner().resource_meta).await;
    assert_eq!(resource.phase(), Phase::Failed);
    assert!(resource.message.contains("resource metadata"), "{}", resource.message);
    assert!(resource.message.contains("`max_meta_bytes`"), "{}", resource.message);
    still_answers(&mut creating).await;
    server.stop().await;
}

#[tokio::test]
async fn metadata_that_looks_like_that_of_a_failed_create_is_read_with_care() {
    const KEY: &str = "flyte_connector_failed_at_create";
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let long = format!("{{\"{KEY}\": {{\"message\": \"{}\"}}}}", "x".repeat(1 << 20));
    let deep = format!("{{\"{KEY}\": {}", "[".repeat(100_000));
    for (meta, said) in [
        (format!("{{\"{KEY}\": {{\"message\": \"no\"}}}}"), "no"),
        (long, "server's log)"),
        (format!("{{\"{KEY}\": 5}}"), "missing field `act`"),
        (format!("{{\"{KEY}"), "cannot be followed any more"),
        (deep, "cannot be followed any more"),
    ] {
        let got = tasks.get_task(get("probe", meta.clone())).await.unwrap().into_inner();
        let resource = got.resource.unwrap();
        assert_eq!(resource.phase(), Phase::Failed);
        assert!(resource.message.contains(said), "{}", resource.message);
        assert!(resource.message.len() <= 3584, "{} bytes", resource.message.len());
        tasks.delete_task(delete("probe", meta)).await.unwrap();
    }
    still_answers(&mut tasks).await;
    server.stop().await;
}

/// Sends bytes as they are, whatever they mean.
#[derive(Debug, Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = tonic::Status;

    fn encode(&mut self, item: Vec<u8>, out: &mut EncodeBuf<'_>) -> Result<(), tonic::Status> {
        bytes::BufMut::put_slice(out, &item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = tonic::Status;

    fn decode(&mut self, input: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, tonic::Status> {
        let length = bytes::Buf::remaining(input);
        Ok(Some(bytes::Buf::copy_to_bytes(input, length).to_vec()))
    }
}

async fn send_raw(channel: &Channel, method: &'static str, bytes: Vec<u8>) -> Code {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.expect("a connection");
    let path = http_path(method);
    client
        .unary(tonic::Request::new(bytes), path, Raw)
        .await
        .map_or_else(|s| s.code(), |_| Code::Ok)
}

fn http_path(method: &'static str) -> tonic::codegen::http::uri::PathAndQuery {
    tonic::codegen::http::uri::PathAndQuery::from_static(method)
}

#[tokio::test]
async fn garbage_protobuf_is_an_error_on_a_living_connection() {
    const CREATE: &str = "/flyteidl2.connector.AsyncConnectorService/CreateTask";
    let server = Running::start().await;
    let channel = server.channel().await;
    // Nested so deeply that a careless decoder would overflow its stack.
    let mut deep = Vec::new();
    for _ in 0..100_000 {
        deep.extend_from_slice(b"\x0a\xff\xff\xff\x0f");
    }
    let garbage = [b"\xff\xff\xff\xff".to_vec(), b"\x0a\x05abc".to_vec(), vec![0x0a; 1000], deep];
    for bytes in garbage {
        assert_eq!(send_raw(&channel, CREATE, bytes).await, Code::Internal);
    }
    // A string field that is not UTF-8: output_prefix.
    assert_eq!(send_raw(&channel, CREATE, b"\x1a\x02\xff\xfe".to_vec()).await, Code::Internal);
    let unknown = "/flyteidl2.connector.AsyncConnectorService/Nothing";
    assert_eq!(send_raw(&channel, unknown, Vec::new()).await, Code::Unimplemented);
    assert_eq!(send_raw(&channel, "/no.such.Service/Call", Vec::new()).await, Code::Unimplemented);
    still_answers(&mut AsyncConnectorServiceClient::new(channel)).await;
    server.stop().await;
}

#[tokio::test]
async fn garbage_on_the_socket_closes_that_socket_only() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let mut frames = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    frames.extend_from_slice(&[0xff; 4096]);
    let get = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec();
    for bytes in [frames, get, vec![0; 4096], b"\x16\x03\x01".to_vec()] {
        let mut stream = TcpStream::connect(server.grpc).await.expect("a connection");
        stream.write_all(&bytes).await.expect("sent");
        stream.shutdown().await.ok();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok();
    }
    still_answers(&mut tasks).await;
    server.stop().await;
}
