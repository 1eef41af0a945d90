//! Values that Flyte cannot carry are errors that name the output, all at once.

use connector_core::prelude::*;

#[derive(Debug, TaskOutputs)]
struct Counts {
    #[output(rename = "Total")]
    total: u64,
    each: Vec<u64>,
    fine: u64,
}

fn main() {
    let counts = Counts { total: u64::MAX, each: vec![1, u64::MAX], fine: 1 };
    let error = counts.into_literals().unwrap_err();
    let lines: Vec<&str> = error.message().lines().collect();
    assert_eq!(lines.len(), 3, "{error}");
    assert_eq!(lines[0], "the connector's outputs do not fit:");
    assert!(lines[1].starts_with(" - `Total`: "), "{error}");
    assert!(lines[2].starts_with(" - `each[1]`: "), "{error}");
}
