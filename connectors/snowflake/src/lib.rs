//! Snowflake for Flyte: SQL of a task as a query.
//!
//! Task type `snowflake`, version 0: tasks that the official plug-in `flyteplugins-snowflake` wrote run
//! here unchanged, and queries that the official connector started are polled and cancelled here, too.
//! Name the crate in a server and it is served:
//!
//! ```ignore
//! connector_service::main!(connector_snowflake);
//! ```
//!
//! Logs and metrics are asked for without a task's secrets: they take the operator's.
//!
//! The operator may set `CONNECTOR__SNOWFLAKE__SQL_COMMENTS` (`warn`, `refuse`) and
//! `…__REPEATED_CREATES` (`request_id`, `query_history`), and lend the secrets of [`Access`].
// Facts about the vendor and the official connector are those of its plug-in, version 2.12.1, and of
// snowflake-connector-python 4.8.1.

mod api;
mod batch;
mod bind;
mod config;
mod course;
mod credentials;
mod envelope;
mod key_pair;
mod memory;
mod query;
mod repeats;
mod report;
mod scan;
mod session;
mod statement;
mod states;

use std::time::SystemTime;

use connector_core::Flyte;
use connector_core::prelude::*;
use connector_http::Endpoint;
use connector_sql::SwallowedText;
use serde_json::{Map, Value};

use crate::api::{Api, Statement};
use crate::config::Place;
pub use crate::config::QueryTask;
pub use crate::credentials::Access;
use crate::credentials::Credential;
use crate::memory::Memory;
pub use crate::query::Query;
use crate::repeats::RepeatedCreates;
use crate::session::Seat;

/// The request id of a statement comes from the attempt's key.
const POLICY: Policy = Policy::new().keyed(true);

/// The connector.
#[connector(task_type = "snowflake", name = "Snowflake Connector", meta = Query, config = QueryTask,
            connection = Access, init = Snowflake::new, policy = POLICY)]
#[derive(Debug)]
pub struct Snowflake {
    api: Api,
    comments: SwallowedText,
    repeats: RepeatedCreates,
    memory: Memory,
    /// What the operator lends is read anew for each log, because it may change.
    settings: Settings,
}

/// So many queries of one attempt may have been cancelled before it counts as cancelled itself.
const MOST_CANCELLED: u8 = 5;

impl Snowflake {
    /// A connector with those settings of the operator.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: a setting or the variable `SNOWFLAKE_HOST_OVERRIDE` cannot be read.
    pub fn new(settings: &Settings) -> Result<Self> {
        Self::at(settings, Endpoint::from_variable("SNOWFLAKE_HOST_OVERRIDE")?)
    }

    /// A connector whose calls go to that endpoint, for tests and private gateways.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: a setting cannot be read.
    pub fn at(settings: &Settings, endpoint: Endpoint) -> Result<Self> {
        Ok(Self {
            api: Api::at(endpoint)?,
            comments: SwallowedText::from_settings(settings)?,
            repeats: RepeatedCreates::from_settings(settings)?,
            memory: Memory::default(),
            settings: settings.clone(),
        })
    }

    fn statement(&self, task: &CreateTask<Self>, place: &Place) -> Result<Statement> {
        let Some(pb::task_template::Target::Sql(sql)) = &task.template.target else {
            return Err(ConnectorError::invalid_task(
                "the task has no SQL statement; make it with `Snowflake(query_template=\"…\")`",
            ));
        };
        if let Some(note) = self.comments.judge(&sql.statement)? {
            tracing::warn!(key = %task.context.call.key, "{note}");
        }
        let is_batch = task.config.batch.unwrap_or(false);
        let statement = statement::of_task(&sql.statement, &task.inputs, is_batch)?;
        let mut parameters = Map::new();
        let key = task.idempotency_key();
        // People find the query by it, unless the task has a tag of its own.
        if let Some(key) = &key
            && !place.session_parameters().keys().any(|name| name.eq_ignore_ascii_case("QUERY_TAG"))
        {
            parameters.insert("QUERY_TAG".to_owned(), format!("flyte-{key}").into());
        }
        Ok(Statement {
            // Nobody says which attempt it is: then it is a query of its own.
            request_id: key.map_or_else(session::random_uuid, |key| key.uuid()),
            sql: statement.sql,
            bindings: statement.bindings,
            parameters,
        })
    }

    /// Submits, unless an earlier create of the same attempt has, and the operator wants that known.
    async fn query_of(&self, seat: Seat<'_>, mut statement: Statement) -> Result<String> {
        if let Some(tag) = statement.tag().filter(|_| self.repeats == RepeatedCreates::QueryHistory)
            && let Some(query_id) = self.api.tagged(seat, tag).await?
        {
            tracing::info!(query_id, "the attempt has a query already");
            return Ok(query_id);
        }
        let request_id = statement.request_id.clone();
        let mut query_id = self.api.submit(seat, &statement).await?;
        for number in 2..=MOST_CANCELLED {
            if !self.memory.was_cancelled(&query_id) {
                break;
            }
            // The attempt came back after its query was given up and cancelled: it gets another one.
            statement.request_id = session::numbered(&request_id, number);
            query_id = self.api.submit(seat, &statement).await?;
        }
        Ok(query_id)
    }

    /// The credential for a query that was submitted.
    fn credential(&self, query: &Query, place: &Place, access: &Access) -> Result<Credential> {
        // In the order of the create: what the task brought itself comes first.
        if let Some(own) = self.memory.credential(&query.query_id, &place.url()?) {
            return Ok(own);
        }
        Credential::of(place, access)?.ok_or_else(|| {
            ConnectorError::permanent(format!(
                "the query {} was submitted with a credential in the task's `connection_kwargs`, which \
                 is not kept in the metadata, and this server does not know it: it was started anew, or \
                 another replica created the task. The query goes on in Snowflake. Use a key pair, or \
                 let the operator lend `snowflake_password`",
                query.query_id
            ))
        })
    }

    /// What Snowflake's monitoring knows of a query, for a call that brings no connection.
    async fn seen(&self, query: &Query, call: &CallContext) -> Result<Value> {
        query.check()?;
        let (place, access) = (query.place(), Access::of_operator(&self.settings));
        let credential = match self.memory.credential(&query.query_id, &place.url()?) {
            Some(own) => Some(own),
            None => Credential::of(&place, &access)?,
        };
        let credential = credential.ok_or_else(|| {
            ConnectorError::unauthenticated(
                "logs and metrics are asked for without a task's secrets, and the operator lends none: \
                 set CONNECTOR__SNOWFLAKE__SECRET__SNOWFLAKE_PRIVATE_KEY and \
                 CONNECTOR__SNOWFLAKE__SECRET_HOSTS",
            )
        })?;
        let seat = Seat { place: &place, credential: &credential, insists: false };
        let seen = self.api.status(seat, &query.query_id, call).await?;
        seen.ok_or_else(|| {
            ConnectorError::not_found(format!(
                "Snowflake does not know the query {}, yet or any more",
                query.query_id
            ))
        })
    }
}

impl AsyncConnector for Snowflake {
    fn endpoints(&self) -> Vec<String> {
        self.api.address().into_iter().collect()
    }

    async fn create(&self, task: CreateTask<Self>) -> Result<Query> {
        let place = Place::read(&task.config, &task.template.config)?;
        let statement = self.statement(&task, &place)?;
        let access = &task.context.connection;
        let credential = Credential::of(&place, access)?.ok_or_else(|| {
            ConnectorError::invalid_task(
                "nobody says how the user signs in: give the task the secret `snowflake_private_key`, or \
                 let the operator lend it",
            )
        })?;
        let seat = Seat { place: &place, credential: &credential, insists: true };
        let submitted = self.query_of(seat, statement).await;
        let query_id = submitted.map_err(|error| match error.kind() {
            // A key that is no good is none at the next attempt either.
            ErrorKind::Unauthenticated => {
                ConnectorError::permanent(error.message().to_owned()).with_source(error)
            }
            _ => error,
        })?;
        let outputs = task.template.interface.as_ref().and_then(|face| face.outputs.as_ref());
        let kept = place.kept();
        if kept != place.kwargs {
            self.memory.keep(&query_id, place.url()?, credential);
        }
        // Python of Flyte 1 cannot read metadata with them, and its tasks have none.
        let keeps_kwargs = task.context.call.flyte == Flyte::V2 || !kept.is_empty();
        let Place { account, user, database, schema, warehouse, .. } = place;
        Ok(Query {
            account,
            user,
            database,
            schema,
            warehouse,
            query_id,
            has_output: outputs.is_some_and(|outputs| !outputs.variables.is_empty()),
            connection_kwargs: keeps_kwargs.then_some(kept),
        })
    }

    async fn get(&self, query: &Query, cx: &TaskContext<Self>) -> Result<Resource> {
        query.check()?;
        let place = query.place();
        let credential = self.credential(query, &place, &cx.connection)?;
        let seat = Seat { place: &place, credential: &credential, insists: false };
        let seen = self.api.status(seat, &query.query_id, &cx.call).await?;
        let seen = seen.filter(|seen| report::status(seen) != states::NO_DATA);
        let resource = match seen {
            Some(seen) => {
                self.memory.seen(&query.query_id);
                report::resource(query, &seen)
            }
            None if self.memory.is_gone(&query.query_id) => {
                return Err(ConnectorError::not_found(format!(
                    "Snowflake does not know the query {} any more",
                    query.query_id
                )));
            }
            None => Resource::queued().message("Snowflake does not know the query yet (NO_DATA)"),
        };
        Ok(resource.log_link(report::link(query)))
    }

    async fn delete(&self, query: &Query, cx: &TaskContext<Self>) -> Result<()> {
        query.check()?;
        let place = query.place();
        let credential = match self.credential(query, &place, &cx.connection) {
            Ok(credential) => credential,
            Err(error) => {
                // An error would be repeated for ever, and nobody could ever do anything about it.
                tracing::warn!(key = %cx.call.key, "a query is not cancelled: {error}");
                return Ok(());
            }
        };
        let seat = Seat { place: &place, credential: &credential, insists: false };
        self.api.cancel(seat, &query.query_id, &cx.call).await?;
        self.memory.cancelled(&query.query_id);
        Ok(())
    }

    async fn get_logs(&self, query: &Query, asked: LogQuery, cx: &CallContext) -> Result<Logs> {
        let from = match asked.token.as_str() {
            "" => 0,
            token => token.parse::<usize>().map_err(|_| {
                ConnectorError::invalid_task(format!("there is no log page {token:?}"))
            })?,
        };
        let lines = course::lines(&self.seen(query, cx).await?);
        let most = asked.lines.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
        let end = from.saturating_add(most.max(1));
        let next = (end < lines.len()).then(|| end.to_string());
        Ok(LogPage::new(lines.into_iter().take(end).skip(from)).next_token(next).into())
    }

    async fn get_metrics(
        &self,
        query: &Query,
        asked: MetricsQuery,
        cx: &CallContext,
    ) -> Result<Vec<Metric>> {
        course::metrics(&self.seen(query, cx).await?, &asked, SystemTime::now())
    }
}
