//! Google BigQuery for Flyte: SQL of a task as a query job.
//!
//! Task type `bigquery_query_job_task`, version 0: tasks that the official plug-in
//! `flyteplugins-bigquery` wrote run here unchanged, and jobs that the official connector started are
//! polled and cancelled here, too. Name the crate in a server and it is served:
//!
//! ```ignore
//! connector_service::main!(connector_bigquery);
//! ```
//!
//! Logs and metrics are asked for without a task's secrets: they take the operator's, or the machine's.
//!
//! The operator may set `CONNECTOR__BIGQUERY_QUERY_JOB_TASK__SQL_COMMENTS` (`warn`, `refuse`) and
//! `…__DATETIME_AS` (`datetime`, `timestamp`), and lend the secret `google_application_credentials`.
// Facts about the vendor and the official connector are those of its plug-in, version 2.12.1.

mod api;
mod config;
mod credentials;
mod logs;
mod machine;
mod measurements;
mod parameters;
mod report;
mod states;

use std::time::Duration;

use connector_core::Flyte;
use connector_core::Policy;
use connector_core::prelude::*;
use connector_http::Endpoint;
use connector_sql::SwallowedText;
use serde_json::{Map, Value};

use crate::api::{Api, Job, Place};
use crate::config::QueryTask;
use crate::parameters::DatetimeAs;

/// The caller of a job whose metadata name none, as those of Flyte 1 do not.
const THIS_PROGRAM: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// What later calls need to find the job again, spelled as the official connector spells it: that of the
/// Flyte that created the job, as Python there knows no more fields than these.
#[derive(Debug, Serialize, Deserialize)]
pub struct QueryJob {
    job_id: String,
    project: String,
    location: Option<String>,
    /// Unknown to Flyte 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
}

/// The service account of the task, or of the operator.
#[derive(Debug, TaskConnection)]
pub struct Access {
    /// The JSON key file of a service account.
    #[secret]
    google_application_credentials: Option<Secret>,
}

/// So many jobs of one attempt may have been cancelled before it counts as cancelled itself.
const MOST_STOPPED: u32 = 5;

/// A job that nobody can ask about is not lost: BigQuery keeps it, and says when it does not know it. Six
/// hours are as long as a query may run. The id of a job comes from the attempt's key, and BigQuery has each id
/// once.
const POLICY: Policy = Policy::new().staleness_budget(Duration::from_secs(6 * 3_600)).keyed(true);

/// The connector.
#[connector(task_type = "bigquery_query_job_task", name = "Bigquery Connector", meta = QueryJob,
            connection = Access, init = BigQuery::new, policy = POLICY)]
#[derive(Debug)]
pub struct BigQuery {
    api: Api,
    comments: SwallowedText,
    datetimes: DatetimeAs,
    /// The operator's key. Questions about logs and metrics carry no secret of a task.
    key: Option<Secret>,
}

impl BigQuery {
    /// A connector with those settings of the operator.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: a setting or the variable `BIGQUERY_API_ENDPOINT` cannot be read.
    pub fn new(settings: &Settings) -> Result<Self> {
        Self::at(settings, Endpoint::from_variable("BIGQUERY_API_ENDPOINT")?)
    }

    /// A connector whose calls go to that endpoint, for tests and private gateways.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: a setting cannot be read.
    pub fn at(settings: &Settings, endpoint: Endpoint) -> Result<Self> {
        Ok(Self {
            api: Api::at(endpoint)?,
            comments: SwallowedText::from_settings(settings)?,
            datetimes: DatetimeAs::from_settings(settings)?,
            key: settings.secret("google_application_credentials"),
        })
    }

    async fn insert(
        &self,
        job: &QueryJob,
        query: &Map<String, Value>,
        key: Option<&Secret>,
    ) -> Result<Job> {
        let inserted = self.api.insert(job.place(), query, key).await;
        inserted.map_err(|error| match error.kind() {
            // A key that is no good is none at the next attempt either.
            ErrorKind::Unauthenticated => {
                ConnectorError::permanent(error.message().to_owned()).with_source(error)
            }
            _ => error,
        })
    }

    /// `configuration.query` of the job.
    fn query(&self, task: &CreateTask<Self>, config: &mut QueryTask) -> Result<Map<String, Value>> {
        let Some(pb::task_template::Target::Sql(sql)) = &task.template.target else {
            return Err(ConnectorError::invalid_task(
                "the task has no SQL statement; make it with `BigQueryTask(query_template=\"…\")`",
            ));
        };
        if let Some(note) = self.comments.judge(&sql.statement)? {
            tracing::warn!(key = %task.context.call.key, "{note}");
        }
        let interface = task.template.interface.as_ref();
        let inputs = parameters::of_inputs(&task.inputs, interface, self.datetimes)?;
        let mut query = std::mem::take(&mut config.query);
        query.insert("query".to_owned(), sql.statement.clone().into());
        query.entry("useLegacySql").or_insert(false.into());
        if !inputs.is_empty() {
            let given = query.entry("queryParameters").or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(given) = given {
                given.extend(inputs);
            }
            query.insert("parameterMode".to_owned(), "NAMED".into());
        }
        Ok(query)
    }
}

impl QueryJob {
    fn place(&self) -> Place<'_> {
        Place {
            project: &self.project,
            job_id: &self.job_id,
            location: self.location.as_deref(),
            user_agent: self.user_agent.as_deref().unwrap_or(THIS_PROGRAM),
        }
    }

    /// The job's page in Google's console.
    fn link(&self) -> TaskLog {
        let Self { job_id, project, location, .. } = self;
        // The official connector writes a missing location so.
        let location = location.as_deref().unwrap_or("None");
        let uri = format!(
            "https://console.cloud.google.com/bigquery?project={project}&j=bq:{location}:{job_id}&page=queryresults"
        );
        TaskLog::new("BigQuery Console", uri).ready(true).kind(connector_core::LinkKind::Dashboard)
    }
}

impl AsyncConnector for BigQuery {
    fn endpoints(&self) -> Vec<String> {
        vec![self.api.address()]
    }

    async fn create(&self, task: CreateTask<Self>) -> Result<QueryJob> {
        let flyte = task.context.call.flyte;
        let mut config = QueryTask::read(&task.config, &task.template, flyte)?;
        let query = self.query(&task, &mut config)?;
        let key = task.idempotency_key();
        let job_id = match &key {
            Some(key) => key.bigquery_job_id().to_owned(),
            // Nobody says which attempt this is, so it is a job of its own.
            None => format!("flyte-{:032x}", fastrand::u128(..)),
        };
        let QueryTask { project, location, user_agent, .. } = config;
        let mut job = QueryJob { job_id, project, location, user_agent: Some(user_agent) };
        let secret = task.context.connection.google_application_credentials.as_ref();
        let id = job.job_id.clone();
        let mut inserted = self.insert(&job, &query, secret).await?;
        for number in 2..=MOST_STOPPED {
            if !inserted.is_stopped() {
                break;
            }
            // The attempt came back after its job was given up and cancelled: it gets another one.
            job.job_id = format!("{id}_{number}");
            inserted = self.insert(&job, &query, secret).await?;
        }
        // Where BigQuery has chosen the location, later calls do not find the job without it.
        job.location = job.location.or(inserted.job_reference.location);
        job.user_agent = job.user_agent.filter(|_| flyte == Flyte::V2);
        Ok(job)
    }

    async fn get(&self, job: &QueryJob, cx: &TaskContext<Self>) -> Result<Resource> {
        let secret = cx.connection.google_application_credentials.as_ref();
        let seen = self.api.get(job.place(), secret, &cx.call).await?;
        Ok(report::resource(&seen).log_link(job.link()))
    }

    async fn delete(&self, job: &QueryJob, cx: &TaskContext<Self>) -> Result<()> {
        let secret = cx.connection.google_application_credentials.as_ref();
        self.api.cancel(job.place(), secret, &cx.call).await
    }

    async fn get_logs(&self, job: &QueryJob, query: LogQuery, cx: &CallContext) -> Result<Logs> {
        let page = logs::Page::read(&query)?;
        let place = job.place();
        let page = match &page {
            logs::Page::Job { .. } => {
                let seen = self.api.get(place, self.key.as_ref(), cx).await?;
                page.of_job(&seen)
            }
            logs::Page::Children { token, lines } => {
                let asked = (token.as_str(), *lines);
                logs::of_children(&self.api.children(place, asked, self.key.as_ref(), cx).await?)
            }
        };
        Ok(page.into())
    }

    async fn get_metrics(
        &self,
        job: &QueryJob,
        query: MetricsQuery,
        cx: &CallContext,
    ) -> Result<Vec<Metric>> {
        let wanted = measurements::Wanted::read(&query)?;
        Ok(wanted.of_job(&self.api.get(job.place(), self.key.as_ref(), cx).await?))
    }
}

#[cfg(test)]
mod tests {
    use connector_core::ResourceMeta;

    use super::QueryJob;

    #[test]
    fn metadata_are_those_of_the_flyte_that_created_the_job() {
        let of_flyte_1 = "{\"job_id\": \"j\", \"project\": \"p\", \"location\": null}";
        let of_flyte_2 =
            "{\"job_id\": \"j\", \"project\": \"p\", \"location\": \"EU\", \"user_agent\": \"a\"}";
        for (meta, user_agent) in [(of_flyte_1, None), (of_flyte_2, Some("a"))] {
            let job = QueryJob::decode(meta.into()).unwrap();
            assert_eq!(job.user_agent.as_deref(), user_agent);
            assert_eq!(job.encode().unwrap(), meta);
        }
    }
}
