//! The name of a secret behind an equals sign.

use connector_core::prelude::*;

#[derive(TaskConnection)]
struct RenderAccess {
    #[secret = "key"]
    api_key: Secret,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
