//! The attribute on a type alias.

use connector_core::prelude::*;

#[connector(task_type = "render")]
type G = u8;

fn main() {
    let _: G = 1;
}
