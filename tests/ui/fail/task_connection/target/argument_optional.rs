//! `optional` on a secret.

use connector_core::prelude::*;

#[derive(TaskConnection)]
struct RenderAccess {
    #[secret(optional)]
    api_key: Option<Secret>,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
