//! Logs: of the machines a job is on, the entries that are the job's.

use connector_core::pb::task_execution::Phase;
use engine_tests::flink::Flink;
use tonic::Code;

use super::{attempt, beat, cancelled, id, nothing_is_left, server, until_it_works};

#[tokio::test]
async fn a_log_has_what_the_job_said_and_nothing_of_another_job() {
    let Some(flink) = Flink::shared().await else { return };
    let (server, first_beat, second_beat) = (server(&flink), beat(&flink), beat(&flink));
    let first = attempt("work", &first_beat).create(&server).await.unwrap();
    let second = attempt("work", &second_beat).create(&server).await.unwrap();
    until_it_works(&first_beat).await;
    until_it_works(&second_beat).await;
    // While it runs, and to its end.
    let early = first.log(&server).await.unwrap();
    let says = format!("number 1 of {}", first_beat.display());
    assert!(early.iter().any(|line| line.ends_with(&says)), "{early:#?}");
    for job in [&first, &second] {
        cancelled(&server, job).await;
    }
    let log = first.log(&server).await.unwrap();
    assert_eq!(log.first().map(String::as_str), Some("of jobmanager:"));
    let of_machines = log.iter().filter(|line| line.starts_with("of ")).count();
    assert_eq!(of_machines, 2, "{log:#?}");
    let ended = |line: &String| {
        line.contains(&id(&first)) && line.contains("switched from state CANCELLING to CANCELED")
    };
    assert!(log.iter().any(ended), "{log:#?}");
    let others = second_beat.display().to_string();
    assert!(
        !log.iter().any(|line| line.contains(&others) || line.contains(&id(&second))),
        "{log:#?}"
    );

    let (mut paged, mut token) = first.page(&server, "", 7).await.unwrap();
    while !token.is_empty() {
        let (page, next) = first.page(&server, &token, 7).await.unwrap();
        paged.extend(page);
        token = next;
    }
    assert_eq!(paged, log, "page by page it is the same");
    let refused = first.page(&server, "nobody:1-a@7", 7).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
    nothing_is_left(&flink, &first, &first_beat).await;
    assert_eq!(first.get(&server).await.unwrap().phase(), Phase::Aborted);
}
