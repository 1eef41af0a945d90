//! Two settings of one name.

use connector_core::prelude::*;

#[derive(TaskConnection)]
struct RenderAccess {
    endpoint: String,
    #[connection(rename = "endpoint")]
    url: String,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
