//! The stand on which one rule is checked: a server in this process and single calls to it.
//! Rules use it for what the fake executor does not do by itself.

use std::time::Duration;

use bytes::Bytes;
use connector_core::host::{CreateRequest, FindRequest};
use connector_core::idempotency::IdempotencyKey;
use connector_core::{CallContext, Phase, Registry};
use connector_service::pb;
use tonic::Status;

use super::subject::{Subject, VendorHandle};
use super::violation::Judged;
use crate::executor::FakeExecutor;
use crate::executor::look::is_terminal;
use crate::executor::record::phase_name;
use crate::executor::wire::{Stored, Wire, told};
use crate::identity::AttemptName;
use crate::in_process::InProcess;

/// How often a job is polled until it must have ended.
const MOST_POLLS: u32 = 10_000;

pub(crate) struct Stand<'a> {
    pub(crate) subject: &'a Subject,
    server: InProcess,
    wire: Wire,
    pub(crate) executor: FakeExecutor,
    /// Jobs that the vendor had when the check began.
    jobs_before: usize,
}

/// A second server with a connector of its own.
pub(crate) struct Replica {
    _server: InProcess,
    pub(crate) wire: Wire,
}

impl<'a> Stand<'a> {
    pub(crate) async fn new(subject: &'a Subject) -> Result<Self, Judged> {
        let server = serve(subject).await?;
        let wire = Wire::new(server.channel());
        let executor = FakeExecutor::new(server.channel());
        let jobs_before = match &subject.vendor {
            Some(vendor) => vendor.jobs_made().await,
            None => 0,
        };
        Ok(Self { subject, server, wire, executor, jobs_before })
    }

    /// Replaces the server by a new one with a new instance of the connector.
    pub(crate) async fn replace_server(&mut self) -> Result<(), Judged> {
        let old = std::mem::replace(&mut self.server, serve(self.subject).await?);
        self.wire.switch(self.server.channel());
        self.executor.switch(self.server.channel());
        old.stop().await.map_err(|error| {
            Judged::broken(format!("the server ended with {error}"), "look at its log")
        })
    }

    /// Another server beside this one, as a replica: it remembers nothing of what this one did.
    pub(crate) async fn replica(&self) -> Result<Replica, Judged> {
        let server = serve(self.subject).await?;
        let wire = Wire::new(server.channel());
        Ok(Replica { _server: server, wire })
    }

    /// How many jobs the vendor has made since the check began, without those that replace another;
    /// `None` if there is no vendor to ask.
    pub(crate) async fn jobs_made(&self) -> Option<usize> {
        let made = self.vendor()?.jobs_made().await;
        Some(made.saturating_sub(self.jobs_before))
    }

    pub(crate) const fn vendor(&self) -> Option<&VendorHandle> {
        self.subject.vendor.as_ref()
    }

    /// How many jobs live at the vendor; none are known of where there is no vendor to ask.
    pub(crate) async fn live_jobs(&self) -> usize {
        match self.vendor() {
            Some(vendor) => vendor.live_jobs().await,
            None => 0,
        }
    }

    /// A run of its own, as the fake executor names them.
    pub(crate) fn run(&self) -> String {
        self.executor.new_run()
    }

    pub(crate) fn request(&self, run: &str, number: u32) -> pb::CreateTaskRequest {
        let name = AttemptName { run, number };
        let task = &self.subject.task;
        name.request(task, task.inputs.clone(), &name.output_prefix(None))
    }

    pub(crate) async fn try_create(
        &self,
        request: pb::CreateTaskRequest,
        deadline: Duration,
    ) -> Result<Bytes, Status> {
        self.wire.create(&self.executor.shared.rules, request, Some(deadline)).await
    }

    pub(crate) async fn try_create_at(
        &self,
        replica: &Replica,
        request: pb::CreateTaskRequest,
        deadline: Duration,
    ) -> Result<Bytes, Status> {
        replica.wire.create(&self.executor.shared.rules, request, Some(deadline)).await
    }

    /// Creates the task's job, which must work.
    pub(crate) async fn create(&self, run: &str, number: u32) -> Result<Stored, Judged> {
        let created = self.try_create(self.request(run, number), Duration::from_secs(10)).await;
        match created {
            Ok(resource_meta) => Ok(self.stored(run, number, resource_meta)),
            Err(status) => Err(Judged::broken(
                format!("create answered {}", told(&status)),
                "make the task given to the check one that can be created",
            )),
        }
    }

    pub(crate) fn stored(&self, run: &str, number: u32, resource_meta: Bytes) -> Stored {
        let template = &self.subject.task.template;
        let category =
            pb::TaskCategory { name: template.r#type.clone(), version: template.task_type_version };
        let output_prefix = AttemptName { run, number }.output_prefix(None);
        let connection = self.subject.task.connection.clone();
        Stored { resource_meta, category, output_prefix, connection }
    }

    /// What another instance of the connector finds of that attempt.
    pub(crate) async fn find(&self, run: &str, number: u32) -> Result<Option<Bytes>, Judged> {
        let registry = registry(self.subject).await?;
        let task = &self.subject.task;
        let template = &task.template;
        let entry = registry.get(&template.r#type, template.task_type_version);
        let entry = entry.filter(|entry| entry.connector.finds());
        let Some(entry) = entry else {
            return Err(Judged::lacking("the connector has no `find`"));
        };
        let name = AttemptName { run, number };
        let (execution, output_prefix) = (name.execution(template), name.output_prefix(None));
        let key = IdempotencyKey::of(Some(&execution), &output_prefix);
        let key = key.ok_or(Judged::lacking("the attempt has no key"))?;
        let connection = Some(task.connection.clone());
        let request = FindRequest { key, output_prefix, connection };
        let found = entry.connector.find(request, CallContext::new(entry.key.clone())).await;
        found.map_err(|error| {
            Judged::broken(
                format!("`find` said: {error}"),
                "let `find` answer `None` where there is no job",
            )
        })
    }

    /// Runs the task within a call, as the first attempt of that run, by an instance of its own.
    pub(crate) async fn run_within_a_call(&self, run: &str) -> Result<Phase, String> {
        let registry = (self.subject.register)(Registry::builder()).build().await;
        let registry = registry.map_err(|error| error.to_string())?;
        let task = &self.subject.task;
        let template = &task.template;
        let entry = registry.get(&template.r#type, template.task_type_version);
        let entry = entry.ok_or_else(|| "there is no connector for the task".to_owned())?;
        let name = AttemptName { run, number: 0 };
        let request = CreateRequest {
            template: Box::new(template.clone()),
            inputs: task.inputs.clone().into(),
            input_context: Vec::new(),
            output_prefix: name.output_prefix(None),
            execution: Some(Box::new(name.execution(template))),
            connection: Some(task.connection.clone()),
        };
        let ended = entry.connector.run(request, CallContext::new(entry.key.clone())).await;
        ended.map(|resource| resource.phase).map_err(|error| error.to_string())
    }

    /// Says that a rule is about jobs, where there are none.
    pub(crate) fn has_jobs(&self) -> Result<(), Judged> {
        match self.subject.sync {
            true => Err(Judged::lacking("its tasks are done within one call, and are no jobs")),
            false => Ok(()),
        }
    }

    pub(crate) async fn get(&self, job: &Stored) -> Result<pb::GetTaskResponse, Status> {
        self.wire.get(&self.executor.shared.rules, job).await
    }

    pub(crate) async fn delete(&self, job: &Stored) -> Result<(), Status> {
        self.wire.delete(&self.executor.shared.rules, job).await
    }

    /// Polls every 30 seconds until the job has ended.
    pub(crate) async fn poll_to_the_end(
        &self,
        job: &Stored,
    ) -> Result<pb::GetTaskResponse, Judged> {
        for _ in 0..MOST_POLLS {
            let answer = self.get(job).await.map_err(|status| {
                Judged::broken(
                    format!("a poll answered {}", told(&status)),
                    "answer a phase: the executor counts errors of get and gives up at the sixth",
                )
            })?;
            if is_terminal(&answer) {
                return Ok(answer);
            }
            tokio::time::sleep(self.executor.shared.rules.poll_interval).await;
        }
        Err(Judged::broken(
            format!("the job had not ended after {MOST_POLLS} polls"),
            "give the check a task that ends within a few polls; if its end comes with the wall \
             clock, make it end at once, because here time is paused",
        ))
    }
}

async fn serve(subject: &Subject) -> Result<InProcess, Judged> {
    Ok(InProcess::serve(registry(subject).await?))
}

async fn registry(subject: &Subject) -> Result<Registry, Judged> {
    (subject.register)(Registry::builder()).build().await.map_err(|error| {
        Judged::broken(format!("the connector cannot be registered: {error}"), "mend that first")
    })
}

/// The name of the phase in an answer.
pub(crate) fn phase(answer: &pb::GetTaskResponse) -> String {
    answer
        .resource
        .as_ref()
        .map_or_else(|| "no resource".to_owned(), |found| phase_name(found.phase))
}
