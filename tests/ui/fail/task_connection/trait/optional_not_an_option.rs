//! `optional` on a setting that must be there.

use connector_core::prelude::*;

#[derive(TaskConnection)]
struct RenderAccess {
    #[connection(optional)]
    port: u16,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
