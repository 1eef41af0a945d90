//! A server that dies between Slurm's yes and its own record: the next one finds the job of the attempt, by its name.

use engine_tests::held::Held;
use engine_tests::jobs::Attempt;
use engine_tests::server::Server;
use engine_tests::until;
use tempfile::TempDir;

use super::{Case, SOON};

/// A server with a state of its own, which it finds again when it is started again.
fn server(folder: &TempDir, variables: &[(String, String)]) -> Server {
    let state = format!("sqlite:{}", folder.path().join("state.db").display());
    let own = [("CONNECTOR_STATE", state.as_str()), ("CONNECTOR_STATE_LEASE_SECONDS", "2")];
    let variables = variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Server::start(&variables.chain(own).collect::<Vec<_>>())
}

/// The server is killed once Slurm has taken the job, and the attempt is created again: it is the same job.
async fn is_taken_over(
    case: &Case,
    mut server: Server,
    attempt: Attempt,
    has_answered: impl AsyncFn() -> bool,
    give_answers: impl FnOnce(),
) {
    let task_type = attempt.clone().request().template.clone().expect("a template").r#type;
    let channel = server.client().await;
    let created = tokio::spawn({
        let (mut attempt, mut client) = (attempt.clone(), channel);
        async move { client.create_task(attempt.request().clone()).await }
    });
    let is_there = async || {
        let queue = case.slurm.queue();
        (queue.lines().count() == 1 && has_answered().await).then_some(queue)
    };
    let queue = until("a job that nobody here knows of", SOON, is_there).await;
    server.kill();
    assert!(created.await.expect("no panic").is_err(), "nobody has heard of the job");
    give_answers();
    server.start_again();
    let job = attempt.create(&server).await.expect("a job");
    let id = job.meta()["job_id"].as_str().expect("an id").to_owned();
    assert!(queue.starts_with(&format!("{id}|")), "{queue} is not {id}");
    assert_eq!(case.slurm.queue().lines().count(), 1, "{}", case.slurm.queue());
    // Not blindly: it is known that a second create finds the first one's job.
    let series = |outcome: &str| {
        format!(
            "flyte_connector_takeovers_total{{outcome=\"{outcome}\",task_type=\"{task_type}\"}}"
        )
    };
    assert_eq!(server.program().metric(&series("keys")).await, 1.0);
    job.delete(&server).await.expect("cancelled");
    case.nothing_is_left(&job).await;
}

#[tokio::test]
async fn over_ssh() {
    let Some(case) = Case::new().await else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(&folder, &case.slurm.variables());
    case.slurm.hold_answers();
    let attempt = case.script("sleep 600\n");
    is_taken_over(&case, server, attempt, async || true, || case.slurm.give_answers()).await;
}

#[tokio::test]
async fn over_slurmrestd() {
    let Some(case) = Case::new().await else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let held = Held::before(&case.slurm.rest(), "/job/submit").await;
    let server = server(&folder, &[]);
    let more = serde_json::json!({"url": held.address(), "environment": {"MARK": case.mark}});
    let attempt = case.slurm.rest_script("sleep 600\n", more);
    is_taken_over(&case, server, attempt, async || held.count() == 1, || held.let_go()).await;
}
