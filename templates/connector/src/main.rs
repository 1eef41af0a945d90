//! The server of `{{project-name}}`: `cargo run` serves, `cargo run -- --help` says what else it does.

connector_service::main!({{crate_name}});
