//! The attribute on a module.

use connector_core::prelude::*;

#[connector(task_type = "render")]
mod render {
    pub struct G;
}

fn main() {
    drop(render::G);
}
