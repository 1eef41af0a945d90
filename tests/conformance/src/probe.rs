//! A connector that does what the test says: fail in every way, hang, panic, answer oddly.
//! Create reads `custom.act` and puts it into the metadata, where later calls find it.

use std::time::SystemTime;

use connector_core::prelude::*;
use futures_util::StreamExt;
use futures_util::stream;

/// What the job will do when asked.
#[derive(Debug, Serialize, Deserialize)]
pub struct Act {
    /// A word that `probe` knows.
    pub act: String,
}

/// The metadata of a job with that act, as create would answer it.
#[must_use]
pub fn meta(act: &str) -> String {
    format!("{{\"act\": \"{act}\"}}")
}

/// The connector; two versions, and a name it shares with `silent`.
#[connector(task_type = "probe", version = [0, 3], name = "Probe", meta = Act)]
#[derive(Debug, Default)]
pub struct Probe;

/// How long a call takes that answers as late as the executor's 10 s allow.
pub const LAST_MOMENT: std::time::Duration = std::time::Duration::from_millis(8_900);

/// Waits as long as the act says.
async fn linger(act: &str) {
    match act {
        "hang" => std::future::pending().await,
        "last moment" => tokio::time::sleep(LAST_MOMENT).await,
        _ => {}
    }
}

fn misbehave(act: &str) -> Result<()> {
    Err(match act {
        "panic" => panic!("the probe was told to"),
        "invalid" => ConnectorError::invalid_task("`x` must be a number"),
        "permanent" => ConnectorError::permanent("no such table"),
        "retryable" => ConnectorError::retryable("the node was lost"),
        "transient" => ConnectorError::transient("503"),
        "not_found" => ConnectorError::not_found("no job j-1"),
        "unauthenticated" => ConnectorError::unauthenticated("the token has expired"),
        "unsupported" => ConnectorError::unsupported("there is no such region"),
        "huge" => ConnectorError::permanent("é? ".repeat(1 << 20)),
        "huge and transient" => ConnectorError::transient("é? ".repeat(1 << 20)),
        "control" => ConnectorError::permanent("a\r\nb\0c\u{1b}[31m"),
        _ => return Ok(()),
    })
}

impl AsyncConnector for Probe {
    async fn create(&self, task: CreateTask<Self>) -> Result<Act> {
        let at_create = task.config.string("at_create")?.unwrap_or_default();
        linger(at_create).await;
        if at_create == "say" {
            // What reached the connector, said back.
            let execution = task.execution.unwrap_or_default();
            let id = execution.id.and_then(|id| id.node_execution_id).unwrap_or_default();
            let act = format!(
                "{} {:?} {} {} {:?} {} {}",
                task.inputs.len(),
                task.input_context,
                task.context.output_prefix,
                id.node_id,
                execution.labels,
                execution.max_attempts,
                execution.identity.is_some(),
            );
            return Ok(Act { act: act.replace('"', "'") });
        }
        misbehave(at_create)?;
        Ok(Act { act: task.config.string("act")?.unwrap_or_default().to_owned() })
    }

    async fn get(&self, job: &Act, cx: &TaskContext<Self>) -> Result<Resource> {
        linger(&job.act).await;
        misbehave(&job.act)?;
        let value = || DynamicOutputs::from_iter([("o", literal::integer(0))]);
        Ok(match job.act.as_str() {
            "empty outputs" => Resource::succeeded(DynamicOutputs::default()),
            "written outputs" => Resource::succeeded(Outputs::WrittenByTask),
            "early outputs" => Resource::running().outputs(value()),
            "large outputs" => Resource::succeeded(DynamicOutputs::from_iter([(
                "o",
                literal::string("x".repeat(5 << 20)),
            )])),
            "long message" => Resource::running().message("é? ".repeat(2 << 20)),
            "long success" => {
                Resource::succeeded(DynamicOutputs::default()).message("x".repeat(1 << 20))
            }
            "context" => Resource::running()
                .info("output_prefix", &cx.output_prefix)
                .info("config", cx.connection.config("region"))
                .info("secret", cx.connection.secret("token").and_then(|token| token.expose().ok()))
                .info("has_deadline", cx.call.remaining().is_some())
                .info("key", cx.call.key.to_string()),
            phase => Resource::new(Phase::from_name(phase).unwrap_or(Phase::Running)),
        })
    }

    async fn delete(&self, job: &Act, _cx: &TaskContext<Self>) -> Result<()> {
        linger(&job.act).await;
        misbehave(&job.act)
    }

    async fn get_metrics(
        &self,
        job: &Act,
        query: MetricsQuery,
        _cx: &CallContext,
    ) -> Result<Vec<Metric>> {
        linger(&job.act).await;
        misbehave(&job.act)?;
        if job.act == "none" {
            return Ok(Vec::new());
        }
        // What reached the connector, said back.
        Ok(vec![Metric::range(format!("{query:?}"), [])])
    }

    async fn get_logs(&self, job: &Act, query: LogQuery, _cx: &CallContext) -> Result<Logs> {
        linger(&job.act).await;
        misbehave(&job.act)?;
        let page = |text: &str, next: Option<&str>| {
            LogPage::new([LogLine::system(SystemTime::UNIX_EPOCH, text)])
                .next_token(next.map(str::to_owned))
        };
        let said = format!("{query:?}");
        Ok(match job.act.as_str() {
            "no lines" => LogPage::default().into(),
            "long line" => page(&"é".repeat(5 << 20), None).into(),
            "many lines" => {
                let line = |_| LogLine::user(SystemTime::now(), "x".repeat(1_000));
                LogPage::new((0..5_000).map(line)).next_token("next".to_owned()).into()
            }
            "stream" => {
                let pages = [Ok(page("one", Some("a"))), Ok(page("two", Some("b")))];
                Logs::stream(stream::iter(pages))
            }
            // For readers that stall: there is always more to say.
            "endless" => {
                let page = move || Ok(page(&"x".repeat(60_000), Some("more")));
                Logs::stream(stream::iter(std::iter::repeat_with(page)))
            }
            "stream error" => {
                let pages = [Ok(page("one", None)), Err(ConnectorError::transient("503"))];
                Logs::stream(stream::iter(pages))
            }
            "stream panic" => {
                let pages = stream::iter([1, 2]).map(move |n| match n {
                    1 => Ok(page("one", None)),
                    _ => panic!("the probe was told to"),
                });
                Logs::stream(pages)
            }
            "stream that hangs" => {
                Logs::stream(stream::iter([Ok(page("one", None))]).chain(stream::pending()))
            }
            "stream without end" => Logs::stream(stream::repeat_with(|| Ok(LogPage::default()))),
            _ => page(&said, None).into(),
        })
    }
}

/// A connector without metrics and logs.
#[connector(task_type = "silent", name = "Probe")]
#[derive(Debug, Default)]
pub struct Silent;

impl AsyncConnector for Silent {
    async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
        Ok(JobId::new("s-1"))
    }

    async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
        Ok(Resource::running())
    }

    async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

/// A connector whose instance cannot be made.
#[connector(task_type = "broken", name = "Broken", init = refuse)]
#[derive(Debug)]
pub struct Broken;

async fn refuse(settings: Settings) -> Result<Broken> {
    settings.require("endpoint").map(|_| Broken)
}

impl AsyncConnector for Broken {
    async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
        Ok(JobId::new("b-1"))
    }

    async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
        Ok(Resource::running())
    }

    async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}
