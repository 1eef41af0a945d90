//! Names one connector crate and forgets the other: only `--expect` can notice.

use std::process::ExitCode;

use link_connector_a as _;

fn main() -> ExitCode {
    connector_service::main()
}
