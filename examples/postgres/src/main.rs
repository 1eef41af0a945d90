//! A server with this one connector: `cargo run -p postgres-connector -- serve`.

connector_server::main!(postgres_connector);
