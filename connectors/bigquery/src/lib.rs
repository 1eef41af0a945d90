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
//! The operator may set `CONNECTOR__BIGQUERY_QUERY_JOB_TASK__SQL_COMMENTS` (`warn`, `refuse`) and
//! `…__DATETIME_AS` (`datetime`, `timestamp`), and lend the secret `google_application_credentials`.
// Facts about the vendor and the official connector are those of its plug-in, version 2.12.1.

mod api;
mod config;
mod credentials;
mod parameters;
mod states;

use connector_core::prelude::*;
use connector_http::Endpoint;
use connector_sql::SwallowedText;
use pb::{literal as kinds, scalar};
use serde_json::{Map, Value};

use crate::api::{Api, Job, Place, Problem};
use crate::config::QueryTask;
use crate::parameters::DatetimeAs;

/// What later calls need to find the job again, spelled as the official connector spells it.
#[derive(Debug, Serialize, Deserialize)]
pub struct QueryJob {
    job_id: String,
    project: String,
    location: Option<String>,
    #[serde(default)]
    user_agent: String,
}

/// The service account of the task, or of the operator.
#[derive(Debug, TaskConnection)]
pub struct Access {
    /// The JSON key file of a service account.
    #[secret]
    google_application_credentials: Option<Secret>,
}

/// The connector.
#[connector(task_type = "bigquery_query_job_task", name = "Bigquery Connector", meta = QueryJob,
            connection = Access, init = BigQuery::new)]
#[derive(Debug)]
pub struct BigQuery {
    api: Api,
    comments: SwallowedText,
    datetimes: DatetimeAs,
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
            user_agent: &self.user_agent,
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
    async fn create(&self, task: CreateTask<Self>) -> Result<QueryJob> {
        let mut config = QueryTask::read(&task.config, &task.template)?;
        let query = self.query(&task, &mut config)?;
        let key = task.idempotency_key();
        let job_id = match &key {
            Some(key) => key.bigquery_job_id().to_owned(),
            // Nobody says which attempt this is, so it is a job of its own.
            None => format!("flyte-{:032x}", fastrand::u128(..)),
        };
        let QueryTask { project, location, user_agent, .. } = config;
        let mut job = QueryJob { job_id, project, location, user_agent };
        let secret = task.context.connection.google_application_credentials.as_ref();
        let inserted = self.api.insert(job.place(), query, secret).await;
        let inserted = inserted.map_err(|error| match error.kind() {
            // A key that is no good is none at the next attempt either.
            ErrorKind::Unauthenticated => {
                ConnectorError::permanent(error.message().to_owned()).with_source(error)
            }
            _ => error,
        })?;
        // Where BigQuery has chosen the location, later calls do not find the job without it.
        job.location = job.location.or(inserted.job_reference.location);
        Ok(job)
    }

    async fn get(&self, job: &QueryJob, cx: &TaskContext<Self>) -> Result<Resource> {
        let secret = cx.connection.google_application_credentials.as_ref();
        let seen = self.api.get(job.place(), secret, &cx.call).await?;
        Ok(report(&seen).log_link(job.link()))
    }

    async fn delete(&self, job: &QueryJob, cx: &TaskContext<Self>) -> Result<()> {
        let secret = cx.connection.google_application_credentials.as_ref();
        self.api.cancel(job.place(), secret, &cx.call).await
    }
}

/// What a job is to Flyte.
fn report(job: &Job) -> Resource {
    let status = &job.status;
    let mut resource: Resource = match &status.error_result {
        Some(problem) => Resource::new(states::failure(&problem.reason)).message(told(problem)),
        None => {
            let resource = states::STATES.resource(&status.state);
            if resource.message.is_empty() {
                resource.message(status.state.clone())
            } else {
                resource
            }
        }
    };
    if resource.phase == Phase::Succeeded
        && let Some(table) = destination(&job.configuration)
    {
        resource = resource.outputs(DynamicOutputs::from_iter([("results", table)]));
    }
    for (name, value) in statistics(&job.statistics) {
        resource = resource.info(name, value);
    }
    if status.error_result.is_none() && !status.errors.is_empty() {
        let warnings: Vec<String> = status.errors.iter().map(told).collect();
        resource = resource.info("warnings", warnings.join("\n"));
    }
    resource
}

fn told(problem: &Problem) -> String {
    let Problem { reason, location, message } = problem;
    match location.as_str() {
        "" => format!("{message} ({reason})"),
        location => format!("{message} ({reason}, at {location})"),
    }
}

/// The table that holds the result, as the data frame `results`.
fn destination(configuration: &Value) -> Option<pb::Literal> {
    let table = configuration.pointer("/query/destinationTable")?;
    let [project, dataset, table] =
        ["projectId", "datasetId", "tableId"].map(|name| table.get(name)?.as_str());
    let uri = format!("bq://{}:{}.{}", project?, dataset?, table?);
    let metadata = pb::StructuredDatasetMetadata {
        structured_dataset_type: Some(pb::StructuredDatasetType::default()),
    };
    let dataset = pb::StructuredDataset { uri, metadata: Some(metadata) };
    let scalar = pb::Scalar { value: Some(scalar::Value::StructuredDataset(dataset)) };
    Some(pb::Literal { value: Some(kinds::Value::Scalar(scalar.into())), ..Default::default() })
}

/// What the job cost, as far as it is told.
fn statistics(statistics: &Value) -> Vec<(&'static str, String)> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    };
    [
        ("bytes_billed", "/query/totalBytesBilled"),
        ("bytes_processed", "/query/totalBytesProcessed"),
        ("slot_ms", "/query/totalSlotMs"),
        ("cache_hit", "/query/cacheHit"),
        ("statement_type", "/query/statementType"),
        ("rows_affected", "/query/numDmlAffectedRows"),
    ]
    .into_iter()
    .filter_map(|(name, pointer)| Some((name, text(statistics.pointer(pointer)?)?)))
    .collect()
}
