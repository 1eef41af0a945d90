//! The connector under test: it does what an ordinary author would do, and no more.
//! All that keeps jobs from harm must come from the server around it.
//! The vendor's address is the setting `vendor`.

use std::time::Duration;

use connector_core::prelude::*;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::message::{Answer, Asker, Call, JobSpec, JobState};

/// How often a create is tried; the vendor never fails more than two in a row.
const TRIES: u32 = 5;
/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(10);

/// Calls the vendor.
#[connector(task_type = "chaos", init = Chaos::start)]
#[derive(Debug)]
pub struct Chaos {
    vendor: String,
}

impl Chaos {
    async fn start(settings: Settings) -> Result<Self> {
        Ok(Self { vendor: settings.require("vendor")?.to_owned() })
    }

    async fn call(&self, call: &Call) -> Result<Answer> {
        let lost = |error: std::io::Error| ConnectorError::transient(format!("vendor: {error}"));
        let mut line = serde_json::to_string(call).or_permanent("a call is JSON")?;
        line.push('\n');
        let mut stream = TcpStream::connect(&self.vendor).await.map_err(lost)?;
        stream.write_all(line.as_bytes()).await.map_err(lost)?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).await.map_err(lost)?;
        if answer.is_empty() {
            return Err(ConnectorError::transient("the vendor's answer was lost"));
        }
        match serde_json::from_str(&answer).or_permanent("an answer is JSON")? {
            Answer::Unavailable => Err(ConnectorError::transient("the vendor answered 503")),
            Answer::Panic => panic!("the vendor's answer was too much"),
            answer => Ok(answer),
        }
    }

    async fn make<C>(&self, task: CreateTask<C>) -> Result<JobId>
    where
        C: ConnectorSpec<Config = DynamicConfig>,
    {
        let job: JobSpec = task.config.parse()?;
        let key = task
            .idempotency_key()
            .ok_or_else(|| ConnectorError::permanent("the executor names every attempt"))?;
        let key = key.as_str().to_owned();
        let id = task.execution.and_then(|execution| execution.id).unwrap_or_default();
        let attempt = id.retry_attempt;
        let node = id.node_execution_id.unwrap_or_default();
        let run = node.execution_id.unwrap_or_default().name;
        let by = Asker { process: std::process::id(), server: std::process::id() };
        let call = Call::Create { key, run, attempt, job, by };
        let mut tries = 0;
        loop {
            match self.call(&call).await {
                Ok(Answer::Job { id }) => return Ok(JobId::new(id)),
                Ok(other) => return Err(ConnectorError::permanent(format!("odd: {other:?}"))),
                Err(error) => {
                    tries += 1;
                    if tries == TRIES {
                        return Err(error);
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn status(&self, job: &JobId) -> Result<Resource> {
        let answer = self.call(&Call::Status { id: job.job_id.clone() }).await?;
        Ok(match answer {
            Answer::State { state: JobState::Running } => Resource::running(),
            Answer::State { state: JobState::Succeeded } => {
                let outputs = [("job", literal::string(&job.job_id))];
                Resource::succeeded(DynamicOutputs::from_iter(outputs))
            }
            Answer::State { state: JobState::Failed } => Resource::failed("it could not work"),
            Answer::State { state: JobState::Retry } => Resource::retryable_failure("node lost"),
            Answer::State { state: JobState::Cancelled } => {
                Resource::retryable_failure("somebody cancelled it")
            }
            _ => return Err(ConnectorError::not_found(format!("no job {}", job.job_id))),
        })
    }

    async fn cancel(&self, job: &JobId) -> Result<()> {
        self.call(&Call::Cancel { id: job.job_id.clone() }).await.map(drop)
    }
}

impl AsyncConnector for Chaos {
    async fn create(&self, task: CreateTask<Self>) -> Result<JobId> {
        self.make(task).await
    }

    async fn get(&self, job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
        self.status(job).await
    }

    async fn delete(&self, job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        self.cancel(job).await
    }
}

/// The same for a vendor that can say which job it has made for a key.
#[connector(task_type = "chaos_found", init = ChaosFound::start)]
#[derive(Debug)]
pub struct ChaosFound(Chaos);

impl ChaosFound {
    async fn start(settings: Settings) -> Result<Self> {
        Chaos::start(settings).await.map(Self)
    }
}

impl AsyncConnector for ChaosFound {
    async fn create(&self, task: CreateTask<Self>) -> Result<JobId> {
        self.0.make(task).await
    }

    async fn get(&self, job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
        self.0.status(job).await
    }

    async fn delete(&self, job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        self.0.cancel(job).await
    }

    async fn find(&self, key: &IdempotencyKey, _cx: &TaskContext<Self>) -> Result<Option<JobId>> {
        match self.0.call(&Call::Find { key: key.to_string() }).await? {
            Answer::Job { id } => Ok(Some(JobId::new(id))),
            Answer::Unknown => Ok(None),
            other => Err(ConnectorError::permanent(format!("odd: {other:?}"))),
        }
    }
}
