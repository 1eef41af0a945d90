//! A default of another type.

use connector_core::prelude::*;

#[derive(TaskConnection)]
struct RenderAccess {
    #[connection(default = "443")]
    port: u16,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
