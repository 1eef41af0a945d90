//! Mistakes in several fields, all at once.
//! errors: 4

use connector_core::prelude::*;

#[derive(TaskConnection)]
struct RenderAccess {
    #[secret(default)]
    key: Secret,
    #[secret]
    #[connection(optional)]
    token: Option<Secret>,
    #[connection(rename = "x", rename = "y")]
    endpoint: String,
    #[connection(rename = "x")]
    x: u16,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
