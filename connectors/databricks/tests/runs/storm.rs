//! Many tasks at once on a Databricks with whom a third of all calls go wrong, driven by an executor that
//! crashes, aborts and creates twice: nothing may be wedged, lost, left behind or there twice.

use std::time::Duration;

use connector_core::{Registry, Settings};
use connector_testing::{FakeExecutor, InProcess, RepeatedCreate, Trouble};
use futures_util::future::join_all;

use crate::vendor::FakeDatabricks;
use crate::{connector, task};

/// What befalls a task of that luck on the executor's side.
fn trouble(luck: &mut fastrand::Rng) -> Trouble {
    let pause = Duration::from_secs(luck.u64(1..40));
    let repeated_create = match luck.u8(..4) {
        0 => Some(RepeatedCreate::AfterAnswer { pause }),
        1 => Some(RepeatedCreate::Concurrent { calls: 3 }),
        _ => None,
    };
    Trouble {
        repeated_create,
        restarts: if luck.u8(..4) == 0 { vec![pause, pause * 2] } else { Vec::new() },
        abort_after: (luck.u8(..5) == 0).then_some(pause),
        delete_twice: luck.bool(),
        ..Trouble::default()
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_on_a_vendor_that_fails_at_random() {
    const TASKS: usize = 150;
    // Always the same: a change is not to be refused for the luck of another run.
    let seed = 1;
    let mut luck = fastrand::Rng::with_seed(seed);
    let fake = FakeDatabricks::new();
    let registry = Registry::builder().register(connector(&fake, &Settings::default()));
    let server = InProcess::serve(registry.build().await.unwrap());
    let executor = FakeExecutor::new(server.channel());
    fake.books().luck = Some(fastrand::Rng::with_seed(luck.u64(..)));
    let (executor, task) = (&executor, task().attempts(4));
    let runs = (0..TASKS).map(|_| {
        let (trouble, task) = (trouble(&mut luck), &task);
        async move { executor.run_with(task, &trouble).await }
    });
    join_all(runs).await;
    // Jobs of creates that nobody came back for are cancelled after a while.
    tokio::time::sleep(Duration::from_secs(600)).await;
    let report = executor.report_with(&fake).await;
    assert!(report.is_clean() && report.tasks.all == TASKS, "seed {seed}: {report}");
    let ended_well = report.tasks.succeeded + report.tasks.aborted;
    assert!(ended_well * 100 >= TASKS * 97, "seed {seed}: {report}");
}
