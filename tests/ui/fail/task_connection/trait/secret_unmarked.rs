//! A secret without its attribute.

use connector_core::prelude::*;

#[derive(TaskConnection)]
struct RenderAccess {
    api_key: Secret,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
