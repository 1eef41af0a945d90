//! Scripts as jobs of a Slurm that is reached over its REST API, slurmrestd, with a JSON web token: task type
//! `slurm_rest`, version 0.
//!
//! The name of a job carries the attempt's whole key, so that however often an attempt is created there is one job.
//! The operator may set `CONNECTOR__SLURM_REST__URL`, where tasks that name no `url` run, `…__ALLOWED_HOSTS`, the only
//! others that they may name, and `…__USERNAME`, whose jobs they are (without it those of the user that the token is
//! for), and lend the secret `slurm_token`. slurmrestd has no logs: they are read over SSH where the variables `FLYTE_SLURM_…` of the other task types say how.
// Facts about slurmrestd were seen with 22.05.8 and its API v0.0.38.

mod api;
mod config;
mod credentials;
mod gpus;
mod jobs;
mod report;

use std::collections::BTreeSet;
use std::sync::Arc;

use connector_core::prelude::*;
use connector_http::{BaseUrl, Reach};

use self::api::{Api, Place};
pub use self::config::RestTask;
pub use self::credentials::RestAccess;
use self::credentials::Token;
use crate::access::{Access, Environment};
use crate::cluster::Cluster;
use crate::config::LoginNode;
use crate::job::{Files, name};
use crate::ssh::{Login, Pool};
use crate::{POLICY, for_good, logs, script};

/// What later calls need to find the job again.
#[derive(Debug, Serialize, Deserialize)]
pub struct RestJob {
    url: String,
    job_id: String,
    job_name: String,
    username: String,
    stdout_path: String,
    stderr_path: String,
}

/// The connector.
#[connector(task_type = "slurm_rest", name = "Slurm REST Connector", meta = RestJob, config = RestTask,
            connection = RestAccess, init = SlurmRest::new, policy = POLICY)]
#[derive(Debug)]
pub struct SlurmRest {
    api: Api,
    /// The daemon of tasks that name none.
    url: Option<BaseUrl>,
    /// Which others they may name.
    reach: Reach,
    /// Whose jobs they are.
    username: Option<String>,
    /// How files on the cluster are read, if the operator says it.
    environment: Environment,
    pool: Arc<Pool>,
    /// What the operator lends is read anew for each call that brings no connection.
    settings: Settings,
}

impl SlurmRest {
    /// A connector with those settings of the operator, and the process's variables `FLYTE_SLURM_…`.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: the setting `url` is no address, `allowed_hosts` has an entry that is no host, or a
    /// variable cannot be what it says.
    pub fn new(settings: &Settings) -> Result<Self> {
        Ok(Self {
            api: Api::new()?,
            url: BaseUrl::of_operator(settings)?,
            reach: Reach::from_settings(settings)?,
            username: settings.get("username").map(str::to_owned),
            environment: Environment::of_process()?,
            pool: Arc::default(),
            settings: settings.clone(),
        })
    }

    fn base(&self, task: &RestTask) -> Result<BaseUrl> {
        let operators = self.url.as_ref();
        let base = BaseUrl::of_task(task.url.as_deref(), operators, "slurmrestd", &self.settings)?;
        base.within(&self.reach, operators, "slurmrestd")
    }

    fn place<'a>(&self, base: &'a BaseUrl, access: &'a RestAccess) -> Result<Place<'a>> {
        let token = Token::of(access, base.as_str(), self.username.as_deref())?;
        Ok(Place { base, token })
    }

    /// The login of the operator, where one is set up; tasks of this type have none.
    fn login(&self) -> Option<Login> {
        let access = Access::of_operator(&self.settings);
        self.environment.login(&LoginNode::default(), &access).ok()
    }

    async fn tail(&self, login: &Login, path: &str, lines: u64) -> Result<String> {
        Cluster { pool: &self.pool, login }.tail(path, lines).await
    }
}

impl AsyncConnector for SlurmRest {
    fn endpoints(&self) -> Vec<String> {
        self.url.iter().map(|url| url.as_str().to_owned()).collect()
    }

    async fn create(&self, task: CreateTask<Self>) -> Result<RestJob> {
        let config = &task.config;
        let key = task.idempotency_key();
        let job_name = name(task.template.id.as_ref(), key.as_ref());
        let files = Files::of(config.working_dir()?, &job_name);
        let script = config.script()?;
        let execution = task.execution.as_deref().map(script::of_attempt).unwrap_or_default();
        let output = [files.stdout.as_str(), files.stderr.as_str()];
        let job = config.job(&job_name, output, execution, &task.inputs)?;
        let waits_for = config.dependency.as_deref().map(script::ids).into_iter().flatten();
        let waits_for: BTreeSet<&str> = waits_for.collect();
        let base = self.base(config)?;
        let place = self.place(&base, &task.context.connection).map_err(for_good)?;
        let submitted = self.api.submit(&place, &job_name, (&script, &job), &waits_for).await;
        let explained = |error| for_good(config.explained(error));
        let job_id = submitted.map_err(explained)?.to_string();
        let username = place.token.user;
        let url = base.as_str().to_owned();
        let (stdout_path, stderr_path) = (files.stdout, files.stderr);
        Ok(RestJob { url, job_id, job_name, username, stdout_path, stderr_path })
    }

    async fn get(&self, job: &RestJob, cx: &TaskContext<Self>) -> Result<Resource> {
        let base = BaseUrl::read("the job's `url`", &job.url)?;
        let place = self.place(&base, &cx.connection)?;
        let told = self.api.job(&place, &job.job_id, Some(&cx.call)).await;
        let records = told.map_err(|error| match error.kind() {
            ErrorKind::NotFound => report::vanished(job),
            _ => error,
        })?;
        let (record, standing) = jobs::of_job(&records).ok_or_else(|| report::vanished(job))?;
        let mut resource = report::resource(job, record, &standing);
        if matches!(resource.phase, Phase::Failed | Phase::RetryableFailed)
            && let Some(login) = self.login()
        {
            // A failure is told even where its last words cannot be read.
            let tail = self.tail(&login, &job.stderr_path, crate::report::LAST_LINES).await;
            resource.message.push_str(&crate::report::last_words(&tail.unwrap_or_default()));
        }
        Ok(resource)
    }

    async fn delete(&self, job: &RestJob, cx: &TaskContext<Self>) -> Result<()> {
        let base = BaseUrl::read("the job's `url`", &job.url)?;
        let place = self.place(&base, &cx.connection)?;
        self.api.cancel(&place, &job.job_id, &cx.call).await
    }

    async fn get_logs(&self, job: &RestJob, query: LogQuery, _: &CallContext) -> Result<Logs> {
        let Some(login) = self.login() else {
            let text = format!(
                "slurmrestd shows no output of jobs. It is on the cluster, in {} and {}. Where the operator sets \
                 FLYTE_SLURM_HOST, …_USERNAME and …_SSH_PRIVATE_KEY it is read over SSH and shown here.",
                job.stdout_path, job.stderr_path
            );
            return Ok(LogPage::new([LogLine::system(None, text)]).into());
        };
        let stdout = self.tail(&login, &job.stdout_path, logs::LAST_LINES).await?;
        let stderr = self.tail(&login, &job.stderr_path, logs::LAST_LINES).await?;
        let of = logs::Streams {
            job_id: &job.job_id,
            stdout: (&job.stdout_path, &stdout),
            stderr: (&job.stderr_path, &stderr),
        };
        Ok(logs::page(logs::lines(of), &query)?.into())
    }
}
