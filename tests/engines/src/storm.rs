//! Many tasks at once over a real engine, each with a trouble of its own, while the servers that run them die by turns.
//! What is to hold afterwards is asked of the engine, by the test.

use std::time::Duration;

use connector_testing::{ExecutorRules, FakeExecutor, RepeatedCreate, Task, TaskRecord, Trouble};
use futures_util::future::join_all;
use postgres_tests::{Engine, PASSWORD};
use tokio::task::block_in_place;
use tokio::time::sleep;

use crate::server::Server;

/// How often one of the servers is killed, and how long it is until the next.
const DEATHS: usize = 4;
const BETWEEN: Duration = Duration::from_secs(3);

/// An executor in a hurry, as time is real, and with patience, as the machine is small.
fn rules() -> ExecutorRules {
    let call = Some(Duration::from_secs(60));
    ExecutorRules {
        create_deadline: call,
        get_deadline: call,
        delete_deadline: call,
        poll_interval: Duration::from_millis(500),
        look_interval: Duration::from_millis(100),
        delete_interval: Duration::from_millis(500),
        removal_after: Duration::from_millis(100),
        give_up_deleting_after: 200,
        patience: Duration::from_secs(400),
        ..ExecutorRules::default()
    }
}

/// A database that servers may share, and the variables that tell them of it: for engines that take no keys, where two
/// servers that know nothing of each other may make two jobs of one attempt. `None` where there is no PostgreSQL.
///
/// # Panics
/// It does not start, or is not there and this is CI.
#[must_use]
pub fn shared_state() -> Option<(Engine, Vec<(String, String)>)> {
    let engine = Engine::own()?;
    let place = format!("postgres://postgres@127.0.0.1:{}/postgres", engine.port());
    let variables = [
        ("CONNECTOR_STATE", place.as_str()),
        ("PGPASSWORD", PASSWORD),
        ("CONNECTOR_STATE_LEASE_SECONDS", "3"),
    ];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Some((engine, variables.map(owned).into()))
}

/// What befalls a task: a kind of trouble for each remainder of its number.
fn trouble(number: usize) -> Trouble {
    let pause = Duration::from_millis(400);
    let repeated = |create| Trouble { repeated_create: Some(create), ..Trouble::default() };
    let trouble = match number % 6 {
        0 => repeated(RepeatedCreate::Concurrent { calls: 3 }),
        1 => repeated(RepeatedCreate::AfterAnswer { pause }),
        2 => repeated(RepeatedCreate::NotWrittenDown { pause }),
        3 => repeated(RepeatedCreate::WhileCalling { after: pause / 4, pause }),
        4 => Trouble { restarts: vec![pause, pause * 3], ..Trouble::default() },
        _ => Trouble { abort_after: Some(pause * 4), ..Trouble::default() },
    };
    Trouble { delete_twice: number.is_multiple_of(2), ..trouble }
}

/// Runs those tasks through the first of the servers and, as they are killed, through the other one. The records are in
/// the order of the tasks. Wants a runtime with more than one thread.
///
/// # Panics
/// A server does not start.
pub async fn over(
    mut servers: [Server; 2],
    tasks: &[Task],
) -> (FakeExecutor, Vec<TaskRecord>, [Server; 2]) {
    let executor = FakeExecutor::builder(servers[0].channel().await).rules(rules()).build();
    let runs = tasks.iter().enumerate().map(|(number, task)| {
        let executor = &executor;
        async move { executor.run_with(task, &trouble(number)).await }
    });
    let deaths = async {
        for death in 0..DEATHS {
            sleep(BETWEEN).await;
            let (dies, lives) = (death % 2, (death + 1) % 2);
            executor.switch(servers[lives].channel().await);
            block_in_place(|| {
                servers[dies].kill();
                servers[dies].start_again();
            });
        }
    };
    let (records, ()) = tokio::join!(join_all(runs), deaths);
    (executor, records, servers)
}
