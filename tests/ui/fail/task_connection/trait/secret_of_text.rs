//! A secret held as plain text.

use connector_core::prelude::*;

#[derive(TaskConnection)]
struct RenderAccess {
    #[secret]
    api_key: String,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
