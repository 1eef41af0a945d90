//! A secret that is a setting, too.

use connector_core::prelude::*;

#[derive(TaskConnection)]
struct RenderAccess {
    #[secret]
    #[connection(rename = "key")]
    api_key: Secret,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
