//! `batch_job` written straight against tonic: what a service costs without this project.
//! No registry, metrics, deadline, guard or error texts may come in here; it is the yardstick.

use std::error::Error;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::time::{SystemTime, UNIX_EPOCH};

use connector_core::pb as core_pb;
use connector_service::pb;
use connector_service::pb::async_connector_service_server::{
    AsyncConnectorService, AsyncConnectorServiceServer,
};
use prost_types::{Struct, Value, value::Kind};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

#[derive(Debug, Serialize, Deserialize)]
struct Meta {
    job_id: String,
    created_at: f64,
    duration_seconds: f64,
}

pub(crate) struct BatchJob;

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

#[tonic::async_trait]
impl AsyncConnectorService for BatchJob {
    async fn create_task(
        &self,
        request: Request<pb::CreateTaskRequest>,
    ) -> Result<Response<pb::CreateTaskResponse>, Status> {
        let template = request.into_inner().template.unwrap_or_default();
        let duration =
            template.custom.and_then(|mut custom| custom.fields.remove("duration_seconds"));
        let duration_seconds = match duration.and_then(|value| value.kind) {
            Some(Kind::NumberValue(seconds)) => seconds,
            _ => 5.0,
        };
        let job_id = format!("{:08x}", fastrand::u32(..));
        let meta = Meta { job_id, created_at: now(), duration_seconds };
        let resource_meta =
            serde_json::to_vec(&meta).map_err(|error| Status::internal(error.to_string()))?.into();
        Ok(Response::new(pb::CreateTaskResponse { resource_meta }))
    }

    async fn get_task(
        &self,
        request: Request<pb::GetTaskRequest>,
    ) -> Result<Response<pb::GetTaskResponse>, Status> {
        let Meta { job_id, created_at, duration_seconds } =
            serde_json::from_slice(&request.into_inner().resource_meta)
                .map_err(|error| Status::internal(error.to_string()))?;
        let running = now() - created_at < duration_seconds;
        let info = |kind| Value { kind: Some(kind) };
        let custom_info = [
            ("duration_seconds".to_owned(), info(Kind::NumberValue(duration_seconds))),
            ("job_id".to_owned(), info(Kind::StringValue(job_id.clone()))),
        ];
        let literals = vec![core_pb::task::NamedLiteral {
            name: "result".to_owned(),
            value: Some(connector_core::literal::string(format!("output-from-{job_id}"))),
        }];
        let outputs = core_pb::task::Outputs { literals, ..Default::default() };
        let link = core_pb::TaskLog {
            uri: format!("https://batch.example.com/jobs/{job_id}"),
            name: format!("Batch job {job_id}"),
            ready: true,
            ..Default::default()
        };
        let resource = pb::Resource {
            phase: if running { 2 } else { 3 },
            message: format!("job {job_id} {}", if running { "is running" } else { "succeeded" }),
            log_links: vec![link],
            outputs: (!running).then_some(outputs),
            custom_info: Some(Struct { fields: custom_info.into() }),
        };
        Ok(Response::new(pb::GetTaskResponse { resource: Some(resource) }))
    }

    async fn delete_task(
        &self,
        _request: Request<pb::DeleteTaskRequest>,
    ) -> Result<Response<pb::DeleteTaskResponse>, Status> {
        Ok(Response::new(pb::DeleteTaskResponse {}))
    }

    async fn get_task_metrics(
        &self,
        _request: Request<pb::GetTaskMetricsRequest>,
    ) -> Result<Response<pb::GetTaskMetricsResponse>, Status> {
        Err(Status::unimplemented("not measured"))
    }

    type GetTaskLogsStream =
        tonic::codegen::tokio_stream::Empty<Result<pb::GetTaskLogsResponse, Status>>;

    async fn get_task_logs(
        &self,
        _request: Request<pb::GetTaskLogsRequest>,
    ) -> Result<Response<Self::GetTaskLogsStream>, Status> {
        Err(Status::unimplemented("not measured"))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (_reporter, health) = tonic_health::server::health_reporter();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    writeln!(std::io::stdout(), "gRPC http://{}", listener.local_addr()?)?;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Server::builder()
        .add_service(health)
        .add_service(AsyncConnectorServiceServer::new(BatchJob))
        .serve_with_incoming(incoming)
        .await?;
    Ok(())
}
