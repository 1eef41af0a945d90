//! No `impl AsyncConnector`.

use connector_core::prelude::*;

#[connector(task_type = "render")]
#[derive(Default)]
struct G;

fn main() {
    let _ = G;
}
