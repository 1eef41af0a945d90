//! A job that a test made: asked about, followed to its end, cancelled, created again.
//! `Harness::create` answers with one; every call reads the stored metadata anew.
//! Nothing is remembered between calls but what Flyte would remember.

use bytes::Bytes;
use connector_core::host::{JobRequest, QueryRequest};
use connector_core::logs::{LogPage, LogQuery};
use connector_core::metrics::{Metric, MetricsQuery};
use connector_core::{ConnectorError, NamedLiterals, Resource, Result};
use futures_util::StreamExt as _;
use tokio::time::sleep;

use super::{Harness, Journey, call, told};
use crate::task::Task;

/// After so many polls a job that has not ended is left alone; at the executor's pace that is more
/// than eight hours.
const MOST_POLLS: usize = 1_000;

/// A job that [`Harness::create`] has made.
#[derive(Debug, Clone)]
pub struct Job {
    pub(super) harness: Harness,
    pub(super) task: Task,
    pub(super) run: String,
    pub(super) attempt: u32,
    pub(super) output_prefix: String,
    pub(super) meta: Bytes,
}

impl Job {
    /// The resource metadata, as Flyte would keep them.
    #[must_use]
    pub const fn resource_meta(&self) -> &Bytes {
        &self.meta
    }

    /// Where the job's outputs belong.
    #[must_use]
    pub fn output_prefix(&self) -> &str {
        &self.output_prefix
    }

    /// Creates it again: the same attempt of the same execution, with the same idempotency key.
    ///
    /// # Errors
    /// As [`Harness::create`].
    ///
    /// # Cancel safety
    /// That of the connector's `create`.
    pub async fn create_again(&self) -> Result<Self> {
        self.harness.create_as(self.run.clone(), self.attempt, &self.task).await
    }

    /// Asks the connector for the job of the same attempt, as a server does that takes a create over from
    /// one that died.
    ///
    /// # Errors
    /// As [`Harness::create`].
    ///
    /// # Cancel safety
    /// That of the connector's `find`.
    pub async fn find(&self) -> Result<Option<Self>> {
        let found = self.harness.find_as(&self.run, self.attempt, &self.task).await?;
        Ok(found.map(|meta| Self { meta, ..self.clone() }))
    }

    /// Creates the next attempt of its execution.
    ///
    /// # Errors
    /// As [`Harness::create`].
    ///
    /// # Cancel safety
    /// That of the connector's `create`.
    pub async fn next_attempt(&self) -> Result<Self> {
        self.harness.create_as(self.run.clone(), self.attempt + 1, &self.task).await
    }

    /// Asks once where it stands.
    ///
    /// # Errors
    /// What the connector says, or metadata that cannot be read.
    ///
    /// # Cancel safety
    /// That of the connector's `get`.
    pub async fn get(&self) -> Result<Resource<NamedLiterals>> {
        let entry = self.harness.entry(&self.task)?;
        entry.connector.get(self.request(), call(entry)).await.map_err(told)
    }

    /// Asks where it stands until that is a final phase, or until 1,000 polls have not found one.
    ///
    /// # Errors
    /// The first that a poll ends with. The server would ask again after some of them.
    ///
    /// # Cancel safety
    /// That of the connector's `get`; what was seen is lost.
    pub async fn run(&self) -> Result<Journey> {
        let mut polls = Vec::new();
        loop {
            let answer = self.get().await?;
            let is_over = answer.phase.is_terminal();
            polls.push(answer);
            if is_over || polls.len() == MOST_POLLS {
                return Ok(Journey { polls });
            }
            sleep(self.harness.poll_interval).await;
        }
    }

    /// Cancels it. Flyte does so after every job, however it ended, and maybe twice.
    ///
    /// # Errors
    /// What the connector says, or metadata that cannot be read.
    ///
    /// # Cancel safety
    /// That of the connector's `delete`.
    pub async fn delete(&self) -> Result<()> {
        let entry = self.harness.entry(&self.task)?;
        // The executor sends no output prefix with a delete.
        let request = JobRequest { output_prefix: String::new(), ..self.request() };
        entry.connector.delete(request, call(entry)).await.map_err(told)
    }

    /// One page of its log, or all pages of a stream: the lines, and the token of the next page.
    ///
    /// # Errors
    /// What the connector says, or metadata that cannot be read.
    ///
    /// # Cancel safety
    /// That of the connector's `get_logs`.
    pub async fn log_page(&self, query: LogQuery) -> Result<LogPage> {
        let entry = self.harness.entry(&self.task)?;
        let request = QueryRequest { resource_meta: self.meta.clone(), query };
        let logs = entry.connector.get_logs(request, call(entry)).await.map_err(told)?;
        let mut pages = logs.into_pages();
        let mut whole = LogPage::default();
        while let Some(page) = pages.next().await {
            let LogPage { lines, next_token, .. } = page?;
            whole.lines.extend(lines);
            whole.next_token = next_token;
        }
        Ok(whole)
    }

    /// Its whole log, page by page: the texts of the lines.
    ///
    /// # Errors
    /// What the connector says, metadata that cannot be read, or a token that comes back twice and
    /// would have a reader go round for ever.
    ///
    /// # Cancel safety
    /// That of the connector's `get_logs`.
    pub async fn log(&self) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        let mut tokens = vec![String::new()];
        while let Some(token) = tokens.last() {
            let page = self.log_page(LogQuery::new().token(token)).await?;
            lines.extend(page.lines.into_iter().map(|line| line.message));
            match page.next_token {
                Some(next) if tokens.contains(&next) => {
                    let text = format!("the log page {token:?} leads back to {next:?}");
                    return Err(ConnectorError::permanent(text));
                }
                Some(next) => tokens.push(next),
                None => break,
            }
        }
        Ok(lines)
    }

    /// Its measurements.
    ///
    /// # Errors
    /// What the connector says, or metadata that cannot be read.
    ///
    /// # Cancel safety
    /// That of the connector's `get_metrics`.
    pub async fn metrics(&self, query: MetricsQuery) -> Result<Vec<Metric>> {
        let entry = self.harness.entry(&self.task)?;
        let request = QueryRequest { resource_meta: self.meta.clone(), query };
        entry.connector.get_metrics(request, call(entry)).await.map_err(told)
    }

    pub(super) fn request(&self) -> JobRequest {
        JobRequest {
            resource_meta: self.meta.clone(),
            output_prefix: self.output_prefix.clone(),
            connection: Some(self.task.connection.clone()),
        }
    }
}
