//! Databricks for Flyte: a task as a run of a job.
//!
//! Task types `databricks` and `spark`, version 0: tasks that the official plug-ins wrote, Flyte 2's
//! `flyteplugins-databricks` and Flyte 1's `flytekitplugins-spark`, run here unchanged, and runs that the official
//! connectors started are polled and cancelled here, too.
//! Name the crate in a server and it is served:
//!
//! ```ignore
//! connector_service::main!(connector_databricks);
//! ```
//!
//! The operator may set `CONNECTOR__DATABRICKS__INSTANCE` (or `FLYTE_DATABRICKS_INSTANCE`),
//! `…__API_VERSION` (`2.1`, `2.2`) and `…__OIDC_TOKEN_FILE`, and lend the secrets `databricks_token` (or
//! `flyte_databricks_access_token`), `databricks_client_id`, `databricks_client_secret` and `databricks_oidc_token`.
// Facts about the vendor and the official connectors are those of their plug-ins, versions 2.12.1 and 1.16.31,
// and of the vendor's SDK for Python, version 0.162.0.

mod api;
mod config;
mod credentials;
mod logs;
mod meta;
mod report;
mod run;
mod states;
mod submission;
mod workspace;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use connector_core::Flyte;
use connector_core::prelude::*;
use connector_http::{Endpoint, aside};

use crate::api::{Api, Place, id};
pub use crate::config::RunTask;
pub use crate::credentials::Access;
use crate::logs::Position;
use crate::meta::SignIn;
pub use crate::meta::SubmittedRun;
use crate::run::Run;
use crate::states::Standing;
use crate::workspace::Workspace;

/// The idempotency token of a run comes from the attempt's key.
const POLICY: Policy = Policy::new().keyed(true);

/// The connector.
#[connector(task_type = ["databricks", "spark"], name = "Databricks Connector", meta = SubmittedRun,
            config = RunTask, connection = Access, init = Databricks::new, policy = POLICY)]
#[derive(Debug)]
pub struct Databricks {
    api: Api,
    /// The workspace of tasks that name none.
    instance: Option<String>,
    /// Whose credentials serverless tasks of Flyte 1 take that name nobody's.
    credential_provider: Option<String>,
    /// What the operator lends is read anew for each log, because it may change.
    settings: Settings,
}

impl Databricks {
    /// A connector with those settings of the operator.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: a setting or the variable `DATABRICKS_HOST_OVERRIDE` cannot be read.
    pub fn new(settings: &Settings) -> Result<Self> {
        let mut new = Self::at(settings, Endpoint::from_variable("DATABRICKS_HOST_OVERRIDE")?)?;
        let official = || std::env::var("FLYTE_DATABRICKS_INSTANCE").ok();
        new.instance = new.instance.or_else(official).filter(|instance| !instance.is_empty());
        new.credential_provider =
            std::env::var("FLYTE_DATABRICKS_SERVICE_CREDENTIAL_PROVIDER").ok();
        Ok(new)
    }

    /// A connector whose calls go to that endpoint, for tests and private gateways.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: a setting cannot be read.
    pub fn at(settings: &Settings, endpoint: Endpoint) -> Result<Self> {
        let instance = settings.get("instance").map(str::to_owned);
        let (api, settings) = (Api::at(endpoint, settings)?, settings.clone());
        Ok(Self { api, instance, credential_provider: None, settings })
    }

    fn workspace(&self, task: &RunTask) -> Result<Workspace> {
        let named = task.instance.as_deref().filter(|instance| !instance.is_empty());
        let instance = named.or(self.instance.as_deref()).ok_or_else(|| {
            ConnectorError::invalid_task(
                "Missing databricks instance. Give `Databricks(databricks_instance=\"…\")`, or have the \
                 operator set FLYTE_DATABRICKS_INSTANCE or CONNECTOR__DATABRICKS__INSTANCE",
            )
        })?;
        Workspace::read(instance)
    }

    /// What the operator lends for a run, for calls that bring no connection.
    fn lent(&self, job: &SubmittedRun) -> Access {
        let access = Access::of_operator(&self.settings);
        job.access_of_its_own(&access, &self.settings).unwrap_or(access)
    }

    /// What the failed tasks of a run said at their end.
    async fn last_words(&self, run: Run, place: Place<'_>, call: &CallContext) -> String {
        let run = match self.api.all_tasks(run, place, call).await {
            Ok(run) => run,
            Err(error) => return format!("\n(its tasks cannot be read: {error})"),
        };
        let parts = run.parts();
        let failed = |part: &&Run| parts.len() == 1 || Standing::of(part).is_failure();
        let mut text = String::new();
        for task in parts.iter().copied().filter(failed).take(report::MOST_TASKS) {
            let run_id = id_of(task, place.run_id);
            let output = self.api.output(Place { run_id: &run_id, ..place }, call).await;
            text.push_str(&report::last_words(task, &output));
        }
        text
    }
}

/// The id of a run, or of a task of it.
fn id_of(run: &Run, otherwise: &str) -> String {
    run.run_id.as_ref().and_then(id).unwrap_or_else(|| otherwise.to_owned())
}

impl AsyncConnector for Databricks {
    fn endpoints(&self) -> Vec<String> {
        let workspace = self.instance.as_deref().and_then(|name| Workspace::read(name).ok());
        self.api.address(workspace.as_ref()).into_iter().collect()
    }

    async fn create(&self, task: CreateTask<Self>) -> Result<SubmittedRun> {
        let container = match &task.template.target {
            Some(pb::task_template::Target::Container(container)) => Some(container),
            _ => None,
        };
        let flyte = task.context.call.flyte;
        let provider = self.credential_provider.as_deref();
        let mut body = submission::body(&task.config, container, flyte, provider)?;
        if submission::loses_variables(&body, container) {
            tracing::warn!(
                key = %task.context.call.key,
                "the task runs on a cluster that is there already, which gets none of its variables"
            );
        }
        // Without a key nobody says which attempt this is, so it is a run of its own.
        let key = task.idempotency_key();
        let token = key.as_ref().map(|key| key.databricks_token().to_owned());
        let token = token.unwrap_or_else(|| format!("flyte-{:032x}", fastrand::u128(..)));
        body.entry("idempotency_token").or_insert(token.into());
        let workspace = self.workspace(&task.config)?;
        let namespace = task.execution.as_ref().map_or("", |execution| &execution.namespace);
        let access = &task.context.connection;
        let lent = (flyte == Flyte::V1 && !access.is_tasks())
            .then(|| Access::of_namespace(namespace, &self.settings))
            .flatten();
        let access = lent.as_ref().unwrap_or(access);
        let submitted = self.api.submit(&workspace, &body, access).await;
        let run_id = submitted.map_err(|error| match error.kind() {
            // A token that is no good is none at the next attempt either.
            ErrorKind::Unauthenticated => {
                ConnectorError::permanent(error.message().to_owned()).with_source(error)
            }
            _ => error,
        })?;
        let of_flyte_1 = (flyte == Flyte::V1).then(|| SignIn::of(&task.config, access, namespace));
        let databricks_instance = workspace.host().to_owned();
        Ok(SubmittedRun { databricks_instance, run_id, of_flyte_1 })
    }

    async fn get(&self, job: &SubmittedRun, cx: &TaskContext<Self>) -> Result<Resource> {
        let workspace = Workspace::read(&job.databricks_instance)?;
        let own = job.access_of_its_own(&cx.connection, &self.settings);
        let access = own.as_ref().unwrap_or(&cx.connection);
        let place = Place { workspace: &workspace, run_id: &job.run_id, access };
        let run = self.api.get(place, &cx.call).await?;
        let standing = Standing::of(&run);
        let mut resource = report::resource(&run, &standing, &workspace, &job.run_id);
        if standing.is_failure() {
            let words = async { Ok(self.last_words(run, place, &cx.call).await) };
            let words = aside(&cx.call, words).await;
            // That it has failed is known, and is told now.
            let words =
                words.unwrap_or_else(|error| format!("\n(its output cannot be read: {error})"));
            resource.message.push_str(&words);
        }
        Ok(resource)
    }

    async fn delete(&self, job: &SubmittedRun, cx: &TaskContext<Self>) -> Result<()> {
        let workspace = Workspace::read(&job.databricks_instance)?;
        let own = job.access_of_its_own(&cx.connection, &self.settings);
        let access = own.as_ref().unwrap_or(&cx.connection);
        let place = Place { workspace: &workspace, run_id: &job.run_id, access };
        self.api.cancel(place, &cx.call).await
    }

    async fn get_logs(
        &self,
        job: &SubmittedRun,
        query: LogQuery,
        cx: &CallContext,
    ) -> Result<Logs> {
        let at = Position::read(&query.token)?;
        let workspace = Workspace::read(&job.databricks_instance)?;
        // The request brings no connection.
        let access = self.lent(job);
        let place = Place { workspace: &workspace, run_id: &job.run_id, access: &access };
        let run = self.api.all_tasks(self.api.get(place, cx).await?, place, cx).await?;
        let parts = run.parts();
        let task = parts.get(at.task).ok_or_else(|| logs::no_page(&query.token))?;
        let run_id = id_of(task, place.run_id);
        let output = self.api.output(Place { run_id: &run_id, ..place }, cx).await?;
        Ok(logs::page(&output, at, parts.len(), query.lines).into())
    }

    async fn get_metrics(
        &self,
        job: &SubmittedRun,
        query: MetricsQuery,
        cx: &CallContext,
    ) -> Result<Vec<Metric>> {
        let workspace = Workspace::read(&job.databricks_instance)?;
        let access = self.lent(job);
        let place = Place { workspace: &workspace, run_id: &job.run_id, access: &access };
        let run = self.api.all_tasks(self.api.get(place, cx).await?, place, cx).await?;
        let ended = run.end_time.filter(|end| *end > 0).map(Duration::from_millis);
        let at = ended.and_then(|end| UNIX_EPOCH.checked_add(end)).unwrap_or_else(SystemTime::now);
        Ok(report::metrics(&run, at, &query.queries))
    }
}
