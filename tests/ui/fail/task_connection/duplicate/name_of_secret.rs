//! Two secrets of one name.

use connector_core::prelude::*;

#[derive(TaskConnection)]
struct RenderAccess {
    #[secret]
    key: Secret,
    #[secret(rename = "key")]
    api_key: Secret,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
