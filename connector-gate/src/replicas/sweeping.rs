//! Which rows of the store a replica takes: where one connector does not answer, the rows of others are seen to, and
//! what a replica does not serve is left to those that do.

use std::time::Duration;

use connector_core::prelude::*;
use connector_core::registry::RegistryBuilder;
use tokio::time::sleep;

use super::table::{LEASE, Status};
use super::{SECOND, World, plain, vendor};
use crate::state_store::{Cancellation, StateStore as _};

/// A connector whose outside system does not answer.
#[derive(Debug)]
struct Stuck;

impl ConnectorSpec for Stuck {
    const NAME: &'static str = "Stuck";
    const TASK_TYPES: &'static [&'static str] = &["stuck"];
    const VERSIONS: &'static [i32] = &[0];
    type Meta = JobId;
    type Config = ();
    type Inputs = DynamicInputs;
    type Outputs = ();
    type Connection = ();
}

impl AsyncConnector for Stuck {
    async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
        Err(ConnectorError::permanent("never"))
    }

    async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource<()>> {
        Ok(Resource::running())
    }

    async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        std::future::pending().await
    }
}

/// So many jobs that a process was to cancel, which died.
async fn left(world: &World, id: usize, task_type: &str, jobs: std::ops::Range<usize>) {
    let died = world.table.process(id);
    for number in jobs {
        let job = Cancellation {
            ticket: None,
            task_type: task_type.to_owned(),
            version: 0,
            run: String::new(),
            meta: super::job(number).into(),
        };
        died.to_cancel(&job, Duration::ZERO).await;
        if task_type == "render" {
            let job = vendor::Job { key: String::new(), cancelled: false };
            world.vendor.jobs.lock().unwrap().push(job);
        }
    }
    died.die();
}

#[tokio::test(start_paused = true)]
async fn deletes_that_hang_hold_up_those_of_no_other_connector() {
    let world = World::default();
    // Named so that they come first.
    left(&world, 8, "stuck", 1_000..1_200).await;
    let both = |registry, it| plain(registry, it).register(Stuck);
    let replica = world.replica(1, both, &[]).await;
    sleep(LEASE + 5 * SECOND).await;
    assert_eq!(replica.told("outside delete"), 1, "one hangs, and others wait for it");
    left(&world, 9, "render", 0..40).await;
    sleep(LEASE + 5 * SECOND).await;
    assert_eq!((world.vendor.made(), world.vendor.running()), (40, 0));
    assert_eq!(world.table.states(), vec![Status::ToCancel; 200]);
}

#[tokio::test(start_paused = true)]
async fn what_a_replica_does_not_serve_is_left_to_those_that_do_and_counts_no_try() {
    let world = World::default();
    left(&world, 8, "render", 0..1).await;
    let stuck = |registry: RegistryBuilder, _| registry.register(Stuck);
    let _elsewhere = world.gates(2, stuck, &[]).await;
    sleep(3_600 * SECOND).await;
    assert_eq!((world.table.states(), world.table.tries()), (vec![Status::ToCancel], 0));
    let _here = world.replica(1, plain, &[]).await;
    sleep(5 * SECOND).await;
    assert_eq!((world.vendor.made(), world.vendor.running()), (1, 0));
    assert_eq!(world.table.states(), []);
}
