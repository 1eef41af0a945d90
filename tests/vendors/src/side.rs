//! One of the two servers and what became of the requests it got: every step with the answer and with the
//! calls that the vendor saw meanwhile.
//! The scripts in `tests/vendors` drive both sides alike; `interop_tests::differential` compares them.

use std::time::Duration;

use bytes::Bytes;
use connector_core::{Flyte, pb as core_pb};
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use connector_service::pb::flyte1;
use connector_service::pb::flyte1::async_agent_service_client::AsyncAgentServiceClient;
use connector_service::pb::{
    CreateTaskRequest, DeleteTaskRequest, GetTaskRequest, Resource, TaskCategory,
};
use interop_tests::peer::Server;
use interop_tests::script::Transcript;
use serde_json::{Value, json};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::fake::{Fake, Vendor};
use crate::requests::category;
use crate::told;

/// The executor's own deadline.
const DEADLINE: Duration = Duration::from_secs(10);

/// A server beside its vendor.
#[derive(Debug)]
pub struct Side<'a, V> {
    server: Server,
    channel: Channel,
    flyte: Flyte,
    fake: &'a Fake<V>,
    steps: Vec<Value>,
    /// What the vendor calls jobs, and the cases that made them.
    jobs: Vec<(String, String)>,
}

/// A job that was created, as the executor keeps it.
#[derive(Debug, Clone)]
pub struct Kept {
    /// What the create returned; empty after an error.
    pub resource_meta: Bytes,
    /// Routes later calls.
    pub category: TaskCategory,
    /// The secrets of the task.
    pub connection: Option<core_pb::Connection>,
    output_prefix: String,
}

impl Kept {
    /// The metadata as JSON; null where it is none.
    #[must_use]
    pub fn meta(&self) -> Value {
        serde_json::from_slice(&self.resource_meta).unwrap_or_default()
    }

    /// The request of a poll.
    #[must_use]
    pub fn poll(&self) -> GetTaskRequest {
        let Self { resource_meta, category, connection, output_prefix } = self.clone();
        GetTaskRequest { resource_meta, task_category: Some(category), output_prefix, connection }
    }
}

impl<'a, V: Vendor> Side<'a, V> {
    /// Connects to the server.
    ///
    /// # Panics
    /// It cannot be reached.
    pub async fn of(server: Server, fake: &'a Fake<V>) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{}", server.address()));
        let channel = endpoint.expect("an address").connect().await.expect("a server that listens");
        Self { server, channel, flyte: Flyte::V2, fake, steps: Vec::new(), jobs: Vec::new() }
    }

    /// Makes its calls as that Flyte does. [`Side::of`] makes those of Flyte 2.
    #[must_use]
    pub const fn as_flyte(mut self, flyte: Flyte) -> Self {
        self.flyte = flyte;
        self
    }

    /// The vendor, held for as long as the guard lives.
    pub fn vendor(&self) -> impl std::ops::DerefMut<Target = V> + '_ {
        self.fake.vendor()
    }

    /// The process of the server.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.server.process()
    }

    /// A client of the server, for calls that are no steps.
    #[must_use]
    pub fn client(&self) -> AsyncConnectorServiceClient<Channel> {
        AsyncConnectorServiceClient::new(self.channel.clone())
    }

    fn agent(&self) -> AsyncAgentServiceClient<Channel> {
        AsyncAgentServiceClient::new(self.channel.clone())
    }

    /// What the server has printed.
    #[must_use]
    pub fn output(&self) -> String {
        self.server.output()
    }

    /// All steps, and what the vendor calls the jobs in them, in order.
    #[must_use]
    pub fn into_transcript(self) -> (Transcript, Vec<String>) {
        let jobs = self.jobs.into_iter().map(|(job, _)| job);
        (Transcript::new(self.steps), jobs.collect())
    }

    /// Creates a task, as a step.
    pub async fn create(&mut self, case: &str, request: CreateTaskRequest) -> Kept {
        let (kept, answer) = self.created(request).await;
        let job = self.fake.vendor().job_of(&kept.meta());
        self.name(job, case);
        let meta = String::from_utf8_lossy(&kept.resource_meta);
        let meta = self.fake.vendor().told_meta(&meta);
        self.note(case, "create", answer.map(|()| json!({"meta": meta})));
        kept
    }

    /// Asks where the job stands, as a step. The answer is `None` after an error.
    pub async fn get(&mut self, case: &str, kept: &Kept) -> Option<Resource> {
        let answer = self.got(kept).await;
        let resource = answer.as_ref().ok().cloned();
        self.note(case, "get", answer.map(|resource| told::resource(&resource)));
        resource
    }

    /// Cancels the job, as a step. Whether that was a success.
    pub async fn delete(&mut self, case: &str, kept: &Kept) -> bool {
        let answer = self.deleted(kept).await;
        let deleted = answer.is_ok();
        self.note(case, "delete", answer.map(|()| json!({})));
        deleted
    }

    /// Creates a task. The calls of the vendor are left for the next step, unless they are taken.
    ///
    /// # Errors
    /// What the server answered.
    pub async fn created(&mut self, request: CreateTaskRequest) -> (Kept, Result<(), Status>) {
        let mut kept = Kept {
            resource_meta: Bytes::new(),
            category: category(&request),
            connection: request.connection.clone(),
            output_prefix: request.output_prefix.clone(),
        };
        let answer = match self.flyte {
            Flyte::V1 => self.agent().create_task(within(request)).await,
            Flyte::V2 => self.client().create_task(within(request)).await,
        };
        let answer = answer.map(|answer| kept.resource_meta = answer.into_inner().resource_meta);
        (kept, answer)
    }

    /// Asks where the job stands.
    ///
    /// # Errors
    /// What the server answered.
    pub async fn got(&mut self, kept: &Kept) -> Result<Resource, Status> {
        let answer = match self.flyte {
            Flyte::V1 => {
                let Kept { resource_meta, category, .. } = kept.clone();
                let task_category = Some(category);
                let request =
                    flyte1::GetTaskRequest { resource_meta, task_category, ..Default::default() };
                self.agent().get_task(within(request)).await?.into_inner().resource
            }
            Flyte::V2 => self.client().get_task(within(kept.poll())).await?.into_inner().resource,
        };
        Ok(answer.unwrap_or_default())
    }

    /// Cancels the job.
    ///
    /// # Errors
    /// What the server answered.
    pub async fn deleted(&mut self, kept: &Kept) -> Result<(), Status> {
        let Kept { resource_meta, category, connection, .. } = kept.clone();
        let task_category = Some(category);
        if self.flyte == Flyte::V1 {
            let request =
                flyte1::DeleteTaskRequest { resource_meta, task_category, ..Default::default() };
            return self.agent().delete_task(within(request)).await.map(drop);
        }
        let request = DeleteTaskRequest { resource_meta, task_category, connection };
        self.client().delete_task(within(request)).await.map(drop)
    }

    /// Adds a step: the answer, and what the vendor was asked meanwhile.
    fn note(&mut self, case: &str, operation: &str, answer: Result<Value, Status>) {
        let calls = self.fake.calls();
        for call in &calls {
            let chosen = self.fake.vendor().chosen(call);
            self.name(chosen, case);
        }
        let calls: Vec<Value> = {
            let vendor = self.fake.vendor();
            calls.iter().filter_map(|call| vendor.told(call)).collect()
        };
        let (code, details, answer) = match answer {
            Ok(answer) => ("Ok".to_owned(), String::new(), answer),
            Err(status) => {
                (format!("{:?}", status.code()), status.message().to_owned(), Value::Null)
            }
        };
        let step = json!({
            "case": format!("{case}: {operation}"), "code": code, "details": details,
            "answer": answer, "calls": calls,
        });
        self.steps.push(self.without_names(&step));
    }

    /// Remembers the job that the case made; one that is known keeps its first case.
    fn name(&mut self, job: Option<String>, case: &str) {
        if let Some(job) = job
            && self.jobs.iter().all(|(known, _)| *known != job)
        {
            self.jobs.push((job, case.to_owned()));
        }
    }

    /// The step with cases in place of what the vendor calls its jobs.
    fn without_names(&self, step: &Value) -> Value {
        let mut text = step.to_string();
        for (job, case) in &self.jobs {
            text = text.replace(job, &format!("<job of {case}>"));
        }
        serde_json::from_str(&text).expect("names of jobs need no escapes")
    }
}

fn within<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    request
}
