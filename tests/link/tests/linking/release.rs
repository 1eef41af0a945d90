//! The same with the profile that is shipped: link-time optimization over everything at once, which
//! is free to drop what nobody calls. Each binary is optimized as a whole, which is slow, so only two
//! are built: what they prove about dropping and keeping holds for the others of `debug`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::server;

#[test]
fn optimizing_keeps_named_crates_and_reports_a_binary_without() {
    let built = build(&["linked", "unlinked"]).unwrap_or_else(|problem| panic!("{problem}"));
    let [linked, unlinked] = built.as_slice() else {
        panic!("cargo built {built:?}");
    };
    server::check_linked(linked);
    server::check_unlinked(unlinked);
}

/// Builds binaries of this package with the release profile and gives their paths, sorted.
///
/// They go where `cargo build --release` puts them, so that both share compiled dependencies.
fn build(binaries: &[&str]) -> Result<Vec<PathBuf>, String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("..");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--package", env!("CARGO_PKG_NAME")])
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
    let mut executables: Vec<PathBuf> = executables.collect();
    executables.sort();
    Ok(executables)
}
