//! Apache Airflow for Flyte: a task as a run of a DAG.
//!
//! Task type `airflow_dag`, version 0, over the REST API v2 of Airflow 3. Name the crate in a server and it is
//! served:
//!
//! ```ignore
//! connector_service::main!(connector_airflow);
//! ```
//!
//! The id of a run comes from the attempt's key, so that however often an attempt is created there is one run.
//! A failure names the tasks that failed and what they raised, and a cancel is done when the processes of its
//! tasks are gone: Airflow calls them failed some ten seconds before that.
//!
//! The operator may set `CONNECTOR__AIRFLOW_DAG__URL`, where tasks that name no `url` run, and lend the secrets
//! `airflow_token`, or `airflow_username` and `airflow_password`. Logs and metrics are asked for without a
//! task's secrets, so they need the operator's.
// Facts about Airflow were seen with 3.3.2, `airflow standalone`, simple auth manager, LocalExecutor.

mod api;
mod cancel;
mod config;
mod credentials;
mod logs;
mod report;
mod states;

use std::time::{Duration, SystemTime};

use connector_core::prelude::*;
use connector_http::{BaseUrl, Reach, aside};
use futures_util::stream;

use crate::api::{Api, Place};
pub use crate::config::DagRunTask;
pub use crate::credentials::Access;
use crate::logs::Position;
use crate::states::{Run, TaskInstance, Why, time};

/// What later calls need to find the run again.
#[derive(Debug, Serialize, Deserialize)]
pub struct DagRun {
    url: String,
    dag_id: String,
    dag_run_id: String,
    /// In seconds; none without a limit.
    time_limit: Option<u64>,
}

/// The id of a run comes from the attempt's key.
const POLICY: Policy = Policy::new().keyed(true);

/// The connector.
#[connector(task_type = "airflow_dag", name = "Airflow Connector", meta = DagRun, config = DagRunTask,
            connection = Access, init = Airflow::new, policy = POLICY)]
#[derive(Debug)]
pub struct Airflow {
    api: Api,
    /// The Airflow of tasks that name none.
    url: Option<BaseUrl>,
    /// Which others they may name.
    reach: Reach,
    /// What the operator lends is read anew for each log, because it may change.
    settings: Settings,
}

impl Airflow {
    /// A connector with those settings of the operator.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: the setting `url` is no address, or `allowed_hosts` has an entry that is no host.
    pub fn new(settings: &Settings) -> Result<Self> {
        let url = BaseUrl::of_operator(settings)?;
        let reach = Reach::from_settings(settings)?;
        Ok(Self { api: Api::new()?, url, reach, settings: settings.clone() })
    }

    fn base(&self, task: &DagRunTask) -> Result<BaseUrl> {
        let operators = self.url.as_ref();
        let base = BaseUrl::of_task(task.url.as_deref(), operators, "Airflow", &self.settings)?;
        base.within(&self.reach, operators, "Airflow")
    }

    /// A run that Airflow calls failed: cancelled from here, or by itself.
    async fn ended_badly(
        &self,
        (run, resource): (&Run, Resource),
        place: Place<'_>,
        call: &CallContext,
    ) -> Result<Resource> {
        let Some(why) = run.cancelled() else {
            return Ok(self.failed(resource, place, call).await);
        };
        let at_work = cancel::at_work(&self.api, place, run, call).await?;
        if !at_work.is_empty() {
            let text = format!("cancelled; still at work: {}", at_work.join(", "));
            return Ok(report::told(resource, Phase::Running, text));
        }
        Ok(match why {
            Why::Deleted => report::told(resource, Phase::Aborted, "cancelled by Flyte"),
            Why::Overdue => {
                let text =
                    "the run took longer than the `time_limit` of its task and was cancelled";
                report::told(resource, Phase::Failed, text)
            }
        })
    }

    /// A run that failed by itself, with what its tasks said.
    async fn failed(&self, resource: Resource, place: Place<'_>, call: &CallContext) -> Resource {
        let tasks = match aside(call, self.api.tasks(place, call)).await {
            Ok(tasks) => tasks,
            Err(error) => {
                let text = format!("the run failed (its tasks cannot be read: {error})");
                return report::told(resource, Phase::Failed, text);
            }
        };
        let failed: Vec<&TaskInstance> = tasks.iter().filter(|task| task.has_failed()).collect();
        let mut said = Vec::new();
        for task in failed.iter().take(report::MOST_TASKS) {
            let log = aside(call, self.api.log(place, (task, task.try_number), call)).await;
            said.push((report::named(task), log.map(|log| logs::last_error(&log))));
        }
        let resource = report::with_links(report::with_tasks(resource, &tasks), &failed, place);
        report::told(resource, Phase::Failed, report::failure(place, &tasks, &said))
    }

    /// A run that waits, and for what, as far as that can be told.
    async fn waiting(&self, resource: Resource, place: Place<'_>, call: &CallContext) -> Resource {
        let text = match aside(call, self.api.is_paused(place, call)).await {
            Ok(true) => format!(
                "the DAG `{}` is paused, and its runs wait: un-pause it in Airflow, or have the task say \
                 `unpause`",
                place.dag_id
            ),
            _ => format!("Airflow has not begun with the run of `{}` yet", place.dag_id),
        };
        report::told(resource, Phase::Queued, text)
    }
}

impl DagRun {
    fn base(&self) -> Result<BaseUrl> {
        BaseUrl::read("the run's `url`", &self.url)
    }

    fn place<'a>(&'a self, base: &'a BaseUrl, access: &'a Access) -> Place<'a> {
        Place { base, dag_id: &self.dag_id, run_id: &self.dag_run_id, access }
    }

    /// Whether the run has taken too long, by the clock of this machine.
    fn is_overdue(&self, run: &Run) -> bool {
        let took = time(run.start_date.as_deref()).and_then(|began| began.elapsed().ok());
        let limit = self.time_limit.map(Duration::from_secs);
        took.zip(limit).is_some_and(|(took, limit)| took > limit)
    }
}

impl AsyncConnector for Airflow {
    fn endpoints(&self) -> Vec<String> {
        self.url.iter().map(|url| url.as_str().to_owned()).collect()
    }

    async fn create(&self, task: CreateTask<Self>) -> Result<DagRun> {
        let config = &task.config;
        if config.dag_id.is_empty() {
            return Err(ConnectorError::invalid_task("`custom.dag_id` is empty"));
        }
        let (conf, note) = (config.conf(&task.inputs)?, config.note()?);
        let time_limit = config.time_limit()?.map(|limit| limit.as_secs());
        let base = self.base(config)?;
        // Without a key nobody says which attempt this is, so it is a run of its own.
        let key = task.idempotency_key().map(|key| key.as_str().to_owned());
        let key = key.unwrap_or_else(|| format!("{:032x}", fastrand::u128(..)));
        let run = DagRun {
            url: base.as_str().to_owned(),
            dag_id: config.dag_id.clone(),
            dag_run_id: format!("flyte-{key}"),
            time_limit,
        };
        let place = run.place(&base, &task.context.connection);
        let started = async {
            if config.unpause {
                self.api.unpause(place).await?;
            }
            self.api.start(place, &conf, note).await
        };
        started.await.map_err(|error| match error.kind() {
            // Credentials that are no good are none at the next attempt either.
            ErrorKind::Unauthenticated => {
                ConnectorError::permanent(error.message().to_owned()).with_source(error)
            }
            ErrorKind::NotFound => {
                let text = format!("there is no such DAG at {}: {error}", run.url);
                ConnectorError::invalid_task(text).with_source(error)
            }
            _ => error,
        })?;
        Ok(run)
    }

    async fn get(&self, job: &DagRun, cx: &TaskContext<Self>) -> Result<Resource> {
        let base = job.base()?;
        let (place, call) = (job.place(&base, &cx.connection), &cx.call);
        let run = self.api.run(place, call).await?;
        let resource = report::resource(&run, place);
        Ok(match run.phase() {
            Some(Phase::Queued) => self.waiting(resource, place, call).await,
            Some(Phase::Running) if job.is_overdue(&run) => {
                cancel::stop(&self.api, place, (&run, Why::Overdue), call).await?;
                report::told(resource, Phase::Running, "over its `time_limit`, and being cancelled")
            }
            Some(Phase::Succeeded) if run.is_success_by_word() => {
                let text = "somebody has set the run to success before Airflow began with it: none of its \
                            tasks ran";
                report::told(resource, Phase::Failed, text)
            }
            Some(Phase::Failed) => self.ended_badly((&run, resource), place, call).await?,
            _ => resource,
        })
    }

    async fn delete(&self, job: &DagRun, cx: &TaskContext<Self>) -> Result<()> {
        let base = job.base()?;
        let (place, call) = (job.place(&base, &cx.connection), &cx.call);
        let run = self.api.run(place, call).await?;
        // A run that ended by itself is left as it is: Airflow would call a success a failure.
        if run.is_final() && run.cancelled().is_none() {
            return Ok(());
        }
        cancel::stop(&self.api, place, (&run, Why::Deleted), call).await?;
        cancel::settled(&self.api, place, call).await
    }

    async fn get_logs(&self, job: &DagRun, query: LogQuery, cx: &CallContext) -> Result<Logs> {
        let at = Position::read(&query.token)?;
        // The request brings no connection.
        let (base, access) = (job.base()?, Access::of_operator(&self.settings));
        let place = job.place(&base, &access);
        let tasks = self.api.tasks(place, cx).await?;
        let Some(reading) = logs::choose(&tasks, at.as_ref(), &query.token)? else {
            let text = "no task of the run has begun yet";
            return Ok(LogPage::new([LogLine::system(None::<SystemTime>, text)]).into());
        };
        let log = self.api.log(place, (reading.task, reading.attempt), cx).await?;
        let pages = logs::pages(&reading, &log, query.lines);
        Ok(Logs::stream(stream::iter(pages.into_iter().map(Ok))))
    }

    async fn get_metrics(
        &self,
        job: &DagRun,
        query: MetricsQuery,
        cx: &CallContext,
    ) -> Result<Vec<Metric>> {
        let (base, access) = (job.base()?, Access::of_operator(&self.settings));
        let tasks = self.api.tasks(job.place(&base, &access), cx).await?;
        Ok(report::metrics(&tasks, &query.queries))
    }
}
