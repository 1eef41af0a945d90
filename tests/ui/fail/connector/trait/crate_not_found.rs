//! A `crate` that does not exist.

use connector_core::prelude::*;

#[connector(task_type = "render", crate = ::renamed_core)]
#[derive(Default)]
struct G;

fn main() {
    let _ = G;
}
