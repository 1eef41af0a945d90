//! Names neither of the connector crates it depends on, so nothing is listed.

use std::process::ExitCode;

fn main() -> ExitCode {
    link_bare::list()
}
