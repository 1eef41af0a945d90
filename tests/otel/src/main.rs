//! A server with the example connectors that exports spans.

connector_service::main!(connector_examples);
