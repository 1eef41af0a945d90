//! Ray for Flyte: a task as a job of a cluster's Jobs API.
//!
//! Task type `ray_job`, version 0. Name the crate in a server and it is served:
//!
//! ```ignore
//! connector_service::main!(connector_ray);
//! ```
//!
//! The operator may set `CONNECTOR__RAY_JOB__ADDRESS`, the dashboard of the cluster that tasks run on which name
//! none, name the others that tasks may name in `…__ALLOWED_HOSTS`, and lend the secret `ray_token` for clusters with
//! `RAY_AUTH_MODE=token`.
//!
//! What this does beyond passing a job on:
//!
//! - The submission id comes from the attempt's key, so that two creates are one job. A record that is there already
//!   is taken over only if it has this command.
//! - Ray answers "stopped" for a job that waits, and starts its command later all the same. The command
//!   begins with a second's wait in which Ray's own stop arrives; a cancelled job is followed up until its record is
//!   final.
//! - What the command left in its process group ends with it, which Ray leaves running.
// Facts about Ray are those of 2.60.0, seen there; `tests/engines` holds them.

mod api;
mod cancel;
mod code;
mod config;
pub(crate) mod entrypoint;
mod logs;
mod states;

use std::sync::Arc;
use std::time::Duration;

use connector_core::prelude::*;
use connector_http::{Reach, Url};

use crate::api::{Api, Place};
use crate::cancel::{Cancelled, Cancels};
use crate::config::address;
pub use crate::config::{Access, RayTask};
use crate::logs::Position;

/// What later calls need to find the job again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RayJob {
    /// The dashboard of its cluster.
    address: String,
    submission_id: String,
    /// In seconds.
    #[serde(default)]
    time_limit: Option<u64>,
}

/// Ray makes one job of two submissions with one id.
const POLICY: Policy = Policy::new().keyed(true);
/// How long a cancel waits for a job that runs: Ray gives it 3 s between SIGTERM and SIGKILL.
const STOPPED_WITHIN: Duration = Duration::from_secs(8);

/// The connector.
#[connector(task_type = "ray_job", name = "Ray Connector", meta = RayJob, config = RayTask,
            connection = Access, init = Ray::new, policy = POLICY)]
#[derive(Debug)]
pub struct Ray {
    api: Arc<Api>,
    cancels: Cancels,
    /// The cluster of tasks that name none.
    address: Option<Url>,
    /// Which others they may name.
    reach: Reach,
    /// What the operator lends is read anew for each log, because it may change.
    settings: Settings,
}

impl Ray {
    /// A connector with those settings of the operator.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: the setting `address` is no URL, or `allowed_hosts` has an entry that is no host.
    pub fn new(settings: &Settings) -> Result<Self> {
        let address = settings.get("address").map(|text| {
            address(text).map_err(|error| {
                ConnectorError::permanent(format!("the setting `address`: {error}"))
            })
        });
        Ok(Self {
            api: Arc::new(Api::new()?),
            cancels: Cancels::default(),
            address: address.transpose()?,
            reach: Reach::from_settings(settings)?,
            settings: settings.clone(),
        })
    }

    fn cluster(&self, task: &RayTask) -> Result<Url> {
        match (task.address(), &self.address) {
            (Some(named), operators) => {
                let named = address(named)?;
                if operators.as_ref() != Some(&named) {
                    self.reach.check("the Ray cluster", &named)?;
                }
                Ok(named)
            }
            (None, Some(operators)) => Ok(operators.clone()),
            (None, None) => Err(ConnectorError::invalid_task(
                "the task names no cluster: give `address=\"http://HOST:8265\"`, or have the operator set \
                 CONNECTOR__RAY_JOB__ADDRESS",
            )),
        }
    }
}

impl AsyncConnector for Ray {
    fn endpoints(&self) -> Vec<String> {
        self.address.iter().map(ToString::to_string).collect()
    }

    async fn create(&self, task: CreateTask<Self>) -> Result<RayJob> {
        let cluster = self.cluster(&task.config)?;
        // Without a key nobody says which attempt this is, so it is a job of its own.
        let key = task.idempotency_key().map(|key| key.as_str().to_owned());
        let key = key.unwrap_or_else(|| format!("{:032x}", fastrand::u128(..)));
        let submission_id = format!("flyte-{key}");
        let code = task.config.code()?;
        let body = task.config.submission(&submission_id, code.as_ref())?;
        let place = Place { cluster: &cluster, access: &task.context.connection };
        if let Some(code) = &code {
            self.api.upload(place, code).await?;
        }
        self.api.submit(place, &submission_id, &body).await?;
        let time_limit = task.config.time_limit();
        Ok(RayJob { address: cluster.to_string(), submission_id, time_limit })
    }

    async fn get(&self, job: &RayJob, cx: &TaskContext<Self>) -> Result<Resource> {
        let cluster = address(&job.address)?;
        let place = Place { cluster: &cluster, access: &cx.connection };
        let record = match self.api.record(place, &job.submission_id, cx.call.deadline).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(states::gone(job)),
            answered => answered?,
        };
        Ok(states::resource(&record, job, &cluster))
    }

    async fn delete(&self, job: &RayJob, cx: &TaskContext<Self>) -> Result<()> {
        let cluster = address(&job.address)?;
        let cancelled =
            self.cancels.follow(&self.api, &cluster, &cx.connection, &job.submission_id);
        let left = cx.call.remaining().map_or(STOPPED_WITHIN, |left| left * 3 / 4);
        match cancelled.within(left.min(STOPPED_WITHIN)).await? {
            Cancelled::Ended | Cancelled::WillNotStart => Ok(()),
            Cancelled::Running => Err(ConnectorError::transient(format!(
                "Ray has taken the stop of {}, and it still runs",
                job.submission_id
            ))),
        }
    }

    async fn get_logs(&self, job: &RayJob, query: LogQuery, cx: &CallContext) -> Result<Logs> {
        let at = Position::read(&query.token)?;
        let cluster = address(&job.address)?;
        // The request brings no connection.
        let access = Access::of_operator(&self.settings);
        let place = Place { cluster: &cluster, access: &access };
        let record = self.api.record(place, &job.submission_id, cx.deadline).await?;
        let text = self.api.log(place, &job.submission_id, cx.deadline).await?;
        Ok(logs::answer(text, &record.heading(&job.submission_id), at, query.lines))
    }
}
