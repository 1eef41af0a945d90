//! The server under test: the connector `chaos` and those of the vendors, and nothing else.
//! The tests start it, end it and kill it.

connector_service::main!(chaos_tests, connector_bigquery, connector_snowflake);
