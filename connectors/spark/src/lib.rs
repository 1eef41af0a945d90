//! Apache Spark for Flyte: a task as a driver of a standalone cluster.
//!
//! Task type `spark_submission`, version 0, over the REST submission server of a master
//! (`spark.master.rest.enabled=true`). Name the crate in a server and it is served:
//!
//! ```ignore
//! connector_service::main!(connector_spark);
//! ```
//!
//! The operator may set `CONNECTOR__SPARK_SUBMISSION__URL`, the submission server of tasks that name none, and `…__UI_URL`,
//! the master's web UI, name the others that tasks may name in `…__ALLOWED_HOSTS`, and lend the secret `spark_token` for masters with `org.apache.spark.ui.JWSFilter`.
//!
//! What this does beyond passing a program on:
//!
//! - Spark takes no id from whoever submits. The attempt's key goes along as a property, and before a driver is
//!   submitted those that are there are looked through for it, in their logs.
//! - Spark kills a driver's JVM and leaves its Python program running: such a program has a launcher that ends it.
//! - Spark has no upload. Code that comes with a task travels in arguments and variables of its driver.
//! - A failure says how the program ended and what it wrote last, which Spark's own answer does not.
// Facts about Spark were seen with 4.3.0, a standalone cluster; `tests/engines` holds them.

mod api;
mod attempts;
mod code;
mod config;
mod launcher;
mod logs;
mod pages;
mod report;
mod states;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use connector_core::prelude::*;
use connector_http::{BaseUrl, Reach, Url, aside};
use futures_util::stream;

use crate::api::{Api, Master};
use crate::attempts::{Attempts, Wanted};
pub use crate::config::SubmissionTask;
use crate::logs::Position;
use crate::pages::Pages;
use crate::states::Status;

/// How much of the end of a log is read for a failure, in bytes.
const TAIL: u64 = 16 * 1024;
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long one delete waits for the end of a driver, whose caller does not say how long it waits.
const LONGEST: Duration = Duration::from_secs(60);
/// The caller gets its answer that long before it hangs up.
const MARGIN: Duration = Duration::from_secs(1);
/// So long after the end of its JVM a program has ended: its launcher sees that within 0.1 s, and gives the program 1 s
/// between SIGTERM and SIGKILL.
const PROGRAM_ENDS_WITHIN: Duration = Duration::from_millis(1_500);

/// What later calls need to find the driver again.
#[derive(Debug, Serialize, Deserialize)]
pub struct SparkDriver {
    url: String,
    ui_url: Option<String>,
    submission_id: String,
    is_python: bool,
    /// In seconds; none without a limit.
    time_limit: Option<u64>,
}

/// How the submission server knows who calls.
#[derive(Debug, Default, TaskConnection)]
pub struct Access {
    /// A signed JWT, for masters with `org.apache.spark.ui.JWSFilter` in front of their submission server; others need
    /// none.
    #[secret]
    spark_token: Option<Secret>,
}

/// The connector.
#[connector(task_type = "spark_submission", name = "Spark Connector", meta = SparkDriver, config = SubmissionTask,
            connection = Access, init = Spark::new)]
#[derive(Debug)]
pub struct Spark {
    api: Api,
    pages: Arc<Pages>,
    attempts: Attempts,
    /// Those of tasks that name none.
    url: Option<BaseUrl>,
    ui_url: Option<BaseUrl>,
    /// Which others tasks may name.
    reach: Reach,
    settings: Settings,
}

impl Spark {
    /// A connector with those settings of the operator.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: a setting is no address, or `allowed_hosts` has an entry that is no host.
    pub fn new(settings: &Settings) -> Result<Self> {
        let url = BaseUrl::of_operator(settings)?;
        let ui_url = settings.get("ui_url").map(|ui| {
            let read = BaseUrl::read(&settings.variable("ui_url"), ui);
            read.map_err(|error| ConnectorError::permanent(error.message()))
        });
        let ui_url = ui_url.transpose()?;
        Ok(Self {
            api: Api::new()?,
            pages: Arc::new(Pages::new(ui_url.clone(), Reach::from_settings(settings)?)?),
            attempts: Attempts::default(),
            reach: Reach::from_settings(settings)?,
            url,
            ui_url,
            settings: settings.clone(),
        })
    }

    fn base(&self, task: &SubmissionTask) -> Result<BaseUrl> {
        let base =
            BaseUrl::of_task(task.url.as_deref(), self.url.as_ref(), "Spark", &self.settings)?;
        base.within(&self.reach, self.url.as_ref(), "Spark")
    }

    /// The web UI of the master: the operator's belongs to the operator's master.
    fn ui(&self, task: &SubmissionTask, base: &BaseUrl) -> Result<Option<BaseUrl>> {
        match task.ui_url.as_deref().filter(|ui| !ui.is_empty()) {
            Some(ui) => {
                let ui = BaseUrl::read("`custom.ui_url`", ui)?;
                ui.within(&self.reach, self.ui_url.as_ref(), "Spark's web UI").map(Some)
            }
            None if self.url.as_ref() == Some(base) => Ok(self.ui_url.clone()),
            None => Ok(None),
        }
    }

    /// Where the pages of the driver's worker are, as far as that is known.
    async fn worker(
        &self,
        ui: Option<&BaseUrl>,
        status: &Status,
        call: &CallContext,
    ) -> Option<Result<Url>> {
        Some(aside(call, self.pages.worker(ui?, status.worker_id.as_deref()?, Some(call))).await)
    }

    /// Whether the driver takes longer than it may, which for Python its launcher sees to.
    async fn is_overdue(
        &self,
        driver: &SparkDriver,
        ui: Option<&BaseUrl>,
        call: &CallContext,
    ) -> Result<bool> {
        let (Some(limit), Some(ui), false) = (driver.time_limit, ui, driver.is_python) else {
            return Ok(false);
        };
        let state = self.pages.state(ui, Some(call)).await?;
        let submitted = state.driver(&driver.submission_id).and_then(pages::Driver::submitted);
        let submitted = submitted.and_then(|at| UNIX_EPOCH.checked_add(Duration::from_millis(at)));
        let took = submitted.and_then(|at| SystemTime::now().duration_since(at).ok());
        Ok(took.is_some_and(|took| took > Duration::from_secs(limit)))
    }
}

impl SparkDriver {
    fn base(&self) -> Result<BaseUrl> {
        BaseUrl::read("the driver's `url`", &self.url)
    }

    fn ui(&self) -> Result<Option<BaseUrl>> {
        self.ui_url.as_deref().map(|ui| BaseUrl::read("the driver's `ui_url`", ui)).transpose()
    }
}

impl AsyncConnector for Spark {
    fn endpoints(&self) -> Vec<String> {
        [&self.url, &self.ui_url].into_iter().flatten().map(|url| url.as_str().to_owned()).collect()
    }

    async fn create(&self, task: CreateTask<Self>) -> Result<SparkDriver> {
        let config = &task.config;
        let base = self.base(config)?;
        let ui = self.ui(config, &base)?;
        let time_limit = config.time_limit(ui.is_some())?;
        // Without a key nobody says which attempt this is, so it is a driver of its own.
        let key = task.idempotency_key().map(|key| key.as_str().to_owned());
        let key = key.unwrap_or_else(|| format!("{:032x}", fastrand::u128(..)));
        let body = config.submission(&key)?;
        let master = Master { base: &base, token: task.context.connection.spark_token.as_ref() };
        let wanted = Wanted { key: &key, class: Some(config.shown_class()?) };
        let ui_of = (&*self.pages, ui.as_ref());
        let submitted = self.attempts.submit(&self.api, master, ui_of, (wanted, &body));
        let submission_id = submitted.await.map_err(|error| match error.kind() {
            // Credentials that are no good are none at the next attempt either.
            ErrorKind::Unauthenticated | ErrorKind::NotFound => {
                ConnectorError::permanent(error.message().to_owned()).with_source(error)
            }
            _ => error,
        })?;
        Ok(SparkDriver {
            url: base.as_str().to_owned(),
            ui_url: ui.map(|ui| ui.as_str().to_owned()),
            submission_id,
            is_python: config.is_python(),
            time_limit,
        })
    }

    async fn get(&self, job: &SparkDriver, cx: &TaskContext<Self>) -> Result<Resource> {
        let (base, ui, call) = (job.base()?, job.ui()?, &cx.call);
        let master = Master { base: &base, token: cx.connection.spark_token.as_ref() };
        let status = match self.api.status(master, &job.submission_id, call).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(report::gone(job)),
            answered => answered?,
        };
        let worker = self.worker(ui.as_ref(), &status, call).await;
        let known = worker.as_ref().and_then(|worker| worker.as_ref().ok());
        let resource = report::resource(&status, job, (ui.as_ref(), known));
        Ok(match status.state() {
            "FAILED" => {
                let tails = match worker {
                    Some(Ok(worker)) => {
                        let tails = self.pages.tails(&worker, &job.submission_id, TAIL, call);
                        Some(aside(call, tails).await)
                    }
                    Some(Err(error)) => Some(Err(error)),
                    None => None,
                };
                let (text, code) = report::failure(job, tails);
                let resource = report::told(resource, Phase::Failed, text);
                match code {
                    Some(code) => resource.info("exit_code", code),
                    None => resource,
                }
            }
            "ERROR" => {
                let (phase, text) = status.error();
                report::told(resource, phase, text)
            }
            "KILLED" if self.is_overdue(job, ui.as_ref(), call).await? => {
                let text =
                    "the driver took longer than the `time_limit` of its task and was killed";
                report::told(resource, Phase::Failed, text)
            }
            "SUBMITTED" | "RUNNING" if self.is_overdue(job, ui.as_ref(), call).await? => {
                self.api.kill(master, &job.submission_id).await?;
                resource.message("over its `time_limit`, and being killed")
            }
            _ => resource,
        })
    }

    async fn delete(&self, job: &SparkDriver, cx: &TaskContext<Self>) -> Result<()> {
        let base = job.base()?;
        let master = Master { base: &base, token: cx.connection.spark_token.as_ref() };
        let began = tokio::time::Instant::now();
        let patience = cx.call.remaining().map_or(LONGEST, |left| left.saturating_sub(MARGIN));
        let mut asked = false;
        loop {
            let status = self.api.status(master, &job.submission_id, &cx.call).await?;
            if status.is_final() {
                // Of a driver that had ended before there is nothing to wait for.
                if asked && job.is_python && status.worker_id.is_some() {
                    tokio::time::sleep(PROGRAM_ENDS_WITHIN).await;
                }
                return Ok(());
            }
            if !asked {
                self.api.kill(master, &job.submission_id).await?;
                asked = true;
            } else if began.elapsed() + LOOK_EVERY >= patience {
                let text = format!("the driver is told to end, and is {} still", status.state());
                return Err(ConnectorError::transient(text));
            } else {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }

    async fn find(
        &self,
        key: &IdempotencyKey,
        _: &TaskContext<Self>,
    ) -> Result<Option<SparkDriver>> {
        // Which master the task names does not come along. On another than the operator's nothing is found here, and the
        // create that follows looks there.
        let (Some(url), Some(ui)) = (&self.url, &self.ui_url) else { return Ok(None) };
        let found = self.attempts.find(&self.pages, ui, key.as_str()).await?;
        Ok(found.map(|found| SparkDriver {
            url: url.as_str().to_owned(),
            ui_url: Some(ui.as_str().to_owned()),
            submission_id: found.id,
            is_python: found.class == launcher::RUNNER,
            time_limit: found.time_limit,
        }))
    }

    async fn get_logs(&self, job: &SparkDriver, query: LogQuery, cx: &CallContext) -> Result<Logs> {
        let at = Position::read(&query.token)?;
        let (base, ui) = (job.base()?, job.ui()?);
        let ui = ui.ok_or_else(|| {
            ConnectorError::unsupported(
                "the logs of a driver are on its worker, and read where a `ui_url` is given",
            )
        })?;
        // The request brings no connection.
        let token = self.settings.secret("spark_token");
        let master = Master { base: &base, token: token.as_ref() };
        let status = self.api.status(master, &job.submission_id, cx).await?;
        let Some(worker) = self.worker(Some(&ui), &status, cx).await.transpose()? else {
            let text = "no worker has started the driver yet";
            return Ok(LogPage::new([LogLine::system(None::<SystemTime>, text)]).into());
        };
        let driver = job.submission_id.clone();
        if query.lines.is_some() {
            return Ok(logs::page(&self.pages, (&worker, &driver), at, query.lines, cx)
                .await?
                .into());
        }
        let (pages, call) = (Arc::clone(&self.pages), cx.clone());
        Ok(Logs::stream(stream::try_unfold(Some(at), move |at| {
            let (pages, call, worker, driver) =
                (Arc::clone(&pages), call.clone(), worker.clone(), driver.clone());
            async move {
                let Some(at) = at else { return Ok(None) };
                let page = logs::page(&pages, (&worker, &driver), at, None, &call).await?;
                let next = page.next_token.as_deref().map(Position::read).transpose()?;
                Ok(Some((page, next)))
            }
        })))
    }
}
