//! What a process decides for all clients in it, each in a process of its own: whether there is cryptography,
//! without which reqwest panics for everybody, and which certificates are trusted.

use std::process::Command;

use connector_core::{ErrorKind, Registry};
use connector_http::{HttpClient, Url};

#[test]
fn a_connectors_own_client_may_be_made_before_any_of_ours() {
    in_another_process("beside::in_a_process_of_its_own", &[]);
}

#[test]
#[ignore = "the test above runs it in a process of its own"]
fn in_a_process_of_its_own() {
    // What every server and every test of a connector begins with.
    let registry = Registry::builder();
    reqwest::Client::builder().no_proxy().build().unwrap();
    drop(registry);
}

#[test]
fn a_client_that_finds_no_certificates_says_so_when_it_calls() {
    in_another_process(
        "beside::without_certificates",
        &[("SSL_CERT_FILE", "/there/are/none.pem"), ("SSL_CERT_DIR", "/there/are/none")],
    );
}

#[tokio::test]
#[ignore = "the test above runs it in a process of its own"]
async fn without_certificates() {
    let client = HttpClient::builder("Acme").build().unwrap();
    let url = Url::parse("https://localhost:1/").unwrap();
    let error = client.get(url).attempts(5).send().await.unwrap_err();
    // Jobs live on until somebody has mended the image.
    assert!(matches!(error.kind(), ErrorKind::Transient { .. }), "{error}");
    let told = "Acme cannot be called, as no HTTP client can be made: ";
    assert!(error.to_string().starts_with(told), "{error}");
    assert!(error.to_string().contains("SSL_CERT_FILE"), "{error}");
}

/// Runs a test with variables of its own: what one test chooses counts for all others of its process.
fn in_another_process(test: &str, variables: &[(&str, &str)]) {
    let this = std::env::current_exe().unwrap();
    let mut child = Command::new(this);
    child.args(["--exact", test, "--ignored"]).envs(variables.iter().copied());
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
