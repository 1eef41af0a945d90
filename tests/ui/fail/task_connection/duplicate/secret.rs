//! The attribute of a secret twice.

use connector_core::prelude::*;

#[derive(TaskConnection)]
struct RenderAccess {
    #[secret]
    #[secret(rename = "key")]
    api_key: Secret,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
