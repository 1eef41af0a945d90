//! An empty name of a secret.

use connector_core::prelude::*;

#[derive(TaskConnection)]
struct RenderAccess {
    #[secret(rename = "")]
    api_key: Secret,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
