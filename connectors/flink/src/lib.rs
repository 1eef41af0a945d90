//! Apache Flink for Flyte: a task as a job of a session cluster.
//!
//! Task type `flink_job`, version 0, over the REST API of a session. Name the crate in a server and it is
//! served:
//!
//! ```ignore
//! connector_service::main!(connector_flink);
//! ```
//!
//! The id of a job comes from the attempt's key, so that however often an attempt is created there is one job.
//! Flink may refuse a job that it has begun, and let it run on; such a job is cancelled here.
//!
//! The operator may set `CONNECTOR__FLINK_JOB__URL`, where tasks that name no `url` run, and `…__JAR_FOLDER`, a
//! folder with the jars that tasks may name, and lend the secret `flink_token`, for a session behind a gateway
//! that wants one.
// Facts about Flink were seen with 2.3.0, a standalone session.

mod api;
mod cancel;
mod config;
mod logs;
mod report;
mod states;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use connector_core::prelude::*;
use connector_http::{BaseUrl, Reach, aside};

use crate::api::{Api, Place, is_duplicate};
use crate::config::Jar;
pub use crate::config::JarTask;
use crate::states::JOB;

/// Flink knows the last cause of a failure up to 3 seconds after the failure.
const CAUSES_WITHIN: u32 = 4;
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The caller gets its answer that long before it hangs up.
pub(crate) const MARGIN: Duration = Duration::from_secs(1);

/// What later calls need to find the job again.
#[derive(Debug, Serialize, Deserialize)]
pub struct FlinkJob {
    url: String,
    job_id: String,
    /// In seconds; none without a limit.
    time_limit: Option<u64>,
    /// The folder of the savepoint with which a cancel stops it.
    #[serde(default)]
    savepoint_on_cancel: Option<String>,
}

/// The secret that a session behind a gateway may want.
#[derive(Debug, Default, TaskConnection)]
pub struct Access {
    /// A token for the gateway in front of the session, if there is one. Flink itself knows none.
    #[secret]
    flink_token: Option<Secret>,
}

/// The id of a job comes from the attempt's key.
const POLICY: Policy = Policy::new().keyed(true);

/// The connector.
#[connector(task_type = "flink_job", name = "Flink Connector", meta = FlinkJob, config = JarTask,
            connection = Access, init = Flink::new, policy = POLICY)]
#[derive(Debug)]
pub struct Flink {
    api: Arc<Api>,
    /// The session of tasks that name none.
    url: Option<BaseUrl>,
    /// Which others they may name.
    reach: Reach,
    /// Where jars are that tasks may name.
    jars: Option<PathBuf>,
    /// What the operator lends is read anew for each call that brings no connection.
    settings: Settings,
}

impl Flink {
    /// A connector with those settings of the operator.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: the setting `url` is no address, or `allowed_hosts` has an entry that is no host.
    pub fn new(settings: &Settings) -> Result<Self> {
        let url = BaseUrl::of_operator(settings)?;
        let reach = Reach::from_settings(settings)?;
        let jars = settings.get("jar_folder").map(PathBuf::from);
        Ok(Self { api: Arc::new(Api::new()?), url, reach, jars, settings: settings.clone() })
    }

    fn base(&self, task: &JarTask) -> Result<BaseUrl> {
        let operators = self.url.as_ref();
        let base = BaseUrl::of_task(task.url.as_deref(), operators, "Flink", &self.settings)?;
        base.within(&self.reach, operators, "Flink")
    }

    /// Starts the job, unless it is there.
    async fn start(&self, task: &JarTask, place: Place<'_>) -> Result<()> {
        let request = task.request(place.job_id)?;
        let jar = task.jar(self.jars.as_deref())?;
        if self.api.found(place).await?.is_some() {
            return Ok(());
        }
        let ran = match jar {
            Jar::Uploaded(jar) => self.api.run(place, jar, &request).await,
            Jar::File(file) => {
                let jar = self.api.upload(place, &file).await?;
                let ran = self.api.run(place, &jar, &request).await;
                self.api.forget(place, &jar).await;
                ran
            }
        };
        match ran {
            Err(refused) => self.refused(place, refused).await,
            Ok(()) => Ok(()),
        }
    }

    /// What has become of a job that Flink has refused: another create has begun it, or Flink has, before the
    /// `main` went wrong, and lets it run on.
    async fn refused(&self, place: Place<'_>, refused: ConnectorError) -> Result<()> {
        if self.api.found(place).await?.is_none() {
            return Err(refused);
        }
        if is_duplicate(&refused) {
            return Ok(());
        }
        match refused.kind() {
            // Its answer was lost; the job is there.
            ErrorKind::Transient { .. } => Ok(()),
            kind => {
                self.api.cancel(place).await?;
                let text = format!("{refused}; the job that had begun by then was cancelled");
                Err(ConnectorError::new(kind, text).with_source(refused))
            }
        }
    }

    /// Where the savepoint is that a finished job was stopped with, for Flink calls such a job finished.
    async fn stopped_with(&self, place: Place<'_>, call: &CallContext) -> Result<Option<String>> {
        match self.api.checkpoints(place, call).await {
            Ok(checkpoints) => Ok(checkpoints.stopped_with()),
            Err(error) if matches!(error.kind(), ErrorKind::Transient { .. }) => Err(error),
            // One that makes none at all, such as a batch.
            Err(_) => Ok(None),
        }
    }

    /// Why a job failed. The last cause may be told some seconds after the failure.
    async fn cause(&self, place: Place<'_>, call: &CallContext) -> Result<Option<String>> {
        for look in 1..=CAUSES_WITHIN {
            let root = self.api.exceptions(place, call).await?.root();
            let is_late = call.remaining().is_some_and(|left| left < LOOK_EVERY + MARGIN);
            if root.is_some() || is_late || look == CAUSES_WITHIN {
                return Ok(root);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(None)
    }
}

impl FlinkJob {
    fn base(&self) -> Result<BaseUrl> {
        BaseUrl::read("the job's `url`", &self.url)
    }

    fn place<'a>(&'a self, base: &'a BaseUrl, token: Option<&'a Secret>) -> Place<'a> {
        Place { base, job_id: &self.job_id, token }
    }
}

/// A job of a session, and who asks: what a log that is being read holds on to.
#[derive(Debug)]
struct Session {
    api: Arc<Api>,
    base: BaseUrl,
    job_id: String,
    token: Option<Secret>,
}

impl Session {
    fn place(&self) -> Place<'_> {
        Place { base: &self.base, job_id: &self.job_id, token: self.token.as_ref() }
    }
}

impl AsyncConnector for Flink {
    fn endpoints(&self) -> Vec<String> {
        self.url.iter().map(|url| url.as_str().to_owned()).collect()
    }

    async fn create(&self, task: CreateTask<Self>) -> Result<FlinkJob> {
        let base = self.base(&task.config)?;
        let time_limit = task.config.time_limit()?;
        // Without a key nobody says which attempt this is, so it is a job of its own.
        let key = task.idempotency_key().map(|key| key.limited(Charset::Hex, 32));
        let key = key.transpose().or_permanent("a key is too short for a job id")?;
        let job_id = key.unwrap_or_else(|| format!("{:032x}", fastrand::u128(..)));
        let savepoint_on_cancel = task.config.savepoint_on_cancel();
        let url = base.as_str().to_owned();
        let job = FlinkJob { url, job_id, time_limit, savepoint_on_cancel };
        let place = job.place(&base, task.context.connection.flink_token.as_ref());
        self.start(&task.config, place).await.map_err(|error| match error.kind() {
            // Credentials that are no good are none at the next attempt either.
            ErrorKind::Unauthenticated | ErrorKind::NotFound => {
                ConnectorError::permanent(error.message().to_owned()).with_source(error)
            }
            _ => error,
        })?;
        Ok(job)
    }

    async fn get(&self, job: &FlinkJob, cx: &TaskContext<Self>) -> Result<Resource> {
        let base = job.base()?;
        let place = job.place(&base, cx.connection.flink_token.as_ref());
        let call = &cx.call;
        let state = self.api.state(place, call).await?;
        // Behind the state by seconds, so that only what cannot be wrong is taken from it.
        let seen = aside(call, self.api.job(place, call)).await.unwrap_or_default();
        let resource = report::resource(&state, &seen, place);
        let is_overdue = seen.took_longer_than(job.time_limit);
        Ok(match JOB.phase(&state) {
            Some(Phase::Running) if is_overdue => {
                self.api.cancel(place).await?;
                resource.message("over its `time_limit`, and being cancelled")
            }
            Some(Phase::Running) if state == "RUNNING" && seen.waits() => report::told(
                resource,
                Phase::WaitingForResources,
                "the job waits for slots of the session",
            ),
            Some(Phase::Aborted) if is_overdue => {
                let text =
                    "the job took longer than the `time_limit` of its task and was cancelled";
                report::told(resource, Phase::Failed, text)
            }
            Some(Phase::Failed) => {
                let cause = aside(call, self.cause(place, call)).await;
                report::told(resource, Phase::Failed, report::failure(&seen, cause))
            }
            Some(Phase::Succeeded) => match self.stopped_with(place, call).await? {
                Some(path) => {
                    let text = format!("the job was stopped with the savepoint {path}");
                    report::told(resource, Phase::Aborted, text).info("savepoint", path)
                }
                None => resource,
            },
            _ => resource,
        })
    }

    async fn delete(&self, job: &FlinkJob, cx: &TaskContext<Self>) -> Result<()> {
        let base = job.base()?;
        let place = job.place(&base, cx.connection.flink_token.as_ref());
        let folder = job.savepoint_on_cancel.as_deref();
        cancel::until_ended(&self.api, place, folder, &cx.call).await
    }

    async fn get_logs(&self, job: &FlinkJob, query: LogQuery, cx: &CallContext) -> Result<Logs> {
        let at = logs::Position::read(&query.token)?;
        let session = Session {
            api: Arc::clone(&self.api),
            base: job.base()?,
            job_id: job.job_id.clone(),
            // The request brings no connection.
            token: self.settings.secret("flink_token"),
        };
        let seen = self.api.job(session.place(), cx).await?;
        let machines = logs::machines(&session, &seen, cx).await?;
        logs::answer(session, machines, at, query.lines, cx.clone()).await
    }

    async fn get_metrics(
        &self,
        job: &FlinkJob,
        query: MetricsQuery,
        cx: &CallContext,
    ) -> Result<Vec<Metric>> {
        // The request brings no connection.
        let (base, token) = (job.base()?, self.settings.secret("flink_token"));
        let seen = self.api.job(job.place(&base, token.as_ref()), cx).await?;
        Ok(report::metrics(&seen, &query.queries))
    }
}
