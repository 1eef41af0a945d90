//! Names both connector crates, so both must be listed.

use std::process::ExitCode;

use link_connector_a as _;
use link_connector_b as _;

fn main() -> ExitCode {
    link_bare::list()
}
