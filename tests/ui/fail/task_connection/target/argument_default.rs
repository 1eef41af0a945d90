//! A default for a secret.

use connector_core::prelude::*;

#[derive(TaskConnection)]
struct RenderAccess {
    #[secret(default = Secret::new("key"))]
    api_key: Secret,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
