//! `sync` without `impl SyncConnector`.

use connector_core::prelude::*;

#[connector(task_type = "shout", sync)]
#[derive(Default)]
struct G;

fn main() {
    let _ = G;
}
