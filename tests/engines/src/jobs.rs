//! Jobs as the executor sees them: made for an attempt, asked about until they are final, cancelled, read.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use conformance_tests::running;
use connector_core::custom_info::json_to_struct;
use connector_core::pb::Connection;
use connector_core::pb::task_execution::Phase;
use connector_service::pb;
use connector_service::pb::get_task_logs_response::Part;
use serde_json::Value;
use tonic::Status;

use crate::server::Server;
use crate::until;

/// One attempt of a task.
#[derive(Debug, Clone)]
pub struct Attempt {
    request: pb::CreateTaskRequest,
}

/// A job that was created.
#[derive(Debug, Clone)]
pub struct Job {
    task_type: String,
    resource_meta: Vec<u8>,
    connection: Option<Connection>,
}

/// A part of an execution's name that no other test, and no run before, has had.
#[must_use]
pub fn unheard_of() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_millis();
    format!("t{now:x}n{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

impl Attempt {
    /// The first attempt of an execution of its own, with those settings.
    ///
    /// # Panics
    /// They are no JSON object.
    #[must_use]
    pub fn of(task_type: &str, custom: Value) -> Self {
        Self::numbered(task_type, &unheard_of(), 0, custom)
    }

    /// That attempt of that execution.
    ///
    /// # Panics
    /// The settings are no JSON object.
    #[must_use]
    pub fn numbered(task_type: &str, execution: &str, attempt: u32, custom: Value) -> Self {
        let mut request = running::attempt(task_type, execution, attempt);
        let template = request.template.get_or_insert_default();
        template.custom = Some(json_to_struct(custom).expect("an object"));
        Self { request }
    }

    /// That request, which somebody else has made.
    #[must_use]
    pub const fn made(request: pb::CreateTaskRequest) -> Self {
        Self { request }
    }

    /// With that secret of the task's.
    #[must_use]
    pub fn secret(mut self, name: &str, value: &str) -> Self {
        let connection = self.request.connection.get_or_insert_default();
        connection.secrets.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The request, for what a test has to change in it.
    pub fn request(&mut self) -> &mut pb::CreateTaskRequest {
        &mut self.request
    }

    /// Creates it.
    ///
    /// # Errors
    /// What the server answered.
    pub async fn create(&self, server: &Server) -> Result<Job, Status> {
        let answer = server.client().await.create_task(self.request.clone()).await?.into_inner();
        let template = self.request.template.as_deref();
        Ok(Job {
            task_type: template.map(|it| it.r#type.clone()).unwrap_or_default(),
            resource_meta: answer.resource_meta.into(),
            connection: self.request.connection.clone(),
        })
    }
}

impl Job {
    /// A job by its metadata, which another server wrote.
    #[must_use]
    pub fn of_meta(task_type: &str, meta: &Value) -> Self {
        let resource_meta = meta.to_string().into_bytes();
        Self { task_type: task_type.to_owned(), resource_meta, connection: None }
    }

    /// The same, asked about with the secrets of that attempt.
    #[must_use]
    pub fn with_secrets_of(mut self, attempt: &Attempt) -> Self {
        self.connection.clone_from(&attempt.request.connection);
        self
    }

    /// The metadata as JSON; null where it is none.
    #[must_use]
    pub fn meta(&self) -> Value {
        serde_json::from_slice(&self.resource_meta).unwrap_or_default()
    }

    /// Asks where it stands.
    ///
    /// # Errors
    /// What the server answered.
    pub async fn get(&self, server: &Server) -> Result<pb::Resource, Status> {
        let mut request = running::get(&self.task_type, self.resource_meta.clone());
        request.connection.clone_from(&self.connection);
        let answer = server.client().await.get_task(request).await?.into_inner();
        Ok(answer.resource.unwrap_or_default())
    }

    /// Asks until it is in one of those phases.
    ///
    /// # Panics
    /// It is in a final one that is none of them, an answer is an error, or it takes longer than that.
    pub async fn until(&self, server: &Server, phases: &[Phase], within: Duration) -> pb::Resource {
        let is = async || {
            let resource = self.get(server).await.expect("an answer");
            let phase = resource.phase();
            let is_final = matches!(
                phase,
                Phase::Succeeded | Phase::Failed | Phase::RetryableFailed | Phase::Aborted
            );
            let is_meant = phases.contains(&phase);
            assert!(is_meant || !is_final, "{phases:?} expected: {resource:?}");
            is_meant.then_some(resource)
        };
        until(&format!("{phases:?} of {}", self.meta()), within, is).await
    }

    /// Cancels it.
    ///
    /// # Errors
    /// What the server answered.
    pub async fn delete(&self, server: &Server) -> Result<(), Status> {
        let mut request = running::delete(&self.task_type, self.resource_meta.clone());
        request.connection.clone_from(&self.connection);
        server.client().await.delete_task(request).await.map(drop)
    }

    /// One page of its log, of so many lines at most: the lines, and the token of the next page.
    ///
    /// # Errors
    /// What the server answered.
    pub async fn page(
        &self,
        server: &Server,
        token: &str,
        lines: u64,
    ) -> Result<(Vec<String>, String), Status> {
        let mut request = running::logs(&self.task_type, self.resource_meta.clone());
        (request.token, request.lines) = (token.to_owned(), lines);
        let mut stream = server.client().await.get_task_logs(request).await?.into_inner();
        let (mut page, mut next) = (Vec::new(), String::new());
        while let Some(message) = stream.message().await? {
            match message.part {
                Some(Part::Body(body)) => {
                    page.extend(body.lines.into_iter().map(|it| it.message));
                    // The last page has no header behind it.
                    next.clear();
                }
                Some(Part::Header(header)) => next = header.token,
                None => {}
            }
        }
        Ok((page, next))
    }

    /// Its whole log, page by page.
    ///
    /// # Errors
    /// What the server answered.
    pub async fn log(&self, server: &Server) -> Result<Vec<String>, Status> {
        let (mut all, mut token) = self.page(server, "", 0).await?;
        while !token.is_empty() {
            let (page, next) = self.page(server, &token, 0).await?;
            all.extend(page);
            token = next;
        }
        Ok(all)
    }
}
