//! The server against the official packages of Flyte 1: its descriptors, its client stubs, its values, and
//! its own server of connectors with the same requests; and the connector plug-in of its executor.
//! They live in a virtual environment under the target folder; without Python the tests are skipped.

mod databricks;
mod differential;
mod local;
mod openai;
mod parity;
mod propeller;
mod values;
mod vectors;
mod warehouses;
mod webhook;

use std::path::Path;

/// The folder of everything that is built.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder around it")
}
