//! The probes as a server binary, one connector of which cannot start.

connector_service::main!(conformance_tests);
