//! Attempts against a connector that does as it is told, on paused time: retries, failed polls,
//! interrupts, repeated creates.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use connector_core::Registry;
use connector_core::prelude::*;
use tokio::time::Instant;

use super::attempt::{End, Run, Wishes};
use super::interrupts::Interrupts;
use super::service::Service;
use super::task::Task;
use crate::cli::{self, Command, Environment, Parsed};
use crate::in_process::InProcess;
use crate::server::Server;
use crate::signals::Requests;

/// What happens, in order. The settings say what a job is to do.
#[derive(Debug, Clone, Default)]
struct Obedient(Arc<Mutex<Vec<String>>>);

impl Obedient {
    fn note(&self, event: impl Into<String>) {
        self.0.lock().unwrap().push(event.into());
    }
}

impl ConnectorSpec for Obedient {
    const NAME: &'static str = "Obedient";
    const TASK_TYPES: &'static [&'static str] = &["obedient"];
    const VERSIONS: &'static [i32] = &[0];
    type Meta = JobId;
    type Config = DynamicConfig;
    type Inputs = ();
    type Outputs = ();
    type Connection = ();
}

impl AsyncConnector for Obedient {
    async fn create(&self, task: CreateTask<Self>) -> Result<JobId> {
        let id = task.execution.as_ref().and_then(|execution| execution.id.as_ref()).unwrap();
        self.note(format!("create {}", id.retry_attempt));
        let wait = task.config.number("wait")?.unwrap_or_default();
        tokio::time::sleep(Duration::from_secs_f64(wait)).await;
        match task.config.string("create")?.unwrap_or_default() {
            "retryable" => Err(ConnectorError::retryable("busy")),
            // A key that is a reading of the clock.
            "by-the-clock" => Ok(JobId::new(format!("SUCCEEDED {:?}", std::time::Instant::now()))),
            _ => Ok(JobId::new(task.config.string("phase")?.unwrap_or("SUCCEEDED"))),
        }
    }

    async fn get(&self, job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource<()>> {
        self.note("get");
        Ok(Resource::new(Phase::from_name(job.job_id.split(' ').next().unwrap()).unwrap())
            .message("so it is"))
    }

    async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        self.note("delete");
        Ok(())
    }
}

struct Tried {
    end: End,
    events: Vec<String>,
    seconds: u64,
    duplicated: bool,
}

/// Runs `run obedient …`; the user interrupts after each of these times.
async fn tried(flags: &str, interrupts: &[f64]) -> Tried {
    let connector = Obedient::default();
    let registry = Registry::builder().register(connector.clone()).build().await.unwrap();
    let registry = Arc::new(registry);
    let [local, replica] = [(); 2].map(|()| {
        let server = Server::builder().registry(Arc::clone(&registry)).without_isolation();
        InProcess::serve(server.build())
    });
    let service = Service::of(local, Some(replica));
    let line = format!("connector-server run obedient {flags}");
    let parsed = cli::parse(line.split_whitespace().map(Into::into), &Environment::default());
    let Ok(Parsed { command: Command::Run(args), .. }) = parsed else { panic!("{line}") };
    let task = Task::new(&args, 0, None, None, |_| None).unwrap();
    let wishes = Wishes::from(&*args);
    let (user, heard) = Requests::by_hand();
    let mut heard = Interrupts::of(heard);
    let began = Instant::now();
    let times: Vec<_> = interrupts.iter().map(|at| began + Duration::from_secs_f64(*at)).collect();
    tokio::spawn(async move {
        for time in times {
            tokio::time::sleep_until(time).await;
            user.send("Ctrl-C").unwrap();
        }
        std::future::pending::<()>().await;
    });
    let mut run = Run::new(&service, &task, wishes, &mut heard);
    let folder = tempfile::tempdir().unwrap();
    let end = run.until_it_ends(folder.path()).await;
    let duplicated = run.is_duplicated();
    let events = connector.0.lock().unwrap().clone();
    Tried { end, events, seconds: began.elapsed().as_secs(), duplicated }
}

fn message(end: &End) -> &str {
    match end {
        End::Failed { message, .. } => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn every_final_phase_ends_it() {
    for (phase, said) in [
        ("FAILED", "so it is"),
        ("ABORTED", "it was aborted: so it is"),
        ("RETRYABLE_FAILED", "so it is"),
    ] {
        let tried = tried(&format!("--config phase={phase}"), &[]).await;
        assert_eq!(message(&tried.end), said);
        assert_eq!(tried.events, ["create 0", "get"]);
    }
    let tried = tried("", &[]).await;
    assert!(matches!(tried.end, End::Succeeded { attempt: 0, .. }));
}

#[tokio::test(start_paused = true)]
async fn a_retry_deletes_the_old_job_and_is_the_next_attempt() {
    let tried = tried("--config phase=RETRYABLE_FAILED --retries 1", &[]).await;
    assert_eq!(tried.events, ["create 0", "get", "delete", "create 1", "get"]);
    assert_eq!(message(&tried.end), "so it is");
    assert_eq!(tried.seconds, 3);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_fails_is_retried_and_a_failed_job_is_not() {
    let retried = tried("--config create=retryable --retries 2", &[]).await;
    assert_eq!(retried.events, ["create 0", "create 1", "create 2"]);
    assert!(message(&retried.end).contains("busy"));
    let failed = tried("--config phase=FAILED --retries 2", &[]).await;
    assert_eq!(failed.events, ["create 0", "get"]);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_between_polls_deletes_the_job() {
    let tried = tried("--config phase=RUNNING --interval 10", &[15.0]).await;
    assert_eq!(tried.end, End::Interrupted);
    assert_eq!(tried.events, ["create 0", "get", "get", "delete"]);
    assert_eq!(tried.seconds, 15);
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_create_is_awaited_and_its_job_deleted() {
    let once = tried("--config wait=5", &[1.0]).await;
    assert_eq!((once.end, once.seconds), (End::Interrupted, 5));
    assert_eq!(once.events, ["create 0", "delete"]);
    let twice = tried("--config wait=5", &[1.0, 2.0]).await;
    assert_eq!((twice.end, twice.seconds), (End::Interrupted, 2));
    assert_eq!(twice.events, ["create 0"]);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_before_the_next_attempt_ends_the_run() {
    let tried = tried("--config phase=RETRYABLE_FAILED --retries 1 --interval 9", &[4.0]).await;
    assert_eq!((tried.end, tried.seconds), (End::Interrupted, 4));
    assert_eq!(tried.events, ["create 0", "get", "delete"]);
}

#[tokio::test(start_paused = true)]
async fn a_create_over_ten_seconds_fails_the_attempt() {
    let tried = tried("--config wait=11", &[]).await;
    assert!(message(&tried.end).contains("DeadlineExceeded"), "{:?}", tried.end);
    // The server answers a moment before its caller would leave.
    assert!((9..=10).contains(&tried.seconds), "{}", tried.seconds);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_create_finds_the_same_job() {
    let tried = tried("--twice", &[]).await;
    assert!(!tried.duplicated);
    let events = ["create 0", "create 0", "get"];
    assert_eq!(tried.events, events, "the second server knows nothing of the first");
}

#[tokio::test(start_paused = true)]
async fn a_repeated_create_that_makes_another_job_is_found() {
    let tried = tried("--twice --config create=by-the-clock", &[]).await;
    assert!(tried.duplicated);
    assert_eq!(tried.events, ["create 0", "create 0", "delete", "get"]);
}
