//! The name of a secret without its word.

use connector_core::prelude::*;

#[derive(TaskConnection)]
struct RenderAccess {
    #[secret("key")]
    api_key: Secret,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
