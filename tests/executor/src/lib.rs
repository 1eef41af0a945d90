//! The tools with which the test in `tests/` puts the binary under Flyte's own executor.
//! The test builds the Go module in `go/`, starts the binary and reads what each Go test reports.
//! What the executor ought to do stands in the Go tests, never here.

pub mod module;
pub mod report;
