//! The connector behind the server, driven as Flyte drives it, crashes included.

use std::sync::Arc;
use std::time::Duration;

use connector_core::{Phase, Registry, Settings};
use connector_postgres::Postgres;
use connector_testing::{
    End, ExecutorRules, FailureCode, FakeExecutor, InProcess, RepeatedCreate, TaskRecord, Trouble,
};
use futures_util::future::join_all;
use tokio::runtime::{Builder, Runtime};

use crate::database::WAIT;
use crate::database_or_skip;

/// An executor in a hurry, as time is real.
fn rules() -> ExecutorRules {
    ExecutorRules {
        poll_interval: Duration::from_millis(25),
        look_interval: Duration::from_millis(20),
        delete_interval: Duration::from_millis(50),
        removal_after: Duration::from_millis(10),
        patience: Duration::from_secs(60),
        ..ExecutorRules::default()
    }
}

/// A connector server with threads of its own, as a process would have: whatever runs there ends
/// when it does.
struct Server {
    runtime: Runtime,
    serving: InProcess,
}

impl Server {
    async fn start() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let serving = runtime.spawn(async {
            // Who waits in line when its server dies is found lost after 40 s, for which a storm has no time.
            let settings = Settings::from_iter([("max_statements", "100")]);
            let postgres = Postgres::new(&settings).unwrap();
            let registry = Registry::builder().register(postgres).build().await.unwrap();
            InProcess::serve(registry)
        });
        let serving = serving.await.unwrap();
        Self { runtime, serving }
    }

    fn executor(&self) -> FakeExecutor {
        FakeExecutor::builder(self.serving.channel()).rules(rules()).build()
    }

    /// Ends it in good order, as a deployment does.
    async fn stop(self) {
        let stopped = self.runtime.spawn(self.serving.stop());
        stopped.await.unwrap().unwrap();
        self.runtime.shutdown_background();
    }

    /// Ends it in the middle of what it does, as a crash does.
    fn crash(self) {
        self.runtime.shutdown_background();
    }
}

fn phases(record: &TaskRecord) -> Vec<Vec<Phase>> {
    let named = |number: &i32| Phase::ALL.iter().copied().find(|phase| *phase as i32 == *number);
    let attempts = record.attempts.iter();
    attempts.map(|attempt| attempt.phases.iter().filter_map(named).collect()).collect()
}

#[tokio::test]
async fn a_task_runs_and_its_outputs_are_the_executors() {
    let database = database_or_skip!();
    let server = Server::start().await;
    let task = database.task(&format!("select 1 as x from {WAIT}"));
    database.hold().await;
    let executor = server.executor();
    let seen_running = async {
        database.until_polled().await;
        database.release().await;
    };
    let (record, ()) = tokio::join!(executor.run(&task), seen_running);
    let End::Succeeded { outputs: Some(outputs) } = &record.end else { panic!("{}", record.end) };
    let mut names: Vec<&str> = outputs.iter().map(|output| output.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["rows", "table"]);
    assert_eq!(phases(&record), [[Phase::Running, Phase::Succeeded]]);
    server.stop().await;
}

#[tokio::test]
async fn a_wrong_statement_burns_no_attempt() {
    let database = database_or_skip!();
    let server = Server::start().await;
    let record = server.executor().run(&database.task("select\n nothing").attempts(3)).await;
    let End::Failed { code: FailureCode::TaskFailedWithError, message } = &record.end else {
        panic!("{}", record.end)
    };
    let place = "in line 2, column 2: column \"nothing\" does not exist (SQLSTATE 42703)";
    assert!(message.contains(place), "{message}");
    assert_eq!(phases(&record), [[Phase::Failed]]);
    server.stop().await;
}

#[tokio::test]
async fn an_abort_ends_the_session() {
    let database = database_or_skip!();
    let server = Server::start().await;
    let executor = server.executor();
    let abort = Trouble { abort_after: Some(Duration::from_millis(400)), ..Trouble::default() };
    let task = database.task("insert into effects select from pg_sleep(60)");
    let record = executor.run_with(&task, &abort).await;
    assert_eq!(record.end, End::Aborted);
    database.until_idle().await;
    let report = executor.report_with(&database).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(database.effects().await, 0);
    server.stop().await;
}

#[tokio::test]
async fn a_lost_session_is_another_attempt() {
    let database = database_or_skip!();
    let server = Server::start().await;
    let executor = server.executor();
    let task = database.task(&format!("insert into effects select from {WAIT}")).attempts(2);
    database.hold().await;
    let crash = async {
        database.until_active(1).await;
        database.end_sessions().await;
        database.release().await;
    };
    let (record, ()) = tokio::join!(executor.run(&task), crash);
    assert!(matches!(record.end, End::Succeeded { .. }), "{}", record.end);
    let seen = phases(&record);
    assert_eq!(
        seen.iter().filter_map(|attempt| attempt.last()).collect::<Vec<_>>(),
        [&Phase::RetryableFailed, &Phase::Succeeded]
    );
    assert_eq!(database.effects().await, 1);
    server.stop().await;
}

#[tokio::test]
async fn a_statement_outlives_the_server_that_began_it() {
    let database = database_or_skip!();
    let (first, second) = (Server::start().await, Server::start().await);
    let executor = first.executor();
    let task = database.task(&format!("insert into effects select from {WAIT}"));
    database.hold().await;
    let crash = async {
        database.until_active(1).await;
        executor.switch(second.serving.channel());
        first.crash();
        database.release().await;
    };
    let (record, ()) = tokio::join!(executor.run(&task), crash);
    // The same attempt, on a server that knows nothing but the metadata.
    assert!(matches!(record.end, End::Succeeded { .. }), "{}", record.end);
    assert_eq!(record.attempts.len(), 1);
    database.until_idle().await;
    let report = executor.report_with(&database).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(database.effects().await, 1);
    second.stop().await;
}

/// What may befall a task: a kind of trouble for each remainder of its number.
fn trouble(number: u64) -> Trouble {
    let after = Duration::from_millis(number % 7 * 40);
    let pause = Duration::from_millis(number % 5 * 30);
    let repeated = |create| Trouble { repeated_create: Some(create), ..Trouble::default() };
    let trouble = match number % 8 {
        0 => repeated(RepeatedCreate::Concurrent { calls: 3 }),
        1 => repeated(RepeatedCreate::AfterAnswer { pause }),
        2 => repeated(RepeatedCreate::NotWrittenDown { pause }),
        3 => repeated(RepeatedCreate::WhileCalling { after: after / 4, pause }),
        4 => Trouble { create_deadlines: vec![after / 8], ..Trouble::default() },
        5 => Trouble { restarts: vec![after, after + pause], ..Trouble::default() },
        6 => Trouble { abort_after: Some(after), ..Trouble::default() },
        _ => Trouble::default(),
    };
    Trouble { delete_twice: number.is_multiple_of(3), ..trouble }
}

#[tokio::test]
async fn nothing_is_lost_or_done_twice_in_a_storm() {
    const TASKS: u64 = 50;
    let database = Arc::new(database_or_skip!());
    let (first, second) = (Server::start().await, Server::start().await);
    let executor = first.executor();
    let tasks = (0..TASKS).map(|number| {
        let seconds = number % 4 * 200;
        let task = database
            .task(&format!("insert into effects select from pg_sleep({seconds} / 1000.0)"))
            .attempts(5);
        let executor = &executor;
        async move { executor.run_with(&task, &trouble(number)).await }
    });
    let weather = async {
        // Statements die while others run, then the server does, and another takes over.
        database.until("SELECT count(*) > 5 FROM effects").await;
        database.end_sessions().await;
        database.until("SELECT count(*) > 15 FROM effects").await;
        executor.switch(second.serving.channel());
        first.crash();
    };
    let (records, ()) = tokio::join!(join_all(tasks), weather);
    // Ends what nobody has taken.
    second.stop().await;
    database.until_idle().await;
    let report = executor.report_with(&database).await;
    assert!(report.is_clean(), "{report}");
    let tasks = report.tasks;
    assert_eq!(tasks.succeeded + tasks.aborted, records.len(), "{report}");
    assert!(tasks.succeeded > 40 && tasks.attempts > tasks.all, "{report}");
}
