//! A secret that may be missing, held as plain text.

use connector_core::prelude::*;

#[derive(TaskConnection)]
struct RenderAccess {
    #[secret]
    api_key: Option<String>,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
