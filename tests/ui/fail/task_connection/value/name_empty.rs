//! An empty name of a setting.

use connector_core::prelude::*;

#[derive(TaskConnection)]
struct RenderAccess {
    #[connection(rename = "")]
    endpoint: String,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
