use connector_core::prelude::*;
use serde_json::json;

use super::{Entry, Position, choose, last_error, pages, tells_of_the_end};
use crate::states::TaskInstance;

fn tasks() -> Vec<TaskInstance> {
    serde_json::from_value(json!([
        {"task_id": "load", "map_index": 0, "state": "failed", "try_number": 2, "pid": 7},
        {"task_id": "load", "map_index": 1, "state": "success", "try_number": 1, "pid": 8},
        {"task_id": "after", "map_index": -1, "state": "upstream_failed", "try_number": 0, "pid": null},
    ]))
    .unwrap()
}

/// As Airflow 3.3.2 wrote it, with fewer members.
fn log() -> Vec<Entry> {
    serde_json::from_value(json!([
        {"event": "::group::Log message source details"},
        {"timestamp": "2026-11-28T06:12:09.889767Z", "event": "line 0", "level": "info", "logger": "task.stdout"},
        {"timestamp": "2026-11-28T06:12:09.889861Z", "event": "two\nlines", "level": "warning", "logger": "mine"},
        {"timestamp": "2026-11-28T06:12:09.889046Z", "event": "Task failed with exception", "level": "error",
         "logger": "task", "error_detail": [{"exc_type": "ValueError", "exc_value": "broken 1",
         "frames": [{"filename": "/dags/e.py", "lineno": 13, "name": "talk"}]}]},
        {"timestamp": "2026-11-28T06:12:09.890939Z", "event": "::endgroup::", "level": "info", "logger": "task"},
    ]))
    .unwrap()
}

#[test]
fn pages_go_through_lines_tries_and_tasks() {
    let tasks = tasks();
    let (mut token, mut heads, mut lines) = (String::new(), Vec::new(), 0);
    for _ in 0..20 {
        let at = Position::read(&token).unwrap();
        let reading = choose(&tasks, at.as_ref(), &token).unwrap().unwrap();
        let all = pages(&reading, &log(), Some(3));
        let [page] = all.as_slice() else { panic!("{all:?}") };
        assert!(page.lines.len() <= 3);
        lines += page.lines.len();
        let head = page.lines.iter().filter(|line| line.message.starts_with("task `"));
        heads.extend(head.map(|line| line.message.clone()));
        let Some(next) = &page.next_token else { break };
        token.clone_from(next);
    }
    assert_eq!(heads, ["task `load[0]`, try 1", "task `load[0]`, try 2", "task `load[1]`, try 1"]);
    assert_eq!(lines, 3 * 9);
}

#[test]
fn a_long_log_comes_in_many_pages_of_one_answer() {
    let line: Entry = serde_json::from_value(json!({"event": "x"})).unwrap();
    let tasks = tasks();
    let reading = choose(&tasks, None, "").unwrap().unwrap();
    let all = pages(&reading, &vec![line; 2_500], None);
    let sizes: Vec<usize> = all.iter().map(|page| page.lines.len()).collect();
    assert_eq!(sizes, [1_000, 1_000, 501]);
    assert!(all.last().unwrap().next_token.as_ref().unwrap().contains("\"attempt\":2"));
}

#[test]
fn an_exception_is_told_as_python_does_and_by_whom_it_was_written() {
    let tasks = tasks();
    let reading = choose(&tasks, None, "").unwrap().unwrap();
    let [page] = pages(&reading, &log(), None).try_into().unwrap();
    let said: Vec<&str> = page.lines.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(
        said,
        [
            "task `load[0]`, try 1",
            "::group::Log message source details",
            "line 0",
            "two",
            "lines",
            "Task failed with exception",
            "  File \"/dags/e.py\", line 13, in talk",
            "ValueError: broken 1",
            "::endgroup::",
        ]
    );
    use connector_core::logs::LogOriginator::{System, User};
    let by: Vec<_> = page.lines.iter().map(|line| line.originator).collect();
    assert_eq!(by, [System, System, User, User, User, System, User, User, System]);
    assert!(page.lines[2].timestamp.is_some() && page.lines[1].timestamp.is_none());
}

#[test]
fn the_last_error_is_what_was_raised_or_logged() {
    assert_eq!(last_error(&log()).unwrap(), "ValueError: broken 1");
    let logged: Vec<Entry> = serde_json::from_value(json!([
        {"event": "first", "level": "error"}, {"event": "last", "level": "error"}, {"event": "x", "level": "info"},
    ]))
    .unwrap();
    assert_eq!(last_error(&logged).unwrap(), "last");
    assert_eq!(last_error(&[]), None);
}

#[test]
fn only_the_watcher_says_that_a_process_is_gone() {
    let said = |logger: &str, level: &str| -> Vec<Entry> {
        serde_json::from_value(
            json!([{"event": "Task killed!", "logger": logger, "level": level}, {"event": "x"}]),
        )
        .unwrap()
    };
    assert!(tells_of_the_end(&said("task", "error")));
    assert!(
        !tells_of_the_end(&said("task.stdout", "error"))
            && !tells_of_the_end(&said("mine", "error"))
    );
    assert!(!tells_of_the_end(&said("task", "info")) && !tells_of_the_end(&log()));
}

#[test]
fn an_unknown_page_is_refused() {
    for token in [
        "x",
        "{}",
        r#"{"task":"load","part":0,"attempt":3,"line":0}"#,
        r#"{"task":"gone","part":0,"attempt":1,"line":0}"#,
    ] {
        let error = match Position::read(token) {
            Ok(at) => choose(&tasks(), at.as_ref(), token).map(drop).unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.kind(), ErrorKind::InvalidTask, "{token}");
    }
    assert!(choose(&tasks()[2..], None, "").unwrap().is_none());
}
