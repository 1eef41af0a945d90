//! What the binary says of itself.

use std::process::Command;

fn printed(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

#[test]
fn version_commit_and_features_are_told() {
    let binary = env!("CARGO_BIN_EXE_connector-server");
    let long = printed(binary, &["--version"]).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert!(long.starts_with(&format!("connector-server {version}\n")), "{long}");
    let features = long.lines().find_map(|line| line.strip_prefix("features  ")).unwrap();
    for named in ["examples", "postgres", "sqlite"] {
        assert!(features.split(' ').any(|feature| feature == named), "{named} is not in {long}");
    }
    // Where git knows, as in a clone. What was set while it was built goes before.
    if option_env!("BUILD_COMMIT").is_none()
        && let Some(commit) = printed("git", &["rev-parse", "--short=12", "HEAD"])
    {
        assert!(long.contains(&format!("\ncommit    {commit}\n")), "{commit} is not in {long}");
        let short = printed(binary, &["-V"]).unwrap();
        assert_eq!(short, format!("connector-server {version} ({commit})"));
    }
}
