//! A client of somebody else's in the same process. Its reqwest has TLS because ours asks for it, and no
//! cryptography unless somebody has chosen one: without it, reqwest panics.

use std::process::Command;

use connector_core::Registry;

#[test]
fn a_connectors_own_client_may_be_made_before_any_of_ours() {
    // What one test chooses counts for all others of its process.
    let this = std::env::current_exe().unwrap();
    let child = ["--exact", "beside::in_a_process_of_its_own", "--ignored"];
    let output = Command::new(this).args(child).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "the test above runs it in a process of its own"]
fn in_a_process_of_its_own() {
    // What every server and every test of a connector begins with.
    let registry = Registry::builder();
    reqwest::Client::builder().no_proxy().build().unwrap();
    drop(registry);
}
