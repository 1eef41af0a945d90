//! A server with this one connector: `cargo run -p postgres-connector -- serve`.

connector_service::main!(postgres_connector);
