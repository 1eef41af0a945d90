//! `doctor --connect` at real servers, right and wrong: what it finds, what it advises, how it ends.

use std::fs;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use conformance_tests::certificates::Authority;
use conformance_tests::program::Program;
use serde_json::Value as Json;

/// A server with these flags.
fn serve(flags: &[&str]) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probes"));
    command.args(["--host", "127.0.0.1", "--port", "0", "--prometheus-port", "0"]).args(flags);
    Program::start(command)
}

fn path(authority: &Authority, name: &str) -> String {
    authority.path(name).display().to_string()
}

/// The exit code of `doctor --connect` there, and what it printed.
fn examined(address: &str, flags: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probes"));
    command.args(["doctor", "--connect", address]).args(flags);
    let output = command.stdin(Stdio::null()).output().expect("a binary");
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code().expect("a code"), String::from_utf8(printed).expect("text"))
}

/// The line of a trial, with what follows on it.
fn line<'a>(printed: &'a str, begins: &str) -> &'a str {
    let at = printed.find(&format!("\n{begins}")).map_or(0, |at| at + 1);
    let text = &printed[at..];
    assert!(text.starts_with(begins), "no line begins with {begins:?} in\n{printed}");
    text
}

/// The trial that failed, of which there is one.
fn failed(address: &str, flags: &[&str]) -> String {
    let (code, printed) = examined(address, flags);
    assert_eq!((code, printed.matches("\n1 trial failed\n").count()), (1, 1), "{printed}");
    let failed = format!("\n{printed}");
    failed.split("\nfailed  ").nth(1).expect("a failure").to_owned()
}

#[tokio::test]
async fn a_service_in_order_is_found_so_and_told_to_the_executor() {
    let server = serve(&[]);
    let address = format!("127.0.0.1:{}", server.port());
    let (code, printed) = examined(&format!("dns:///{address}"), &["--expect", "echo@0,sync_echo"]);
    assert_eq!(code, 0, "{printed}");
    for begins in [
        "ok      name",
        "ok      connection",
        "ok      protocol",
        "ok      health ",
        "ok      token",
        "ok      Flyte 2",
        "ok      Flyte 1",
        "ok      expected echo@0",
        "ok      expected sync_echo",
        "ok      health of Echo Connector",
    ] {
        line(&printed, begins);
    }
    assert!(printed.contains("\nnothing is wrong\n"), "{printed}");
    assert!(printed.contains(&format!("endpoint: dns:///{address}\n      insecure: true\n")));
    let flyte1 = printed.split("# The executor of Flyte 1").nth(1).expect("its configuration");
    assert!(flyte1.contains("      echo: connector-service\n"), "{flyte1}");
    assert!(!flyte1.contains("sync_echo"), "{flyte1}");

    let (code, printed) = examined(&address, &["--expect", "ecko", "--format", "json"]);
    let report: Json = serde_json::from_str(&printed).expect("JSON");
    assert_eq!((code, &report["passed"]), (1, &Json::Bool(false)), "{printed}");
    let steps = report["steps"].as_array().expect("steps");
    let missing = steps.iter().find(|step| step["step"] == "expected ecko").expect("a step");
    assert_eq!(missing["outcome"], "failed");
    assert!(missing["found"].as_str().expect("text").ends_with("did you mean echo?"), "{missing}");
    assert!(
        report["executor"]["flyte2"].as_str().expect("text").contains("echo: connector-service")
    );
}

#[tokio::test]
async fn tls_and_plaintext_are_told_apart() {
    let authority = Authority::new();
    let (plain, other) = (serve(&[]), Authority::new());
    let files = ["tls.crt", "tls.key"].map(|name| path(&authority, name));
    let tls = serve(&["--tls-cert", &files[0], "--tls-key", &files[1]]);
    let (ca, others) = (path(&authority, "ca.crt"), path(&other, "ca.crt"));
    let at = |port: u16| format!("localhost:{port}");
    let (code, printed) = examined(&at(tls.port()), &["--tls-ca", &ca]);
    assert_eq!(code, 0, "{printed}");
    assert!(line(&printed, "ok      protocol").contains("TLSv1_3"), "{printed}");
    assert!(printed.contains("insecure: false"), "{printed}");

    let told = failed(&at(tls.port()), &[]);
    assert!(
        told.starts_with("protocol    this port speaks TLS") && told.contains("do: add --tls"),
        "{told}"
    );
    let told = failed(&at(plain.port()), &["--tls-ca", &ca]);
    assert!(told.contains("speaks plaintext") && told.contains("`insecure: true`"), "{told}");
    let told = failed(&format!("https://{}", at(tls.port())), &["--tls-ca", &others]);
    assert!(told.contains("not accepted") && told.contains("SSL_CERT_FILE"), "{told}");
    let told = failed(&format!("127.0.0.1:{}", tls.port()), &["--tls-ca", &ca]);
    assert!(told.contains("not valid for name") && told.contains("a name that is in"), "{told}");
    let metrics = plain.metrics.trim_start_matches("http://").trim_end_matches("/metrics");
    let told = failed(metrics, &[]);
    // Whether it speaks HTTP/2 or not.
    assert!(told.contains("give the gRPC port, which is another one"), "{told}");
}

#[tokio::test]
async fn who_may_call_is_told() {
    let authority = Authority::new();
    let (tokens, wrong) = (path(&authority, "tokens"), path(&authority, "wrong"));
    fs::write(&tokens, "# ours\n0123456789abcdef\n").expect("a file");
    fs::write(&wrong, "a-token-of-somebody-else\n").expect("a file");
    let server = serve(&["--auth-token-file", &tokens]);
    let address = format!("127.0.0.1:{}", server.port());
    let (code, printed) = examined(&address, &["--auth-token-file", &tokens]);
    assert_eq!(code, 0, "{printed}");
    assert!(line(&printed, "ok      token").contains("asked for and accepted"), "{printed}");
    let told = failed(&address, &[]);
    assert!(told.starts_with("token") && told.contains("give --auth-token-file"), "{told}");
    let told = failed(&address, &["--auth-token-file", &wrong]);
    assert!(told.starts_with("token") && told.contains("not accepted"), "{told}");
    assert!(!told.contains("a-token-of-somebody-else"), "{told}");
    let open = serve(&[]);
    let (code, printed) =
        examined(&format!("127.0.0.1:{}", open.port()), &["--auth-token-file", &wrong]);
    assert_eq!(code, 0, "{printed}");
    assert!(line(&printed, "note    token").contains("none is asked for"), "{printed}");

    let (ca, cert, key) =
        (path(&authority, "ca.crt"), path(&authority, "tls.crt"), path(&authority, "tls.key"));
    let server = serve(&["--tls-cert", &cert, "--tls-key", &key, "--tls-client-ca", &ca]);
    let address = format!("localhost:{}", server.port());
    let told = failed(&address, &["--tls-ca", &ca]);
    assert!(told.contains("give --tls-client-cert"), "{told}");
    let shown = ["--tls-ca", &ca, "--tls-client-cert", &cert, "--tls-client-key", &key];
    let (code, printed) = examined(&address, &shown);
    assert_eq!(code, 0, "{printed}");
}

#[tokio::test]
async fn nobody_there_and_no_such_name_are_told_apart_from_wrong_usage() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let told = failed(&free.to_string(), &[]);
    assert!(told.starts_with("connection") && told.contains("nobody listens there"), "{told}");
    let told = failed("nowhere.invalid:8000", &[]);
    assert!(told.starts_with("name") && told.contains("svc.cluster.local"), "{told}");
    for (address, flags, said) in [
        ("nowhere", &[][..], "the port is missing"),
        ("a:1", &["--tls-ca", "/gone"], "--tls-ca /gone: No such file"),
        ("a:1", &["--tls-client-cert", "x"], "--tls-client-key"),
    ] {
        let (code, printed) = examined(address, flags);
        assert_eq!(code, 2, "{printed}");
        assert!(printed.contains(said), "{printed}");
    }
}

#[test]
fn a_binary_with_a_connector_that_does_not_start_is_ill() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probes"));
    command.args(["doctor", "--host", "127.0.0.1"]).env("CONNECTOR_PROT", "hunter2");
    let output = command.stdin(Stdio::null()).output().expect("a binary");
    let printed = String::from_utf8(output.stdout).expect("text");
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(line(&printed, "failed  start").contains("`endpoint` is missing"), "{printed}");
    assert!(
        line(&printed, "failed  variables").contains("did you mean CONNECTOR_PORT?"),
        "{printed}"
    );
    line(&printed, "ok      serves");
    assert!(!printed.contains("hunter2"), "{printed}");
}
