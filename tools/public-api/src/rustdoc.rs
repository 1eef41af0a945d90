//! Has rustdoc tell about crates as JSON. On a stable toolchain it does so only when it is told that it
//! is none, which must not reach the build scripts of dependencies: they would build other code.
//! So cargo gets this program in rustdoc's place, and only rustdoc itself is told.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use serde_json::Value;

use crate::Failure;

/// Set where this program stands in for rustdoc; its value is the real one.
const REAL: &str = "PUBLIC_API_RUSTDOC";

/// The exit code of rustdoc, if cargo called this program as such.
pub(crate) fn stand_in() -> Option<ExitCode> {
    let real = env::var_os(REAL)?;
    let status =
        Command::new(real).args(env::args_os().skip(1)).env("RUSTC_BOOTSTRAP", "1").status();
    let code = status.ok().and_then(|status| status.code());
    Some(ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}

/// What rustdoc tells about each of the packages.
///
/// # Errors
/// A package that does not compile, or an answer that cannot be read.
pub(crate) fn json(root: &Path, packages: &[&str]) -> Result<Vec<Value>, Failure> {
    // Where cargo puts it: relative to the folder that cargo runs in.
    let target = root.join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()));
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["doc", "--locked", "--no-deps", "--lib", "--quiet"])
        .args(packages.iter().flat_map(|name| ["--package", name]))
        .current_dir(root)
        .env("RUSTDOC", env::current_exe()?)
        .env(REAL, env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into()))
        .env("RUSTDOCFLAGS", "-Z unstable-options --output-format json")
        .status()?;
    if !status.success() {
        return Err("rustdoc failed; its words are above".into());
    }
    let read = |name: &&str| {
        let file = target.join(format!("doc/{}.json", name.replace('-', "_")));
        let text = fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        Ok(serde_json::from_slice(&text)?)
    };
    packages.iter().map(read).collect()
}
