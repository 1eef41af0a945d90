//! Names both connector crates, so both must be served.

connector_server::main!(link_connector_a, link_connector_b);
