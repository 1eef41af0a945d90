//! Recordings, from a vendor that lives in the test: what the file has, and what it has not.

use std::panic::{AssertUnwindSafe, catch_unwind};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use connector_testing::{CassetteBuilder, Mode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::asked::{Caller, Shelf};

const SECRET: &str = "s3cr3t/of the \"farm\"";

/// A vendor that knows its own address and talks of secrets.
async fn vendor() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api", listener.local_addr().unwrap());
    let router = Router::new().nest("/api", Router::new().fallback(answer)).with_state(url.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn answer(State(url): State<String>, request: Request) -> impl IntoResponse {
    let authorization = request.headers().get("authorization");
    let is_known = authorization.is_some_and(|value| value == "Bearer key-of-the-task");
    let path = request.uri().path_and_query().map_or("", |path| path.as_str()).to_owned();
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("set-cookie", "session=abcdef"),
        ("x-auth-token", "abcdef"),
        ("x-next-token", "page-2"),
        ("x-request-id", "r-1"),
        ("content-type", "application/json"),
        ("location", &format!("{url}/jobs/1")),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    let body = match path.as_str() {
        "/bytes" => vec![0xff, 0],
        "/text" => b"key=s3cr3t%2Fof+the+%22farm%22".to_vec(),
        _ => {
            let told = json!({
                "path": path, "is_known": is_known, "next": format!("{url}/jobs?page=2"),
                "told": format!("you sent {SECRET}"), "access_token": "abcdef", "pin": "9876",
            });
            told.to_string().into_bytes()
        }
    };
    let status = if path.contains("missing") { StatusCode::NOT_FOUND } else { StatusCode::OK };
    (status, headers, body)
}

fn text_of(shelf: &Shelf) -> String {
    std::fs::read_to_string(shelf.path()).unwrap()
}

fn set_up(shelf: &Shelf) -> CassetteBuilder {
    let cassette = shelf.cassette().secret(SECRET).secret_field("pin").ignore("key");
    cassette.keep_header("x-next-token").keep_clock()
}

/// What a connector would do; all it sees.
async fn talk(url: &str, key: &str) -> Vec<(u16, Value)> {
    let caller = Caller::at(url);
    let mut seen = Vec::new();
    let (status, text) = caller.post("/jobs?x=1", &json!({"key": key, "text": SECRET})).await;
    seen.push((status.as_u16(), serde_json::from_str(&text).unwrap()));
    for path in ["/jobs/1", "/jobs/missing", "/jobs/1"] {
        let answer = caller.get(path).await;
        seen.push((answer.status().as_u16(), answer.json().await.unwrap()));
    }
    assert_eq!(caller.get("/bytes").await.bytes().await.unwrap(), b"\xff\x00"[..]);
    caller.get("/text").await;
    seen
}

#[tokio::test(start_paused = true)]
async fn a_recording_is_replayed_and_tells_no_secret() {
    let shelf = Shelf::with(r#"{"format": 1, "note": "of the farm", "exchanges": []}"#);
    let real = vendor().await;
    let cassette =
        set_up(&shelf).vendor(format!("{real}/")).mode(Mode::Record).start().await.unwrap();
    let recorded_at = cassette.url().to_owned();
    let recorded = talk(&recorded_at, "one").await;
    cassette.finish().unwrap();
    // The connector was told everything, and links lead back to the cassette.
    assert_eq!(recorded[0].1["is_known"], true);
    assert_eq!(recorded[0].1["access_token"], "abcdef");
    assert_eq!(recorded[0].1["next"], format!("{recorded_at}/jobs?page=2"));

    let text = text_of(&shelf);
    for secret in ["abcdef", "s3cr3t", "9876", "key-of-the-task", "127.0.0.1", "session"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    for kept in ["of the farm", "x-request-id", "page-2", "{base_url}/jobs/1", "you sent ***"] {
        assert!(text.contains(kept), "{kept} in {text}");
    }

    let cassette = set_up(&shelf).mode(Mode::Replay).start().await.unwrap();
    let replayed_at = cassette.url().to_owned();
    let replayed = talk(&replayed_at, "two").await;
    cassette.finish().unwrap();
    for ((status, recorded), (again, replayed)) in recorded.into_iter().zip(replayed) {
        assert_eq!(status, again);
        let mut expected = recorded;
        expected["access_token"] = "***".into();
        expected["pin"] = "***".into();
        expected["told"] = "you sent ***".into();
        expected["next"] = format!("{replayed_at}/jobs?page=2").into();
        assert_eq!(expected, replayed);
    }

    // The same again is the same file, but for what was told to be new.
    let cassette = set_up(&shelf).vendor(real).mode(Mode::Record).start().await.unwrap();
    talk(cassette.url(), "three").await;
    cassette.finish().unwrap();
    assert_eq!(text_of(&shelf), text);
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_does_not_answer_spoils_the_recording_only() {
    let shelf = Shelf::with("as it was");
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let cassette =
        set_up(&shelf).vendor(format!("http://{nobody}")).mode(Mode::Record).start().await.unwrap();
    let answer = Caller::of(&cassette).get("/jobs").await;
    assert_eq!(answer.status(), 502);
    let text = answer.text().await.unwrap();
    assert!(text.starts_with("the vendor did not answer GET /jobs: "), "{text}");
    assert!(text.contains("refused"), "{text}");
    let error = cassette.finish().unwrap_err().to_string();
    assert!(error.contains("was not recorded") && error.contains(&text), "{error}");
    assert_eq!(text_of(&shelf), "as it was");
}

#[tokio::test(start_paused = true)]
async fn a_recording_that_is_not_finished_is_not_written() {
    let shelf = Shelf::with("as it was");
    let cassette = set_up(&shelf).vendor(vendor().await).mode(Mode::Record).start().await.unwrap();
    Caller::of(&cassette).get("/jobs").await;
    let panic = catch_unwind(AssertUnwindSafe(|| drop(cassette))).unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().contains("before `finish`"));
    assert_eq!(text_of(&shelf), "as it was");
}

#[tokio::test]
async fn a_recording_takes_a_vendor() {
    let shelf = Shelf::empty();
    let error = shelf.cassette().mode(Mode::Record).start().await.unwrap_err().to_string();
    assert!(error.contains("say where to record from with `vendor`"), "{error}");
    for wrong in ["api.example.com", "farm://", "http://"] {
        let cassette = shelf.cassette().vendor(wrong).mode(Mode::Record);
        let error = cassette.start().await.unwrap_err().to_string();
        assert!(error.contains("cannot be recorded from: "), "{wrong}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_recording_sets_the_clock_going() {
    let (shelf, real) = (Shelf::empty(), vendor().await);
    let cassette = shelf.cassette().vendor(real).mode(Mode::Record).start().await.unwrap();
    let before = tokio::time::Instant::now();
    Caller::of(&cassette).get("/jobs").await;
    assert!(before.elapsed() > std::time::Duration::ZERO);
    cassette.finish().unwrap();
}
