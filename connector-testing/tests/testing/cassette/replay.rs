//! Replays: the order of answers, what does not count, and what a misfit says.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::json;

use super::asked::{Caller, Shelf, get, post};

#[tokio::test(start_paused = true)]
async fn equal_requests_get_their_answers_in_order() {
    let shelf = Shelf::of(&[
        post("/jobs", &json!({"fps": 24}), &json!({"id": "a"})),
        get("/jobs/a", &json!({"state": "QUEUED"})),
        get("/jobs/b", &json!({"state": "FAILED"})),
        get("/jobs/a", &json!({"state": "RUNNING"})),
        post("/jobs", &json!({"fps": 24}), &json!({"id": "b"})),
        get("/jobs/a", &json!({"state": "DONE"})),
    ]);
    let cassette = shelf.cassette().start().await.unwrap();
    let caller = Caller::of(&cassette);
    let mut states = Vec::new();
    for _ in 0..5 {
        states.push(caller.get_json("/jobs/a").await["state"].clone());
    }
    assert_eq!(states, ["QUEUED", "RUNNING", "DONE", "DONE", "DONE"]);
    // What another request was asked in between does not matter.
    let fps = json!({"fps": 24.0});
    assert!(caller.post("/jobs", &fps).await.1.contains(r#""id":"a""#));
    assert_eq!(caller.get_json("/jobs/b").await, json!({"state": "FAILED"}));
    assert!(caller.post("/jobs", &fps).await.1.contains(r#""id":"b""#));
    cassette.finish().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_create_beyond_the_record_is_a_misfit() {
    let shelf = Shelf::of(&[post("/jobs", &json!({}), &json!({"id": "a"}))]);
    let cassette = shelf.cassette().start().await.unwrap();
    let caller = Caller::of(&cassette);
    assert_eq!(caller.post("/jobs", &json!({})).await.0, 201);
    let (status, text) = caller.post("/jobs", &json!({})).await;
    assert_eq!(status, 501);
    assert!(text.contains("POST /jobs came more often than it was recorded"), "{text}");
    assert!(text.contains("recorded: 1 time(s)"), "{text}");
    let error = cassette.finish().unwrap_err().to_string();
    assert!(error.contains(&text) && error.contains("does not fit this run"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_was_never_recorded_tells_what_is_nearest() {
    let shelf = Shelf::of(&[
        get("/jobs/a", &json!({})),
        post("/jobs", &json!({"fps": 24, "scene": {"name": "x"}}), &json!({"id": "a"})),
        post("/jobs", &json!({"fps": 30, "scene": {"name": "y"}}), &json!({"id": "b"})),
    ]);
    let cassette = shelf.cassette().start().await.unwrap();
    let caller = Caller::of(&cassette);
    let asked = json!({"fps": 30, "scene": {"name": "x", "layer": 2}});
    let (status, text) = caller.post("/jobs", &asked).await;
    assert_eq!(status, 501);
    assert!(text.starts_with("POST /jobs was not recorded\n  asked: {"), "{text}");
    assert!(text.contains("nearest: exchange 2, POST /jobs\n"), "{text}");
    assert!(text.contains("`fps`: recorded 24, asked 30"), "{text}");
    assert!(text.contains("`scene.layer`: recorded nothing, asked 2"), "{text}");
    assert!(text.contains("CONNECTOR_TESTING_RECORD=1"), "{text}");

    let answer = caller.get("/jobs/abc").await;
    assert_eq!(answer.status(), 501);
    let text = answer.text().await.unwrap();
    assert!(text.contains("nearest: exchange 1, GET /jobs/a\n"), "{text}");

    // Without `finish` the test still fails, and says the same.
    let panic = catch_unwind(AssertUnwindSafe(|| drop(cassette))).unwrap_err();
    let panic = panic.downcast_ref::<String>().expect("a text");
    assert!(panic.contains("POST /jobs was not") && panic.contains("GET /jobs/abc was not"));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_asked_for_is_told_at_the_end_only() {
    let shelf = Shelf::of(&[get("/a", &json!(1)), post("/b", &json!({"x": 1}), &json!(2))]);
    let cassette = shelf.cassette().start().await.unwrap();
    Caller::of(&cassette).get("/a").await;
    drop(cassette);

    let cassette = shelf.cassette().start().await.unwrap();
    Caller::of(&cassette).get("/a").await;
    let error = cassette.finish().unwrap_err().to_string();
    let unasked = r#"exchange 2, POST /b with {"x":1}, was never asked for"#;
    assert!(error.contains(unasked) && !error.contains("exchange 1"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_changes_from_run_to_run_can_be_ignored() {
    let recorded = json!({"key": "old", "list": [{"key": "old", "n": 1}]});
    let shelf =
        Shelf::of(&[post("/jobs?at=1&x=2", &recorded, &json!({})), get("/jobs?at=1", &json!({}))]);
    let cassette = shelf.cassette().ignore("key").ignore("at").start().await.unwrap();
    let caller = Caller::of(&cassette);
    let asked = json!({"key": "new", "list": [{"n": 1}]});
    assert_eq!(caller.post("/jobs?x=2&at=7", &asked).await.0, 201);
    assert_eq!(caller.get("/jobs").await.status(), 200);
    cassette.finish().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_secret_may_be_another_one_in_a_replay() {
    let shelf = Shelf::of(&[post("/login?key=***", &json!({"user": "x ***"}), &json!({}))]);
    let cassette = shelf.cassette().secret("k/2 of today").start().await.unwrap();
    let caller = Caller::of(&cassette);
    let asked = json!({"user": "x k/2 of today"});
    assert_eq!(caller.post("/login?key=k%2F2%20of%20today", &asked).await.0, 201);
    let (_, text) = caller.post("/login?key=k%2F2+of+today", &json!({"k/2 of today": 1})).await;
    assert!(text.contains("POST /login?key=***") && text.contains(r#"{"***":1}"#), "{text}");
    cassette.finish().unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn answers_are_what_the_file_says() {
    let shelf = Shelf::with(
        r#"{
            "format": 1,
            "note": "by hand",
            "exchanges": [
                {
                    "note": "too fast",
                    "request": {"method": "get", "path": "/limited"},
                    "response": {
                        "status": 429,
                        "headers": {"Retry-After": "7", "Location": "{base_url}/later"},
                        "json": {"next": "{base_url}/jobs?page=2"}
                    }
                },
                {"request": {"method": "GET", "path": "/text"},
                 "response": {"status": 200, "text": "a\nb"}},
                {"request": {"method": "GET", "path": "/bytes"},
                 "response": {"status": 200, "base64": "/wA=",
                              "headers": {"content-type": "image/x"}}},
                {"request": {"method": "GET", "path": "/nothing"}, "response": {"status": 204}}
            ]
        }"#,
    );
    let cassette = shelf.cassette().by_hand().start().await.unwrap();
    let (caller, url) = (Caller::of(&cassette), cassette.url().to_owned());

    let limited = caller.get("/limited").await;
    assert_eq!(limited.status(), 429);
    assert_eq!(limited.headers()["retry-after"], "7");
    assert_eq!(limited.headers()["location"], format!("{url}/later"));
    assert_eq!(limited.headers()["content-type"], "application/json");
    let next = json!({"next": format!("{url}/jobs?page=2")});
    assert_eq!(limited.json::<serde_json::Value>().await.unwrap(), next);

    let text = caller.get("/text").await;
    assert_eq!(text.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(text.text().await.unwrap(), "a\nb");
    let bytes = caller.get("/bytes").await;
    assert_eq!(bytes.headers()["content-type"], "image/x");
    assert_eq!(bytes.bytes().await.unwrap(), b"\xff\x00"[..]);
    let nothing = caller.get("/nothing").await;
    assert_eq!((nothing.status().as_u16(), nothing.headers().get("content-type")), (204, None));
    cassette.finish().unwrap();
}
