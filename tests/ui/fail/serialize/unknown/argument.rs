//! Bounds of its own: the impl outside serde would need them, too.

use connector_core::prelude::*;

#[derive(Serialize)]
#[serde(bound = "T: Serialize")]
struct Page<T> {
    items: Vec<T>,
}

fn serialized(value: impl Serialize) {
    let _ = value;
}

fn main() {
    serialized(Page { items: vec![1] });
}
