//! The same with the profile that is shipped: link-time optimization over everything at once, which is free to drop
//! what nobody calls. Each binary is optimized as a whole, which is slow: registries alone, without a server around
//! them, show what is kept and dropped. The servers themselves take minutes, and `.ci/run` asks for them.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::server;

#[test]
fn optimizing_keeps_the_connectors_of_named_crates_and_no_others() {
    let [linked, unlinked] = build("link-bare", ["bare-linked", "bare-unlinked"]);
    let listed = server::run(&linked, &[]);
    assert_eq!(listed.code, Some(0), "{listed:?}");
    assert_eq!(listed.stdout, "Link A Connector  link_a (1)\nLink B Connector  link_b (2)\n");
    let listed = server::run(&unlinked, &[]);
    assert_eq!(listed.code, Some(0), "{listed:?}");
    assert_eq!(listed.stdout, "");
}

#[test]
#[ignore = "optimizes two servers, which takes minutes; `.ci/run` asks for it"]
fn optimizing_keeps_named_crates_and_reports_a_binary_without() {
    let [linked, unlinked] = build(env!("CARGO_PKG_NAME"), ["linked", "unlinked"]);
    server::check_linked(&linked);
    server::check_unlinked(&unlinked);
}

/// Builds two binaries of a package with the release profile and gives their paths.
fn build(package: &str, binaries: [&str; 2]) -> [PathBuf; 2] {
    let mut built = cargo_build(package, &binaries).unwrap_or_else(|problem| panic!("{problem}"));
    // Cargo tells them in the order in which they are ready.
    built.sort();
    built.try_into().unwrap_or_else(|built| panic!("cargo built {built:?}"))
}

/// They go where `cargo build --release` puts them, so that both share compiled dependencies.
fn cargo_build(package: &str, binaries: &[&str]) -> Result<Vec<PathBuf>, String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("..");
    let mut cargo = Command::new(env!("CARGO"));
    // Build scripts look at them (that of `ring` does), and what `just release` compiled would be compiled again.
    for (name, _) in std::env::vars_os() {
        let told = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| told.starts_with(prefix)) {
            cargo.env_remove(&name);
        }
    }
    let output = cargo
        .args(["build", "--release", "--locked", "--package", package])
        .args(binaries.iter().flat_map(|binary| ["--bin", binary]))
        .args(["--message-format", "json-render-diagnostics"])
        .arg("--target-dir")
        .arg(target.canonicalize().map_err(|error| format!("no target folder: {error}"))?)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .map_err(|error| format!("cargo does not start: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let messages = output.stdout.split(|byte| *byte == b'\n');
    let executables = messages
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
        .filter_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)));
    Ok(executables.collect())
}
