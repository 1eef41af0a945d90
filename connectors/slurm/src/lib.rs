//! Slurm for Flyte: a task as a batch job of a cluster, over SSH or slurmrestd.
//!
//! Task types `slurm` (a Python function in its image) and `slurm_script` (an sbatch script), both of version
//! 0: tasks that the official plug-in `flyteplugins-slurm` wrote run here unchanged, and jobs that the official
//! connector submitted are polled and cancelled here, too. Tasks of Flyte 1's plug-in, `flytekitplugins-slurm`,
//! run as well: its scripts are of the type `slurm`, its functions of the type `slurm_fn`. Name the crate in a
//! server and it is served:
//!
//! ```ignore
//! connector_service::main!(connector_slurm);
//! ```
//!
//! The operator may set the variables of the official connector, which go before what a task says:
//! `FLYTE_SLURM_HOST`, `…_PORT`, `…_USERNAME`, `…_SSH_PRIVATE_KEY`, `…_KNOWN_HOSTS`, `…_WORKING_DIR`,
//! `…_SKIP_HOST_KEY_VERIFICATION` and `…_CONNECTOR_UPLOAD_MAX_BYTES`; and may lend the secrets
//! `ssh_private_key` and `known_hosts_data`, and for tasks of Flyte 1 `flyte_slurm_private_key`.
//!
//! Task type `slurm_rest` runs scripts over slurmrestd instead, with a token: [`SlurmRest`].
// Facts about the official connector are those of its plug-in, version 2.12.1; about Slurm those of 22.05.

mod access;
mod cluster;
mod config;
mod flyte1;
mod job;
mod logs;
mod meta;
mod outputs;
mod report;
mod rest;
mod script;
mod shell;
mod ssh;
mod states;
mod submission;

use std::borrow::Cow;
use std::sync::Arc;

use connector_core::Outputs;
use connector_core::prelude::*;
use connector_http::aside;

pub use crate::access::Access;
use crate::access::{Environment, Place};
use crate::cluster::{Cluster, Found};
pub use crate::config::SlurmTask;
pub use crate::flyte1::Flyte1Job;
pub use crate::job::{DeclaredOutput, SubmittedJob};
pub use crate::meta::Job;
use crate::outputs::{UnderWay, Way};
pub use crate::rest::{RestAccess, RestJob, RestTask, SlurmRest};
use crate::ssh::{Login, Pool};

/// A create looks for the job of its name first, so that one that is made again gives the same job. A login may take
/// longer than a caller waits, and goes on for the next one.
const POLICY: Policy = Policy::new().keyed(true);

/// The type of Flyte 2's tasks that are functions, whose run-time writes what they return.
const FUNCTION: &str = "slurm";

/// The connector.
#[connector(task_type = ["slurm", "slurm_script", "slurm_fn"], name = "Slurm Connector", meta = Job,
            config = SlurmTask, connection = Access, init = Slurm::new, policy = POLICY)]
#[derive(Debug)]
pub struct Slurm {
    pool: Arc<Pool>,
    environment: Environment,
    outputs: UnderWay,
    /// What the operator lends is read anew for each log, because it may change.
    settings: Settings,
}

impl Slurm {
    /// A connector with those settings of the operator, and the process's variables `FLYTE_SLURM_…`.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: a variable cannot be what it says.
    pub fn new(settings: &Settings) -> Result<Self> {
        Ok(Self {
            pool: Arc::default(),
            environment: Environment::of_process()?,
            outputs: UnderWay::default(),
            settings: settings.clone(),
        })
    }

    /// A connector with those variables in place of the process's, for tests.
    ///
    /// # Errors
    /// As [`Slurm::new`].
    pub fn with_variables(variables: &[(&str, &str)]) -> Result<Self> {
        let find = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let environment = Environment::read(find)?;
        let (pool, outputs) = (Arc::default(), UnderWay::default());
        Ok(Self { pool, environment, outputs, settings: Settings::default() })
    }

    fn cluster<'a>(&'a self, login: &'a Login) -> Cluster<'a> {
        Cluster { pool: &self.pool, login }
    }

    /// The job, and the way to it. Where the output of one of Flyte 1 is, Slurm has to be asked.
    fn find<'a>(&self, job: &'a Job, access: &Access) -> Result<(Cow<'a, SubmittedJob>, Login)> {
        match job {
            Job::OfFlyte1(job) => {
                let job = job.submitted(&self.environment)?;
                let login = self.login(&job, &access.of_flyte_1())?;
                Ok((Cow::Owned(job), login))
            }
            Job::OfFlyte2(job) => Ok((Cow::Borrowed(job), self.login(job, access)?)),
        }
    }

    fn login(&self, job: &SubmittedJob, access: &Access) -> Result<Login> {
        let place = Place {
            host: job.host.clone(),
            port: job.port,
            username: job.username.clone(),
            known_hosts: job.known_hosts.clone(),
            skip: job.skip_host_key_verification,
        };
        self.environment.login_at(place, access)
    }
}

/// A login that is no good is none at the next attempt either.
fn for_good(error: ConnectorError) -> ConnectorError {
    match error.kind() {
        ErrorKind::Unauthenticated => {
            ConnectorError::permanent(error.message().to_owned()).with_source(error)
        }
        _ => error,
    }
}

impl AsyncConnector for Slurm {
    async fn create(&self, task: CreateTask<Self>) -> Result<Job> {
        if !task.config.ssh_config.is_empty() {
            return flyte1::submit(self, &task).await.map(Job::OfFlyte1).map_err(for_good);
        }
        let access = &task.context.connection;
        let login = self.environment.login(&task.config.connection, access).map_err(for_good)?;
        submission::submit(self, &task, login).await.map(Job::OfFlyte2).map_err(for_good)
    }

    async fn get(&self, job: &Job, cx: &TaskContext<Self>) -> Result<Resource> {
        if let Job::OfFlyte1(job) = job {
            return flyte1::resource(self, job, cx).await;
        }
        let (job, login) = self.find(job, &cx.connection)?;
        let cluster = self.cluster(&login);
        let standing = cluster.standing(&job.job_id).await?;
        let standing = standing.ok_or_else(|| report::vanished(&job))?;
        let mut resource = report::resource(&job, &standing);
        if resource.phase == Phase::Succeeded {
            if !job.declared_outputs.is_empty() {
                let most = self.environment.most_carried;
                let way = Way { pool: Arc::clone(&self.pool), login: login.clone(), most };
                resource = self.outputs.settle(&way, &job, resource).await?;
            } else if cx.call.key.task_type.as_str() == FUNCTION {
                resource.outputs = Outputs::WrittenByTask;
            }
        }
        if matches!(resource.phase, Phase::Failed | Phase::RetryableFailed) {
            // A failure is told even where its last words cannot be read.
            let tail = cluster.tail(&job.stderr_path, report::LAST_LINES);
            let tail = aside(&cx.call, tail).await.unwrap_or_default();
            resource.message.push_str(&report::last_words(&tail));
        }
        Ok(resource)
    }

    async fn delete(&self, job: &Job, cx: &TaskContext<Self>) -> Result<()> {
        if let Job::OfFlyte2(job) = job {
            self.outputs.stop(job);
        }
        let (job, login) = self.find(job, &cx.connection)?;
        self.cluster(&login).cancel(&job.job_id).await
    }

    async fn get_logs(&self, job: &Job, query: LogQuery, _: &CallContext) -> Result<Logs> {
        // The request brings no connection.
        let access = Access::of_operator(&self.settings);
        let (mut job, login) = self.find(job, &access)?;
        let cluster = self.cluster(&login);
        if job.stdout_path.is_empty() {
            flyte1::find_streams(job.to_mut(), &cluster).await?;
        }
        let stdout = cluster.tail(&job.stdout_path, logs::LAST_LINES).await?;
        let stderr = cluster.tail(&job.stderr_path, logs::LAST_LINES).await?;
        let of = logs::Streams {
            job_id: &job.job_id,
            stdout: (&job.stdout_path, &stdout),
            stderr: (&job.stderr_path, &stderr),
        };
        Ok(logs::page(logs::lines(of), &query)?.into())
    }
}
