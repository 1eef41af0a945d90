//! `render_farm`: a connector for a vendor that runs jobs behind a REST API, as many do.
//! This file is what Flyte sees of it; `api` is what the vendor says, and what its refusals mean.
//! The farm is made up; its way of working is not. Copy both files and put your vendor's names in.

mod api;

use connector_core::prelude::*;
use reqwest::Client;

use crate::api::{Account, JobView, Order};

/// Where the farm is, if neither task nor operator says something else.
const FARM: &str = "https://api.render-farm.example";

/// What the farm calls its states. One that is not in here is a running job with a warning.
const STATES: StateTable = StateTable::new(&[
    ("QUEUED", Phase::Queued),
    ("STARTING", Phase::Initializing),
    ("RUNNING", Phase::Running),
    ("DONE", Phase::Succeeded),
    ("FAILED", Phase::Failed),
    // Whoever cancelled it, the farm says why, and the executor shows that for a failure only.
    ("CANCELLED", Phase::Failed),
    // The node was taken away: nothing is wrong with the task.
    ("PREEMPTED", Phase::RetryableFailed),
]);

/// What later calls need to find the job again. Flyte keeps it, so there is no secret in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RenderJob {
    /// What the farm calls it.
    pub job_id: String,
    /// The farm it is on.
    pub url: String,
}

/// The settings of a task.
#[derive(Debug, TaskConfig)]
pub struct RenderConfig {
    /// Frames per second.
    #[config(default = 24)]
    pub fps: u32,
    /// One of the farm's presets.
    pub preset: Option<String>,
}

/// The inputs of a task.
#[derive(Debug, TaskInputs)]
pub struct Scene {
    /// The scene to render.
    pub scene: File,
    /// Which frames of it; all of them if there are none in the list.
    pub frames: Vec<i64>,
}

/// The outputs of a task.
#[derive(Debug, TaskOutputs)]
pub struct Video {
    /// The film.
    pub video: File,
    /// How long it is.
    pub seconds: f64,
}

/// What the task brings to get at the farm, or the operator lends.
#[derive(Debug, TaskConnection)]
pub struct FarmAccess {
    /// The farm's key.
    #[secret]
    pub api_key: Secret,
    /// The base URL of another farm than the usual one.
    pub url: Option<String>,
}

/// The farm makes one job of two orders with one key.
const POLICY: Policy = Policy::new().keyed(true);

/// The connector: one client for all calls, so that connections are shared.
#[connector(
    task_type = "render_farm",
    name = "Render Farm",
    init = RenderFarm::connect,
    meta = RenderJob,
    config = RenderConfig,
    inputs = Scene,
    outputs = Video,
    connection = FarmAccess,
    policy = POLICY
)]
#[derive(Debug)]
pub struct RenderFarm {
    http: Client,
    url: String,
    /// The operator's key. Requests for logs bring no connection, so there is no other for them.
    logs_key: Option<Secret>,
}

impl RenderFarm {
    /// The connector with its settings; `url` is another farm than the usual one.
    ///
    /// # Errors
    /// A client that cannot be made, as where there are no certificates to trust.
    pub fn new(settings: &Settings) -> Result<Self> {
        let url = settings.get("url").unwrap_or(FARM).to_owned();
        Ok(Self { http: api::client()?, url, logs_key: settings.secret("api_key") })
    }

    /// The same for the server, which reads the settings from `CONNECTOR__RENDER_FARM__…`.
    #[expect(clippy::unused_async, reason = "the server awaits it")]
    async fn connect(settings: Settings) -> Result<Self> {
        Self::new(&settings)
    }

    fn account<'a>(&'a self, url: &str, key: &'a Secret) -> Result<Account<'a>> {
        Account::at(&self.http, url, key)
    }
}

impl AsyncConnector for RenderFarm {
    async fn create(&self, task: CreateTask<Self>) -> Result<RenderJob> {
        let key = task.idempotency_key();
        let FarmAccess { api_key, url } = &task.context.connection;
        let url = url.as_deref().unwrap_or(&self.url);
        let order = Order {
            // The farm answers with the same job when the same attempt is created again.
            idempotency_key: key.as_ref().map(|key| key.as_str()),
            scene: &task.inputs.scene.uri,
            frames: &task.inputs.frames,
            fps: task.config.fps,
            preset: task.config.preset.as_deref(),
        };
        let job = self.account(url, api_key)?.submit(&order).await?;
        Ok(RenderJob { job_id: job.id, url: url.to_owned() })
    }

    async fn get(&self, job: &RenderJob, cx: &TaskContext<Self>) -> Result<Resource<Video>> {
        let account = self.account(&job.url, &cx.connection.api_key)?;
        let JobView { id, state, message, result } = account.job(&job.job_id).await?;
        let mut resource: Resource<Video> = STATES.resource(&state);
        if resource.phase == Phase::Succeeded {
            let result = result.ok_or_else(|| {
                ConnectorError::permanent(format!("the farm has no result for the job {id}"))
            })?;
            let video = File::new(result.video);
            resource.outputs = Video { video, seconds: result.seconds }.into();
        }
        if let Some(message) = message {
            resource = resource.message(message);
        }
        let page = format!("{}/jobs/{id}", job.url);
        Ok(resource.log_link(TaskLog::new("Render farm", page)))
    }

    async fn delete(&self, job: &RenderJob, cx: &TaskContext<Self>) -> Result<()> {
        self.account(&job.url, &cx.connection.api_key)?.cancel(&job.job_id).await
    }

    async fn get_logs(&self, job: &RenderJob, query: LogQuery, _cx: &CallContext) -> Result<Logs> {
        let key = self.logs_key.as_ref().ok_or_else(|| {
            ConnectorError::unauthenticated(
                "logs need a key of the operator, in CONNECTOR__RENDER_FARM__SECRET__API_KEY",
            )
        })?;
        let page = self.account(&job.url, key)?.logs(&job.job_id, &query.token).await?;
        let line = |line: api::Line| LogLine::user(line.at(), line.text);
        Ok(LogPage::new(page.lines.into_iter().map(line)).next_token(page.next).into())
    }
}
