//! A misspelt word in the attribute of a secret.

use connector_core::prelude::*;

#[derive(TaskConnection)]
struct RenderAccess {
    #[secret(name = "key")]
    api_key: Secret,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
