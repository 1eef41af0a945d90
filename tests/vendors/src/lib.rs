//! What the tests of vendors share: a fake of a vendor that writes down what it is asked, requests made by
//! the official task classes, and the two servers that get them.
//! A vendor is one module here, its fake, and one in `tests/vendors`: a script and a table of the
//! differences that are meant.

pub mod bigquery;
pub mod databricks;
pub mod emulator;
pub mod fake;
pub mod requests;
pub mod side;
pub mod snowflake;
pub mod tls;
mod told;

use std::path::Path;

use interop_tests::venv::{Packages, Venv};

/// The official connectors of all vendors.
pub const PACKAGES: Packages = Packages {
    name: "vendors-venv",
    folder: env!("CARGO_MANIFEST_DIR"),
    requirements: include_str!("../requirements.txt"),
    constraints: include_str!("../constraints.txt"),
};

/// The environment with the official connectors under `target`; without Python one line says that `what`
/// was skipped.
///
/// # Panics
/// Under `CI=true`, where a peer that is missing means that nothing was tested.
#[must_use]
pub fn official(target: &Path, what: &str) -> Option<Venv> {
    Venv::of(PACKAGES, target, what)
}
