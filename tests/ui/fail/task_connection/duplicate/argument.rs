//! The same word twice.

use connector_core::prelude::*;

#[derive(TaskConnection)]
struct RenderAccess {
    #[connection(default = 443, default = 80)]
    port: u16,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
