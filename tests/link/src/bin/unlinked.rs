//! Names neither of the connector crates it depends on, so it has nothing to serve.

use std::process::ExitCode;

fn main() -> ExitCode {
    connector_service::main()
}
