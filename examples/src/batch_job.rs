//! `batch_job`: a job that takes a given time and then succeeds.
//! Read this file first: it uses every method a connector can have.
//! It keeps nothing in memory: all it knows travels in the resource metadata.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use connector_core::prelude::*;

/// What later calls need to find the job again. Flyte keeps it, as JSON, with the fields in this
/// order. A restarted server knows nothing else, so everything needed later must be in here.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BatchJob {
    /// Hex digits, made of the key of the attempt: created again, it is the same job.
    pub job_id: String,
    /// When the job was created, in seconds since 1970.
    pub created_at: f64,
    /// How long the job takes. The default reads metadata of servers that did not have this field.
    #[serde(default = "default_duration_seconds")]
    pub duration_seconds: f64,
}

const fn default_duration_seconds() -> f64 {
    5.0
}

/// The connector. `#[connector]` registers it; the binary that links this crate serves it.
#[connector(task_type = "batch_job", name = "Batch Job Connector", meta = BatchJob)]
#[derive(Debug, Default)]
pub struct BatchJobConnector;

impl AsyncConnector for BatchJobConnector {
    /// A real connector submits the job to its outside system here, and hands the key over with it.
    async fn create(&self, task: CreateTask<Self>) -> Result<BatchJob> {
        let duration_seconds =
            task.config.number("duration_seconds")?.unwrap_or_else(default_duration_seconds);
        // Wrong settings are the task author's to mend, so say which one and what is allowed.
        if !(duration_seconds.is_finite() && duration_seconds >= 0.0) {
            return Err(ConnectorError::invalid_task(format!(
                "`custom.duration_seconds` must be 0 or more, not {duration_seconds}"
            )));
        }
        // Flyte may create one attempt twice. The key is the same both times, so whoever names the job
        // by it has one job. A caller that does not say who it is has no key, and a new job every time.
        let job_id = match task.idempotency_key() {
            Some(key) => key.limited(Charset::Hex, 24).or_permanent("no name for the job")?,
            None => format!("{:024x}", fastrand::u128(..) >> 32),
        };
        Ok(BatchJob { job_id, created_at: now(), duration_seconds })
    }

    /// Called about every 30 seconds, until the phase is a final one.
    async fn get(&self, job: &BatchJob, _cx: &TaskContext<Self>) -> Result<Resource> {
        let BatchJob { job_id, duration_seconds, .. } = job;
        let resource = if now() - job.created_at < *duration_seconds {
            Resource::running().message(format!("job {job_id} is running"))
        } else {
            let result = literal::string(format!("output-from-{job_id}"));
            let outputs = DynamicOutputs::from_iter([("result", result)]);
            Resource::succeeded(outputs).message(format!("job {job_id} succeeded"))
        };
        // Links come with every answer: the executor publishes them when the phase changes.
        Ok(resource
            .log_link(TaskLog::new(
                format!("Batch job {job_id}"),
                format!("https://batch.example.com/jobs/{job_id}"),
            ))
            .info("job_id", job_id)
            .info("duration_seconds", *duration_seconds))
    }

    /// Cancelling a job that is finished or unknown is a success; here there is nothing to stop.
    async fn delete(&self, _job: &BatchJob, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }

    /// Two metrics, in the shape of Prometheus range queries.
    async fn get_metrics(
        &self,
        job: &BatchJob,
        query: MetricsQuery,
        _cx: &CallContext,
    ) -> Result<Vec<Metric>> {
        const NAMES: [&str; 2] = ["cpu_usage", "memory_bytes"];
        if let Some(unknown) = query.queries.iter().find(|name| !NAMES.contains(&name.as_str())) {
            return Err(ConnectorError::invalid_task(format!(
                "there is no metric {unknown:?}; the metrics are `cpu_usage` and `memory_bytes`"
            )));
        }
        let samples = job.samples(&query);
        if samples.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = |name: &&str| {
            query.queries.is_empty() || query.queries.iter().any(|query| query == name)
        };
        let metrics = NAMES.into_iter().filter(wanted).map(|name| {
            let value = |progress: f64| match name {
                "cpu_usage" => 0.25 + 0.5 * progress,
                _ => (64.0 * 1024.0 * 1024.0 * (1.0 + progress)).round(),
            };
            let points = samples.iter().map(|(time, progress)| (*time, value(*progress)));
            Metric::range(name, [Series::new(points).label("job_id", &job.job_id)])
        });
        Ok(metrics.collect())
    }

    /// Three pages; each names the token of the next one.
    async fn get_logs(&self, job: &BatchJob, query: LogQuery, _cx: &CallContext) -> Result<Logs> {
        let (lines, next) = match query.token.as_str() {
            "" => ([(0, "submitted"), (1, "started")], Some("page-2")),
            "page-2" => ([(2, "is working"), (3, "is halfway")], Some("page-3")),
            "page-3" => ([(4, "wrote its output"), (5, "finished")], None),
            unknown => {
                return Err(ConnectorError::invalid_task(format!(
                    "there is no log page {unknown:?}; pass the token of the page before, or none"
                )));
            }
        };
        let line = |(fifths, text): (u32, &str)| {
            LogLine::user(job.moment(f64::from(fifths) / 5.0), format!("job {} {text}", job.job_id))
        };
        let page = LogPage::new(lines.into_iter().map(line));
        Ok(page.next_token(next.map(str::to_owned)).into())
    }
}

impl BatchJob {
    /// The time at which the job has done that share of its work. Metadata can hold any number, so
    /// times that no clock can show are `None`.
    fn moment(&self, progress: f64) -> Option<SystemTime> {
        let seconds = self.created_at + self.duration_seconds * progress;
        UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?)
    }

    /// Times within the asked range and within the job's life, and the progress made by then.
    fn samples(&self, query: &MetricsQuery) -> Vec<(SystemTime, f64)> {
        const MOST: u32 = 1_000;
        let (Some(created), Some(finished)) = (self.moment(0.0), self.moment(1.0)) else {
            return Vec::new();
        };
        let start = query.start.unwrap_or(created).max(created);
        let end = query.end.unwrap_or(finished).min(finished);
        let Ok(span) = end.duration_since(start) else {
            return Vec::new();
        };
        // A step that is too small is widened, so that an answer stays small.
        let step = query.step.unwrap_or(span / 5).max(span / MOST).max(Duration::from_millis(1));
        let times = (0..=MOST).map_while(|n| start.checked_add(step.checked_mul(n)?));
        times
            .take_while(|time| *time <= end)
            .filter_map(|time| Some((time, self.progress(time.duration_since(created).ok()?))))
            .collect()
    }

    fn progress(&self, elapsed: Duration) -> f64 {
        if self.duration_seconds > 0.0 {
            (elapsed.as_secs_f64() / self.duration_seconds).min(1.0)
        } else {
            1.0
        }
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
