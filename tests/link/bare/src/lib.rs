//! Prints what the linker collected, one connector a line, without a server around it.
//! The binaries of this package call it; the link tests build them optimized as a whole and read what they print.
//! No connector may be named here: the binaries differ in which they name.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use connector_core::Registry;

/// Prints every linked connector with its task types and versions. Fails if the registry cannot be made.
#[must_use]
pub fn list() -> ExitCode {
    match listed() {
        Ok(text) if io::stdout().write_all(text.as_bytes()).is_ok() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn listed() -> Result<String, Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let registry = runtime.block_on(Registry::linked().build())?;
    let mut text = String::new();
    for connector in registry.by_name() {
        write!(text, "{}", connector.name)?;
        for key in connector.keys {
            write!(text, "  {} ({})", key.task_type, key.version)?;
        }
        text.push('\n');
    }
    Ok(text)
}
