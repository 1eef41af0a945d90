//! The connector in front of the vendor: what it would be in front of a real one, plus the misdeeds
//! that a task asks for.

use connector_core::logs::{LogLine, LogPage, LogQuery, Logs};
use connector_core::prelude::*;

use super::config::{CreateOutcome, DeleteOutcome};
use super::leak::Leak;
use super::script::{Answer, Failure, Script};
use super::vendor::{Counters, Poll, STATES, Vendor};

/// What later calls need to find the job again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimulatedJob {
    /// What the vendor calls the job.
    pub job_id: String,
    /// What the job is counted under.
    pub tag: String,
}

/// The connector and the vendor behind it.
#[connector(task_type = "simulator", name = "Simulator", meta = SimulatedJob, config = Script)]
#[derive(Debug, Default)]
pub struct Simulator {
    vendor: Vendor,
}

impl AsyncConnector for Simulator {
    async fn create(&self, task: CreateTask<Self>) -> Result<SimulatedJob> {
        let script = task.config;
        let job_id = format!("sim-{:016x}", fastrand::u64(..));
        let tag = script.tag.clone().unwrap_or_else(|| job_id.clone());
        let leak = Leak::of(script.leak_secret, &task.context.connection);
        self.vendor.create_called(&tag);
        if let Some(leak) = &leak {
            tracing::warn!(job_id, api_key = leak.plain, "creating with {leak}");
        }
        tokio::time::sleep(script.create_delay).await;
        let text = || said("the vendor refused the job", leak.as_ref());
        match script.create {
            CreateOutcome::Ok => {}
            CreateOutcome::Permanent => return Err(ConnectorError::permanent(text())),
            CreateOutcome::Retryable => return Err(ConnectorError::retryable(text())),
            CreateOutcome::Transient => return Err(ConnectorError::transient(text())),
            CreateOutcome::Invalid => return Err(ConnectorError::invalid_task(text())),
            CreateOutcome::Panic => panics("create", leak.as_ref()),
        }
        self.vendor.make_job(&job_id, &tag, script, leak);
        Ok(SimulatedJob { job_id, tag })
    }

    async fn get(&self, job: &SimulatedJob, cx: &TaskContext<Self>) -> Result<Resource> {
        let SimulatedJob { job_id, tag } = job;
        let Some(poll) = self.vendor.poll(job_id) else {
            return Err(unknown(job_id));
        };
        let leak = Leak::of(poll.script.leak_secret, &cx.connection);
        if let Some(leak) = &leak {
            tracing::warn!(job_id, api_key = leak.plain, "polling with {leak}");
        }
        block(poll.script.block);
        tokio::time::sleep(poll.script.get_delay).await;
        let mut resource = resource(job_id, &poll, leak.as_ref())?;
        if let Some(span) = poll.script.good_for {
            resource = resource.good_for(span);
        }
        let Counters { creates, vendor_jobs, live_jobs, polls, deletes } =
            self.vendor.counters(tag);
        Ok(resource
            .log_link(link(job_id, leak.as_ref()))
            .info("creates", creates)
            .info("vendor_jobs", vendor_jobs)
            .info("live_jobs", live_jobs)
            .info("polls", polls)
            .info("deletes", deletes))
    }

    async fn delete(&self, job: &SimulatedJob, cx: &TaskContext<Self>) -> Result<()> {
        let SimulatedJob { job_id, .. } = job;
        let Some(script) = self.vendor.delete_called(job_id) else {
            return Err(unknown(job_id));
        };
        let leak = Leak::of(script.leak_secret, &cx.connection);
        if let Some(leak) = &leak {
            tracing::warn!(job_id, api_key = leak.plain, "deleting with {leak}");
        }
        let text = || said("the vendor refused to cancel the job", leak.as_ref());
        match script.delete {
            DeleteOutcome::Ok => self.vendor.cancel(job_id),
            DeleteOutcome::NotFound => {
                self.vendor.lose(job_id);
                return Err(ConnectorError::not_found(text()));
            }
            DeleteOutcome::Permanent => return Err(ConnectorError::permanent(text())),
            DeleteOutcome::Transient => return Err(ConnectorError::transient(text())),
        }
        Ok(())
    }

    /// One page. The request carries no connection, so what leaks here leaked at create.
    async fn get_logs(
        &self,
        job: &SimulatedJob,
        _query: LogQuery,
        _cx: &CallContext,
    ) -> Result<Logs> {
        let SimulatedJob { job_id, .. } = job;
        let Some((polls, leak)) = self.vendor.log(job_id) else {
            return Err(unknown(job_id));
        };
        let leaked = leak.map(|Leak { plain, url, base64 }| {
            [format!("key {plain}"), format!("GET /?api_key={url}"), format!("Basic {base64}")]
        });
        let lines = [format!("job {job_id} was polled {polls} times")];
        let lines = lines.into_iter().chain(leaked.into_iter().flatten());
        Ok(LogPage::new(lines.map(|text| LogLine::system(None, text))).into())
    }
}

/// What the vendor's answer to a poll means.
fn resource(job_id: &str, poll: &Poll, leak: Option<&Leak>) -> Result<Resource> {
    let Poll { number, answer, cancelled, script } = poll;
    if *cancelled {
        return Ok(Resource::failed(said(&format!("job {job_id} was cancelled"), leak)));
    }
    let mut resource = match answer {
        Answer::Phase(phase) => Resource::new(*phase),
        Answer::State(text) => STATES.resource(text),
        Answer::Fails(failure) => {
            let text = said(&format!("poll {number} of job {job_id} failed"), leak);
            return Err(match failure {
                Failure::Transient => ConnectorError::transient(text),
                Failure::Permanent => ConnectorError::permanent(text),
                Failure::NotFound => ConnectorError::not_found(text),
                Failure::Panic => panics("get", leak),
            });
        }
    };
    if resource.phase == Phase::Succeeded {
        resource.outputs = script.outputs();
    }
    let told = match resource.message.as_str() {
        "" => format!("job {job_id} is {} at poll {number}", resource.phase),
        unknown_state => unknown_state.to_owned(),
    };
    resource.message = said(&told, leak);
    Ok(resource)
}

fn link(job_id: &str, leak: Option<&Leak>) -> TaskLog {
    let page = format!("https://simulator.example.com/jobs/{job_id}");
    match leak {
        Some(Leak { plain, url, .. }) => {
            TaskLog::new(format!("Job {job_id} ({plain})"), format!("{page}?api_key={url}"))
        }
        None => TaskLog::new(format!("Job {job_id}"), page),
    }
}

/// A text, with what leaks into it.
fn said(text: &str, leak: Option<&Leak>) -> String {
    leak.map_or_else(|| text.to_owned(), |leak| format!("{text}: {leak}"))
}

fn unknown(job_id: &str) -> ConnectorError {
    ConnectorError::not_found(format!("the vendor knows no job {job_id}"))
}

#[expect(clippy::panic, reason = "the task asks for a connector that panics")]
fn panics(place: &str, leak: Option<&Leak>) -> ! {
    panic!("{}", said(&format!("simulated panic in {place}"), leak))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the task asks for a connector that blocks its thread"
)]
fn block(span: std::time::Duration) {
    if !span.is_zero() {
        std::thread::sleep(span);
    }
}
