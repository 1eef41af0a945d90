//! Files that are not in order, and set-ups that cannot be: each says what to do.

use connector_testing::Mode;

use super::asked::Shelf;

/// What `start` says of a file.
async fn refusal(text: &str) -> String {
    let shelf = Shelf::with(text);
    let error = shelf.cassette().mode(Mode::Replay).start().await.unwrap_err().to_string();
    assert!(error.contains("cassettes-vendor.json") && error.contains("help: "), "{error}");
    error
}

#[tokio::test]
async fn a_file_out_of_order_says_where() {
    let refused = [
        ("", "EOF"),
        (r#"{"format": 2, "exchanges": []}"#, "has the format 2"),
        (r#"{"format": 1}"#, "missing field `exchanges`"),
        ("{\"format\": 1,\n \"exchange\": []}", "unknown field `exchange`"),
        ("{\"format\": 1,\n \"exchange\": []}", "line 2"),
        (&exchange(r#""path": "/""#, r#""status": 200, "body": 1"#), "unknown field `body`"),
        (&exchange(r#""path": "http://x/""#, r#""status": 200"#), "must begin with `/`"),
        (&exchange(r#""path": "/""#, r#""status": 42"#), "42 is no status"),
        (&exchange(r#""path": "/""#, r#""status": 200, "json": {}, "text": """#), "only one"),
        (&exchange(r#""path": "/""#, r#""status": 200, "base64": "?""#), "`base64` cannot be"),
    ];
    for (text, expected) in refused {
        let error = refusal(text).await;
        assert!(error.contains(expected), "{expected} in {error}");
    }
}

fn exchange(request: &str, response: &str) -> String {
    format!(
        r#"{{"format": 1, "exchanges": [
            {{"request": {{"method": "GET", {request}}}, "response": {{{response}}}}}]}}"#
    )
}

#[tokio::test]
async fn a_missing_file_says_how_to_record_it() {
    let shelf = Shelf::empty();
    let error = shelf.cassette().mode(Mode::Replay).start().await.unwrap_err();
    // As a test prints it that ends with the error.
    let error = format!("{error:?}");
    assert!(error.contains("cannot be read: No such file"), "{error}");
    assert!(error.contains("help: record it: run the test with CONNECTOR_TESTING_RECORD=1"));
}

#[tokio::test]
async fn a_short_secret_is_refused() {
    let shelf = Shelf::of(&[]);
    let error = shelf.cassette().secret("").start().await.unwrap_err().to_string();
    assert!(error.contains("fewer than 4 bytes"), "{error}");
}

#[cfg(not(feature = "record"))]
#[tokio::test]
async fn a_recording_takes_the_feature() {
    let cassette = Shelf::empty().cassette().vendor("http://127.0.0.1:1").mode(Mode::Record);
    let error = cassette.start().await.unwrap_err().to_string();
    assert!(error.contains("--features connector-testing/record"), "{error}");
}
