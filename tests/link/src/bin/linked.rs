//! Names both connector crates, so both must be served.

connector_service::main!(link_connector_a, link_connector_b);
