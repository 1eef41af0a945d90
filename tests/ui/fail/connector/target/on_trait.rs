//! The attribute on a trait.

use connector_core::prelude::*;

#[connector(task_type = "render")]
trait Renders {}

struct G;

impl Renders for G {}

fn main() {
    fn accept(_: impl Renders) {}
    accept(G);
}
