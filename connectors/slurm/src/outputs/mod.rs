//! The outputs that a script declares, once its job has succeeded: they are brought to Flyte's storage, or
//! looked for there. A poll has little time, so what takes longer goes on behind it, and the job runs until
//! it is done.

mod carrier;
mod storage;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use connector_core::Outputs;
use connector_core::prelude::*;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::job::{DeclaredOutput, SubmittedJob};
pub(crate) use carrier::Way;
use carrier::{Carried, carry};
pub(crate) use storage::Storage;

/// How long a poll waits for outputs that may be small.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long the end of carrying is remembered for polls that ask again.
const REMEMBERED: Duration = Duration::from_secs(1800);
/// For more jobs than that nothing is carried at once: their polls find them running.
const MOST: usize = 1024;

/// What is being carried, by job.
#[derive(Debug, Default)]
pub(crate) struct UnderWay {
    jobs: Mutex<HashMap<String, Entry>>,
}

/// How it ended, once it has.
type End = Option<Result<Carried, Arc<ConnectorError>>>;

#[derive(Debug)]
struct Entry {
    since: Instant,
    end: watch::Receiver<End>,
    task: AbortHandle,
}

impl UnderWay {
    /// The job as it stands with its outputs.
    ///
    /// # Errors
    /// [`ErrorKind::Transient`]: the login node or the storage is not reached. Carrying goes on at the next
    /// poll, with what has not arrived yet.
    pub(crate) async fn settle(
        &self,
        way: &Way,
        job: &SubmittedJob,
        mut resource: Resource,
    ) -> Result<Resource> {
        let carried = match job.declared_outputs.values().any(DeclaredOutput::is_carried) {
            true => self.carry(way, job).await?,
            false => Some(carry(way, job).await?),
        };
        match carried {
            Some(Carried::All) => {
                resource.outputs = Outputs::Inline(literals(&job.declared_outputs)?);
            }
            Some(Carried::Problem(problem)) => {
                resource.phase = Phase::Failed;
                resource.message.push_str(&format!("\n{problem}"));
            }
            None => {
                let names: Vec<&str> = job.declared_outputs.keys().map(String::as_str).collect();
                resource.phase = Phase::Running;
                resource.message.push_str(&format!(
                    "\nJob finished; the connector is moving its declared outputs ({}) to object storage.",
                    names.join(", ")
                ));
            }
        }
        Ok(resource)
    }

    /// How carrying ended; `None` while it goes on.
    async fn carry(&self, way: &Way, job: &SubmittedJob) -> Result<Option<Carried>> {
        let Some(mut end) = self.join(way, job) else { return Ok(None) };
        let ended = timeout(PATIENCE, end.wait_for(Option::is_some)).await;
        let Ok(ended) = ended else { return Ok(None) };
        let ended = ended.ok().and_then(|ended| ended.clone());
        match ended {
            Some(Ok(carried)) => Ok(Some(carried)),
            other => {
                self.lock().remove(&key(job));
                let why = match other {
                    Some(Err(error)) => error.message().to_owned(),
                    _ => "carrying its outputs was stopped".to_owned(),
                };
                Err(ConnectorError::transient(why))
            }
        }
    }

    /// The carrying that is under way, or a new one; `None` where there are too many.
    fn join(&self, way: &Way, job: &SubmittedJob) -> Option<watch::Receiver<End>> {
        let mut jobs = self.lock();
        jobs.retain(|_, entry| entry.end.borrow().is_none() || entry.since.elapsed() < REMEMBERED);
        if let Some(entry) = jobs.get(&key(job)) {
            return Some(entry.end.clone());
        }
        if jobs.len() >= MOST {
            return None;
        }
        let (tell, end) = watch::channel(None);
        let (way, of) = (way.clone(), job.clone());
        let task = tokio::spawn(async move {
            let ended = carry(&way, &of).await.map_err(Arc::new);
            tell.send_replace(Some(ended));
        });
        let entry = Entry { since: Instant::now(), end: end.clone(), task: task.abort_handle() };
        jobs.insert(key(job), entry);
        Some(end)
    }

    /// Stops carrying for a job.
    pub(crate) fn stop(&self, job: &SubmittedJob) {
        if let Some(entry) = self.lock().remove(&key(job)) {
            entry.task.abort();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        // Whole entries come and go, so a panic elsewhere leaves nothing half done.
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(job: &SubmittedJob) -> String {
    format!("{}@{}:{}/{}", job.username, job.host, job.port, job.job_id)
}

/// The outputs as Flyte carries them: where they are.
fn literals(outputs: &BTreeMap<String, DeclaredOutput>) -> Result<DynamicOutputs> {
    let mut literals = DynamicOutputs::default();
    for (name, output) in outputs {
        let literal = match output.kind.as_str() {
            "directory" => Dir::new(&output.uri).into_literal(),
            _ => File::new(&output.uri).into_literal(),
        };
        let literal = literal.map_err(|found| {
            ConnectorError::permanent(format!("the output `{name}` cannot be told: {found}"))
        })?;
        literals.insert(name, literal);
    }
    Ok(literals)
}
