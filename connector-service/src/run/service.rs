//! The connector service of a run: this binary's own, over memory, or one at an address.
//! `attempt` makes its calls through here, with the executor's deadline. Which answers mean what is not
//! decided here.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use connector_core::Registry;
use connector_core::logs::LogPage;
use tokio::time::Instant;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status};

use super::task::Task;
use crate::in_process::InProcess;
use crate::pb;
use crate::pb::async_connector_service_client::AsyncConnectorServiceClient;
use crate::pb::connector_metadata_service_client::ConnectorMetadataServiceClient;
use crate::server::Server;
use crate::upstream::answers::{self, root_cause};
use crate::upstream::{Address, Upstreams};

/// How long one call may take, as with a stock executor.
const DEADLINE: Duration = Duration::from_secs(10);

/// The service a run talks to.
#[derive(Debug)]
pub(super) struct Service {
    channel: Channel,
    local: Option<InProcess>,
    /// Another server over the same connectors, which remembers nothing of the first.
    replica: Option<InProcess>,
}

/// A job, as the executor would keep it between two calls.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) resource_meta: Bytes,
    pub(super) output_prefix: String,
}

/// One page of a job's log.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) lines: Vec<String>,
    pub(super) next_token: String,
}

impl Service {
    /// The connectors of this binary, served over memory; by two servers where creates are repeated.
    /// Those of `upstreams` are served, too.
    pub(super) fn in_process(registry: Registry, upstreams: &Upstreams, twice: bool) -> Self {
        let registry = Arc::new(registry);
        let serve = || {
            let server = Server::builder().registry(Arc::clone(&registry));
            InProcess::serve(server.upstreams(upstreams.clone()).build())
        };
        Self::of(serve(), twice.then(serve))
    }

    /// A server of this process, and perhaps another one over the same connectors.
    pub(super) fn of(local: InProcess, replica: Option<InProcess>) -> Self {
        Self { channel: local.channel(), local: Some(local), replica }
    }

    /// The service at an address.
    ///
    /// # Errors
    /// The address is none, or nobody answers there.
    pub(super) async fn at(address: &str) -> Result<Self, String> {
        let parsed: Address =
            address.parse().map_err(|error| format!("--connect {address}: {error}"))?;
        let channel = parsed.connected().await.map_err(|error| {
            format!(
                "--connect {address}: {}; is a connector service running there?",
                root_cause(&error)
            )
        })?;
        Ok(Self { channel, local: None, replica: None })
    }

    /// What is served.
    ///
    /// # Errors
    /// The service does not answer.
    pub(super) async fn categories(&self) -> Result<Vec<pb::TaskCategory>, Status> {
        let mut client = ConnectorMetadataServiceClient::new(self.channel.clone());
        let request = pb::ListConnectorsRequest {};
        let answer = within(request, |request| client.list_connectors(request)).await?;
        let connectors = answer.connectors.into_iter();
        Ok(connectors.flat_map(|connector| connector.supported_task_categories).collect())
    }

    /// Creates an attempt's job.
    ///
    /// # Errors
    /// Any error fails the attempt.
    pub(super) async fn create(&self, request: pb::CreateTaskRequest) -> Result<Job, Status> {
        self.create_by(self.client(), request).await
    }

    /// Creates it again, where nobody remembers that it was created before, if there is such a place.
    ///
    /// # Errors
    /// As for the first create.
    pub(super) async fn create_again(&self, request: pb::CreateTaskRequest) -> Result<Job, Status> {
        let client = match &self.replica {
            Some(replica) => Self::client_of(replica.channel()),
            None => self.client(),
        };
        self.create_by(client, request).await
    }

    /// Whether a repeated create meets nobody who remembers the first.
    pub(super) const fn forgets(&self) -> bool {
        self.replica.is_some()
    }

    async fn create_by(
        &self,
        mut client: AsyncConnectorServiceClient<Channel>,
        request: pb::CreateTaskRequest,
    ) -> Result<Job, Status> {
        let output_prefix = request.output_prefix.clone();
        let answer = within(request, |request| client.create_task(request)).await?;
        Ok(Job { resource_meta: answer.resource_meta, output_prefix })
    }

    /// Asks where a job stands.
    ///
    /// # Errors
    /// The executor counts them.
    pub(super) async fn get(&self, task: &Task, job: &Job) -> Result<pb::Resource, Status> {
        let mut client = self.client();
        let request = pb::GetTaskRequest {
            resource_meta: job.resource_meta.clone(),
            task_category: Some(task.category()),
            output_prefix: job.output_prefix.clone(),
            connection: Some(task.connection().clone()),
        };
        let answer = within(request, |request| client.get_task(request)).await?;
        answer.resource.ok_or_else(|| Status::internal("the answer carries no resource"))
    }

    /// Deletes a job.
    ///
    /// # Errors
    /// The executor would repeat it for ever.
    pub(super) async fn delete(&self, task: &Task, job: &Job) -> Result<(), Status> {
        let mut client = self.client();
        let request = pb::DeleteTaskRequest {
            resource_meta: job.resource_meta.clone(),
            task_category: Some(task.category()),
            connection: Some(task.connection().clone()),
        };
        let answer = within(request, |request| client.delete_task(request)).await?;
        let pb::DeleteTaskResponse {} = answer;
        Ok(())
    }

    /// A page of a job's log.
    ///
    /// # Errors
    /// The connector has no log, or cannot give it.
    pub(super) async fn logs(&self, task: &Task, job: &Job, token: &str) -> Result<Page, Status> {
        let mut client = self.client();
        let request = pb::GetTaskLogsRequest {
            resource_meta: job.resource_meta.clone(),
            task_category: Some(task.category()),
            token: token.to_owned(),
            ..Default::default()
        };
        let mut stream = within(request, |request| client.get_task_logs(request)).await?;
        let mut page = Page::default();
        let late = |_| Status::deadline_exceeded("the page of the log stopped coming");
        while let Some(message) =
            tokio::time::timeout(DEADLINE, stream.message()).await.map_err(late)??
        {
            let LogPage { lines, next_token, .. } = answers::page(message);
            page.lines.extend(lines.into_iter().map(|line| line.message));
            if let Some(token) = next_token {
                page.next_token = token;
            }
        }
        Ok(page)
    }

    /// Ends what was started for the run: jobs that nobody took are cancelled.
    pub(super) async fn close(self) {
        let Self { channel, local, replica } = self;
        drop(channel);
        for server in [local, replica].into_iter().flatten() {
            if let Err(error) = server.stop().await {
                tracing::warn!(%error, "serving ended badly");
            }
        }
    }

    fn client(&self) -> AsyncConnectorServiceClient<Channel> {
        Self::client_of(self.channel.clone())
    }

    fn client_of(channel: Channel) -> AsyncConnectorServiceClient<Channel> {
        AsyncConnectorServiceClient::new(channel).max_encoding_message_size(usize::MAX)
    }
}

/// Tells the service the deadline, and waits no longer.
async fn within<T, A, F>(message: T, call: impl FnOnce(Request<T>) -> F) -> Result<A, Status>
where
    F: Future<Output = Result<Response<A>, Status>>,
{
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    let leaves = Instant::now() + DEADLINE;
    match tokio::time::timeout_at(leaves, call(request)).await {
        Ok(Ok(answer)) => Ok(answer.into_inner()),
        // The transport keeps time as well, and calls it by another code.
        Ok(Err(status)) if Instant::now() < leaves => Err(status),
        _ => Err(Status::new(
            Code::DeadlineExceeded,
            format!("no answer within {} seconds", DEADLINE.as_secs()),
        )),
    }
}
