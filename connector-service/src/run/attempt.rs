//! One attempt, from create to its last phase, by the executor's rules; and the attempts of a run.
//! `mod` starts it. An interrupt is heard at every wait: the job is deleted, a second one leaves.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::{Duration, SystemTime};

use connector_core::Phase;
use connector_core::pb;
use tonic::{Code, Status};

use super::arguments::RunArgs;
use super::interrupts::Interrupts;
use super::progress::Progress;
use super::service::{Job, Page, Service};
use super::task::Task;
use crate::pb as wire;
use crate::same_job::CreatedTwice;

/// How many failed polls of one job the executor bears.
const FAILED_POLLS: u32 = 5;
/// More pages than a log has: a service that never ends one is not followed for ever.
const MOST_PAGES: usize = 10_000;

/// How a run, or one attempt of it, ended.
#[derive(Debug, PartialEq)]
pub(super) enum End {
    /// The job succeeded, and answered with these outputs or with none.
    Succeeded { attempt: u32, outputs: Option<pb::task::Outputs> },
    /// The job failed, for good or for this attempt.
    Failed { message: String, retryable: bool },
    /// The user wanted no more.
    Interrupted,
}

/// What the flags ask for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wishes {
    pub(super) interval: Duration,
    pub(super) retries: u32,
    pub(super) logs: bool,
    pub(super) twice: bool,
    pub(super) delete_after: bool,
}

impl From<&RunArgs> for Wishes {
    fn from(args: &RunArgs) -> Self {
        let RunArgs { interval, retries, logs, twice, delete_after, .. } = *args;
        Self { interval, retries, logs, twice, delete_after }
    }
}

/// A run under way.
#[derive(Debug)]
pub(super) struct Run<'a> {
    service: &'a Service,
    task: &'a Task,
    wishes: Wishes,
    progress: Progress,
    interrupts: &'a mut Interrupts,
    /// Whether its create does the task, as there is no job.
    is_sync: bool,
    duplicated: bool,
    undeletable: bool,
}

impl<'a> Run<'a> {
    /// A run that has not begun.
    pub(super) fn new(
        service: &'a Service,
        task: &'a Task,
        wishes: Wishes,
        interrupts: &'a mut Interrupts,
    ) -> Self {
        let progress = Progress::start();
        let (is_sync, duplicated, undeletable) = (false, false, false);
        Self { service, task, wishes, progress, interrupts, is_sync, duplicated, undeletable }
    }

    /// Tells of it as of a task that is done within one call.
    pub(super) const fn within_one_call(mut self, is_sync: bool) -> Self {
        self.is_sync = is_sync;
        self
    }

    /// What tells of it.
    pub(super) const fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Whether some create, repeated, gave another answer.
    pub(super) const fn is_duplicated(&self) -> bool {
        self.duplicated
    }

    /// Whether some delete failed. Flyte would repeat it for ever, and never remove the task.
    pub(super) const fn is_undeletable(&self) -> bool {
        self.undeletable
    }

    /// Runs attempts, with outputs below `folder`, until one ends that is not to be repeated.
    ///
    /// # Cancel safety
    /// A job under way stays where it is.
    pub(super) async fn until_it_ends(&mut self, folder: &Path) -> End {
        let mut attempt = 0;
        loop {
            let outputs = folder_of(folder, attempt);
            // A job on this machine may write there. One elsewhere does not see the folder at all.
            std::fs::create_dir_all(&outputs).ok();
            let prefix = format!("file://{}", outputs.display());
            match self.attempt(attempt, &prefix).await {
                End::Failed { retryable: true, message } if attempt < self.wishes.retries => {
                    attempt += 1;
                    self.progress.attempt(attempt.saturating_add(1), &message);
                }
                ended => return ended,
            }
            if self.wait().await.is_err() {
                return End::Interrupted;
            }
        }
    }

    async fn attempt(&mut self, attempt: u32, prefix: &str) -> End {
        let job = match self.create(attempt, prefix).await {
            Ok(Some(job)) => job,
            Ok(None) => return End::Interrupted,
            Err(status) => {
                let what = match self.is_sync {
                    true => "the task could not be run",
                    false => "the job could not be created",
                };
                let message = format!("{what}: {}", told(&status));
                // The executor makes every failed create a new attempt, if there is one left.
                return End::Failed { message, retryable: true };
            }
        };
        let ended = self.poll(attempt, &job).await;
        if self.wishes.logs && ended != End::Interrupted {
            self.logs(&job).await;
        }
        match &ended {
            End::Interrupted => {
                self.progress.note("interrupted: deleting the job; Ctrl-C again leaves at once");
                self.delete(&job).await;
            }
            // As the executor does before the next attempt.
            End::Failed { retryable: true, .. } if attempt < self.wishes.retries => {
                self.delete(&job).await;
            }
            // As the executor does with every task in the end, however it ended.
            End::Failed { .. } | End::Succeeded { .. } if self.wishes.delete_after => {
                self.delete(&job).await;
            }
            End::Failed { .. } | End::Succeeded { .. } => {}
        }
        ended
    }

    /// The attempt's job; none if an interrupt came first.
    async fn create(&mut self, attempt: u32, prefix: &str) -> Result<Option<Job>, Status> {
        let request = self.task.create_request(attempt, prefix);
        self.progress.stands("CREATING", &self.task.to_string(), &[]);
        let since = SystemTime::now();
        let mut create = pin!(self.service.create(request.clone()));
        let created = tokio::select! {
            biased;
            created = &mut create => created,
            () = self.interrupts.next() => {
                self.progress.note(
                    "interrupted: waiting for the job, to delete it; Ctrl-C again leaves at once",
                );
                tokio::select! {
                    biased;
                    created = &mut create => match created {
                        Ok(job) => self.delete(&job).await,
                        Err(status) => self.progress.note(&told(&status)),
                    },
                    () = self.interrupts.next() => self.interrupts.leave(),
                }
                return Ok(None);
            }
        };
        let job = created?;
        if self.wishes.twice {
            self.create_again(request, &job, since).await;
        }
        Ok(Some(job))
    }

    /// Repeats a create, as the executor does when it dies before it has noted the answer.
    async fn create_again(
        &mut self,
        request: wire::CreateTaskRequest,
        job: &Job,
        since: SystemTime,
    ) {
        match self.service.create_again(request).await {
            Ok(second) if self.is_sync => {
                self.progress.note(ran_again(self.service.forgets(), same(job, &second, since)));
            }
            Ok(second) if same(job, &second, since) => self.progress.note(if self.service.forgets() {
                "--twice: both creates named the same job, the second on a server that knew nothing \
                 of the first"
            } else {
                "--twice: both creates named the same job; a service that remembers the first one \
                 says so whatever its connector does, so run this without --connect, too"
            }),
            Ok(second) => {
                self.duplicated = true;
                self.progress.note(&format!(
                    "--twice: the creates of one attempt named different jobs, {} and {}, so there \
                     may be two; the second is deleted. Hand `task.idempotency_key()` to the outside \
                     system, and answer with the job that has it",
                    String::from_utf8_lossy(&job.resource_meta),
                    String::from_utf8_lossy(&second.resource_meta),
                ));
                self.delete(&second).await;
            }
            Err(status) => {
                self.duplicated = true;
                self.progress
                    .note(&format!("--twice: the second create failed: {}", told(&status)));
            }
        }
    }

    async fn poll(&mut self, attempt: u32, job: &Job) -> End {
        let mut failures = 0;
        loop {
            let asked = tokio::select! {
                biased;
                () = self.interrupts.next() => return End::Interrupted,
                asked = self.service.get(self.task, job) => asked,
            };
            match asked.and_then(|resource| Ok((phase_of(&resource)?, resource))) {
                Ok((phase, resource)) => {
                    let wire::Resource { message, log_links, outputs, .. } = resource;
                    self.progress.stands(phase.as_str(), &message, &log_links);
                    match phase {
                        Phase::Succeeded => return End::Succeeded { attempt, outputs },
                        Phase::Failed => return failed(message, false),
                        Phase::RetryableFailed => return failed(message, true),
                        Phase::Aborted => {
                            return failed(format!("it was aborted: {message}"), false);
                        }
                        other if other.is_terminal() => {
                            return failed(format!("it ended as {other}: {message}"), false);
                        }
                        _ => {}
                    }
                }
                Err(status) => {
                    failures += 1;
                    let told = told(&status);
                    self.progress.note(&format!("poll failed ({failures}): {told}"));
                    if failures > FAILED_POLLS {
                        self.delete(job).await;
                        let message = format!(
                            "{failures} polls failed, and Flyte asks no more after that many; the \
                             last: {told}"
                        );
                        return failed(message, false);
                    }
                }
            }
            if self.wait().await.is_err() {
                return End::Interrupted;
            }
        }
    }

    /// Waits for the next poll or attempt.
    async fn wait(&mut self) -> Result<(), Interrupted> {
        tokio::select! {
            biased;
            () = self.interrupts.next() => Err(Interrupted),
            () = tokio::time::sleep(self.wishes.interval) => Ok(()),
        }
    }

    async fn delete(&mut self, job: &Job) {
        tokio::select! {
            biased;
            deleted = self.service.delete(self.task, job) => match deleted {
                Ok(()) => self.progress.note("the job is deleted"),
                Err(status) => {
                    self.undeletable = true;
                    self.progress.note(&format!(
                        "the job could not be deleted and may still be running: {}",
                        told(&status)
                    ));
                }
            },
            () = self.interrupts.next() => {
                self.interrupts.leave();
                self.progress.note("the job may still be running");
            }
        }
    }

    async fn logs(&mut self, job: &Job) {
        let mut token = String::new();
        for _ in 0..MOST_PAGES {
            let page = tokio::select! {
                biased;
                () = self.interrupts.next() => return,
                page = self.service.logs(self.task, job, &token) => page,
            };
            match page {
                Ok(Page { lines, next_token }) => {
                    for line in lines {
                        self.progress.note(&format!("log: {line}"));
                    }
                    if next_token.is_empty() || next_token == token {
                        return;
                    }
                    token = next_token;
                }
                Err(status) if status.code() == Code::Unimplemented => {
                    return self.progress.note("the connector keeps no log");
                }
                Err(status) => {
                    return self
                        .progress
                        .note(&format!("the log is not to be had: {}", told(&status)));
                }
            }
        }
    }
}

/// The user wanted no more.
#[derive(Debug)]
struct Interrupted;

/// Where an attempt's outputs belong.
pub(super) fn folder_of(folder: &Path, attempt: u32) -> PathBuf {
    folder.join(attempt.to_string())
}

fn same(first: &Job, second: &Job, since: SystemTime) -> bool {
    let (first, second) = (&first.resource_meta, &second.resource_meta);
    CreatedTwice { first, second, since, until: SystemTime::now() }.is_one_job()
}

/// What `--twice` shows of a task that is done within one call. That it is done twice is no fault of it.
const fn ran_again(forgets: bool, alike: bool) -> &'static str {
    match (forgets, alike) {
        (true, true) => {
            "--twice: a server that knew nothing of the first run ran the task again, and it ended alike. A task that \
             is done within one call leaves no job to be found, so whatever it does outside is done again"
        }
        (true, false) => {
            "--twice: a server that knew nothing of the first run ran the task again, and it ended differently. A task \
             that is done within one call leaves no job to be found, so whatever it does outside is done again; where \
             that must not be, hand `task.idempotency_key()` to the outside system"
        }
        (false, true) => {
            "--twice: the second answer was that of the first run, or the same; a service that remembers the first one \
             does not run the task again, so try this without --connect, too"
        }
        (false, false) => "--twice: the service ran the task again, and it ended differently",
    }
}

fn failed(message: String, retryable: bool) -> End {
    let message =
        if message.is_empty() { "the job failed and did not say why".to_owned() } else { message };
    End::Failed { message, retryable }
}

fn phase_of(resource: &wire::Resource) -> Result<Phase, Status> {
    let number = resource.phase;
    Phase::ALL
        .iter()
        .copied()
        .find(|phase| *phase as i32 == number)
        .ok_or_else(|| Status::internal(format!("unknown execution phase [{number}]")))
}

fn told(status: &Status) -> String {
    format!("{:?}: {}", status.code(), status.message())
}
