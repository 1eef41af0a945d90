//! The same requests, made by the official task classes, to the binary of this project and to the official
//! connectors, beside one fake of the vendor: equal calls and equal answers, but for tables of
//! differences with reasons. One module for each vendor; what they share is in `src`.

mod bigquery;
mod databricks;
mod entry_points;
mod snowflake;
