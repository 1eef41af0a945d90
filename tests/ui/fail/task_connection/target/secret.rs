//! The attribute of a secret above the struct.

use connector_core::prelude::*;

#[derive(TaskConnection)]
#[secret]
struct RenderAccess {
    endpoint: String,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
