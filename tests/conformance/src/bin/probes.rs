//! The probes as a server binary, one connector of which cannot start.

connector_server::main!(conformance_tests);
