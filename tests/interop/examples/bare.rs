//! A server without connectors of its own: what it serves is behind it.

fn main() -> std::process::ExitCode {
    connector_service::main()
}
