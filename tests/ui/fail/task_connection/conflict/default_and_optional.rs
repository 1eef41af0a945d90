//! `default` and `optional`.

use connector_core::prelude::*;

#[derive(TaskConnection)]
struct RenderAccess {
    #[connection(default, optional)]
    port: Option<u16>,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
