//! The attribute of a setting without arguments.

use connector_core::prelude::*;

#[derive(TaskConnection)]
struct RenderAccess {
    #[connection]
    endpoint: String,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
