//! A connector that borrows.

use connector_core::prelude::*;

#[connector(task_type = "render")]
#[derive(Default)]
struct G<'a>(&'a str);

fn main() {
    drop(G("").0);
}
