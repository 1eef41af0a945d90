//! What is one attempt under Flyte 1, and what becomes of the attempt before.

use conformance_tests::running::attempt;
use conformance_tests::vendor::Answer;
use conformance_tests::{Setup, Vendor};
use connector_core::Resource;
use connector_core::pb::task_execution::Phase;
use connector_service::pb;

use super::{created, get, polled};

/// The attempt of a node whose outputs go there. Node, execution, attempt and labels are the same for all.
fn of_node(folder: &str, number: u32) -> pb::CreateTaskRequest {
    pb::CreateTaskRequest {
        output_prefix: format!("s3://b/metadata/{folder}/{number}"),
        ..attempt("vendor", "run", number)
    }
}

#[tokio::test]
async fn equal_names_in_other_folders_are_other_nodes() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).start().await;
    let folders = ["n0/data", "n1/n0/data", "n2/n0/data", "n3/data/0/n0"];
    let mut jobs = Vec::new();
    for folder in folders {
        jobs.push(created(&server, of_node(folder, 0)).await);
    }
    let first: Vec<_> = ["v-1", "v-2", "v-3", "v-4"]
        .map(|id| bytes::Bytes::from(format!("{{\"job_id\": \"{id}\"}}")))
        .to_vec();
    assert_eq!(jobs, first, "four nodes, four jobs");
    // Each of them again: its answer was lost.
    for (folder, job) in folders.iter().zip(&jobs) {
        assert_eq!(created(&server, of_node(folder, 0)).await, *job);
    }
    server.stop().await;
    assert_eq!((vendor.counts().jobs, vendor.counts().deletes), (4, 0));
}

#[tokio::test]
async fn the_next_attempt_cancels_the_one_that_flyte_1_never_deletes() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).start().await;
    vendor.answer([Answer::Says(Resource::retryable_failure("the node was lost"))]);
    let job = created(&server, of_node("n0/data", 0)).await;
    for _ in 0..2 {
        // It may be asked about once more, and gets the same answer; the vendor is not asked again.
        let seen = polled(&server, get("vendor", job.clone())).await;
        assert_eq!((seen.phase(), &*seen.message), (Phase::RetryableFailed, "the node was lost"));
    }
    assert_eq!((vendor.counts().gets, vendor.counts().deletes), (1, 0));
    let next = created(&server, of_node("n0/data", 1)).await;
    assert_ne!(next, job);
    assert_eq!(vendor.until(|counts| counts.deletes == 1).await.jobs, 2);
    let seen = polled(&server, get("vendor", job)).await;
    assert_eq!(seen.phase(), Phase::RetryableFailed, "also after it was cancelled");
    server.stop().await;
    assert_eq!(vendor.counts().deletes, 1, "once");
}

#[tokio::test]
async fn the_last_attempt_is_cancelled_too() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).policy("CREATE_GRACE", "50ms").start().await;
    vendor.answer([Answer::Says(Resource::retryable_failure("the node was lost"))]);
    let job = created(&server, of_node("n0/data", 2)).await;
    polled(&server, get("vendor", job)).await;
    vendor.until(|counts| counts.deletes == 1).await;
    server.stop().await;
    assert_eq!(vendor.counts().deletes, 1);
}

#[tokio::test]
async fn flyte_2_deletes_for_itself() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).policy("CREATE_GRACE", "0").start().await;
    vendor.answer([Answer::Says(Resource::retryable_failure("the node was lost"))]);
    let mut tasks = server.tasks().await;
    let job = tasks.create_task(of_node("a0", 0)).await.unwrap().into_inner().resource_meta;
    let request = conformance_tests::running::get("vendor", job);
    tasks.get_task(request).await.unwrap();
    tasks.create_task(of_node("a0", 1)).await.unwrap();
    server.stop().await;
    assert_eq!(vendor.counts().deletes, 0);
}

#[tokio::test]
async fn an_attempt_that_was_under_way_is_cancelled_by_the_next_one() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).start().await;
    let job = created(&server, of_node("n0/data", 0)).await;
    // It ran when it was last asked about; propeller has given it up without a word.
    assert_eq!(polled(&server, get("vendor", job)).await.phase(), Phase::Running);
    created(&server, of_node("n1/data", 1)).await;
    assert_eq!(vendor.counts().deletes, 0, "another node's");
    created(&server, of_node("n0/data", 1)).await;
    vendor.until(|counts| counts.deletes == 1).await;
    server.stop().await;
    assert_eq!((vendor.counts().jobs, vendor.counts().deletes), (3, 1));
}

#[tokio::test]
async fn what_passes_is_masked_as_for_flyte_2() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).policy("RETRY_FOR", "0").start().await;
    vendor.answer([Answer::Transient]);
    let job = created(&server, of_node("n0/data", 0)).await;
    let seen = polled(&server, get("vendor", job)).await;
    assert_eq!(seen.phase(), Phase::Running);
    assert!(seen.message.starts_with("status unknown since"), "{}", seen.message);
    server.stop().await;
}
