//! Python connectors in worker processes of a server of ours: who answers when a process is stuck, killed or
//! left alone, and what others can learn of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use connector_core::pb::task_execution::Phase;
use connector_service::pb;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use interop_tests::peer::{Server, example};
use interop_tests::venv::Venv;
use prost_types::value::Kind;
use tokio::task::JoinSet;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// A secret that is lent to a linked connector, so that no worker has any business with it.
const LENT: (&str, &str) = ("CONNECTOR__SOMEBODY__SECRET__TOKEN", "lent-to-somebody-else");
/// As long as anything may take on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// A server with workers.
struct Bench {
    server: Server,
    jobs: Jobs,
}

/// Its jobs, as a caller asks about them.
#[derive(Clone)]
struct Jobs(AsyncConnectorServiceClient<Channel>);

impl Bench {
    async fn start(program: &Path, venv: &Venv, workers: &str) -> Self {
        let vars = [
            LENT,
            ("CONNECTOR_MODULES", "worker_connectors"),
            ("CONNECTOR_PYTHON_WORKERS", workers),
        ];
        let server = Server::before_python(program, venv, &vars).unwrap();
        let address = format!("http://{}", server.address());
        let channel = Endpoint::from_shared(address).unwrap().connect().await.unwrap();
        Self { server, jobs: Jobs(AsyncConnectorServiceClient::new(channel)) }
    }
}

impl Jobs {
    /// Polls a job by its name; which process answers.
    async fn poll(&self, job: &str) -> Result<String, tonic::Status> {
        Ok(self.state(job).await?.message)
    }

    async fn state(&self, job: &str) -> Result<pb::Resource, tonic::Status> {
        let request = pb::GetTaskRequest {
            resource_meta: format!("{{\"job_id\": \"{job}\"}}").into(),
            task_category: Some(pb::TaskCategory { name: "behind".to_owned(), version: 0 }),
            ..Default::default()
        };
        let answer = self.0.clone().get_task(request).await?;
        let state = answer.into_inner().resource.unwrap();
        assert_eq!(state.phase(), Phase::Running);
        Ok(state)
    }

    /// The processes that have answered, asked until there are two of them.
    async fn both(&self, but: &BTreeSet<u32>) -> BTreeSet<u32> {
        let until = Instant::now() + LONG;
        let mut seen = BTreeSet::new();
        for round in 0.. {
            assert!(Instant::now() < until, "{seen:?} of two answer");
            // Together, so that the least busy one is not always the same.
            let pids = [0, 1, 2, 3].map(|number| format!("{round}-{number}"));
            let polls = pids.iter().map(|job| self.poll(job));
            for answer in futures_util::future::join_all(polls).await {
                seen.extend(answer.unwrap().parse::<u32>());
            }
            seen.retain(|pid| !but.contains(pid));
            if seen.len() == 2 {
                break;
            }
        }
        seen
    }
}

fn signal(name: &str, pid: u32) {
    let sent = Command::new("kill").args([name, &pid.to_string()]).status().unwrap();
    assert!(sent.success(), "{pid} is there");
}

/// Waits until none of the processes is there.
fn until_gone(pids: &BTreeSet<u32>, within: Duration) {
    let until = Instant::now() + within;
    let lives = |pid: &&u32| {
        // One that has ended and that nobody has asked about is no process any more.
        let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !status.is_empty() && !status.contains(") Z ")
    };
    while pids.iter().any(|pid| lives(&pid)) {
        assert!(
            Instant::now() < until,
            "{:?} are left",
            pids.iter().filter(lives).collect::<Vec<_>>()
        );
        std::thread::yield_now();
    }
}

fn program() -> Option<(PathBuf, Venv)> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let venv = Venv::official_sdk(target, "Python connectors in workers")?;
    let bare = example(target, "bare").unwrap_or_else(|error| panic!("{error}"));
    Some((bare, venv))
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_are_unseen_replaced_and_never_in_each_others_way() {
    let Some((program, venv)) = program() else { return };
    let mut bench = Bench::start(&program, &venv, "2").await;

    let seen = bench.jobs.state("look").await.unwrap().custom_info.unwrap();
    let field = |name: &str| seen.fields[name].kind.clone();
    assert_eq!(field("folder"), Some(Kind::StringValue("0o700".to_owned())));
    assert_eq!(field("listens"), Some(Kind::NumberValue(0.0)), "no network port");
    let Some(Kind::StringValue(told)) = field("told") else { panic!("{seen:?}") };
    let Some(Kind::StringValue(place)) = field("place") else { panic!("{seen:?}") };
    assert!(told.contains("PYTHONPATH") && told.contains("bootstrap.py"), "{told}");
    assert!(!told.contains(LENT.1), "a secret in an environment or a command line");

    // One process is blocked; whoever is sent to it is answered by the other.
    let first = bench.jobs.both(&BTreeSet::new()).await;
    let blocked = {
        let jobs = bench.jobs.clone();
        tokio::spawn(async move { jobs.poll("block").await })
    };
    for number in 0..20 {
        bench.jobs.poll(&format!("beside-{number}")).await.unwrap();
    }
    assert!(!blocked.is_finished(), "20 polls took longer than one that blocks for 4 s");
    blocked.await.unwrap().unwrap();

    // A process that dies is followed by another.
    let killed = BTreeSet::from([*first.first().unwrap()]);
    signal("-KILL", *first.first().unwrap());
    let second = bench.jobs.both(&killed).await;
    assert_ne!(first, second);
    assert!(bench.server.output().contains("is started again"), "{}", bench.server.output());

    // Asked to end, the server answers what it was asked, and nothing is left of it.
    let mut calls = JoinSet::new();
    for number in 0..50 {
        let jobs = bench.jobs.clone();
        calls.spawn(async move { jobs.poll(&format!("dawdle-{number}")).await });
    }
    bench.jobs.poll("begun").await.unwrap();
    signal("-TERM", bench.server.pid());
    while let Some(answer) = calls.join_next().await {
        answer.unwrap().unwrap();
    }
    assert_eq!(bench.server.wait(), Some(0));
    // Not even a process that has ended and that nobody has asked about.
    let left: Vec<_> =
        second.iter().filter(|pid| Path::new(&format!("/proc/{pid}")).exists()).collect();
    assert!(left.is_empty(), "{left:?} are left");
    assert!(!Path::new(&place).exists(), "{place} is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_worker_outlives_a_server_that_is_killed() {
    let Some((program, venv)) = program() else { return };
    let bench = Bench::start(&program, &venv, "2").await;
    let workers = bench.jobs.both(&BTreeSet::new()).await;
    signal("-KILL", bench.server.pid());
    until_gone(&workers, Duration::from_secs(5));
}

/// Being busy is not being away: the look of every ten seconds falls into the time in which the only worker
/// answers nobody, and gives up on it.
#[tokio::test(flavor = "multi_thread")]
async fn health_does_not_fail_while_the_only_worker_is_blocked() {
    let Some((program, venv)) = program() else { return };
    let bench = Bench::start(&program, &venv, "1").await;
    let channel = Endpoint::from_shared(format!("http://{}", bench.server.address())).unwrap();
    let request = HealthCheckRequest { service: "Behind Connector".to_owned() };
    let mut health = HealthClient::new(channel.connect().await.unwrap());
    let mut seen = health.watch(request).await.unwrap().into_inner();
    assert_eq!(seen.message().await.unwrap().unwrap().status(), ServingStatus::Serving);

    let blocked = bench.jobs.poll("stuck");
    tokio::select! {
        answer = blocked => drop(answer.unwrap()),
        changed = seen.message() => panic!("{changed:?}\n{}", bench.server.output()),
    }
    assert!(bench.server.output().contains("is busy"), "no look fell into it");
}
