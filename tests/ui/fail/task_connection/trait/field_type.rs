//! A setting that no text is.

use connector_core::prelude::*;

#[derive(TaskConnection)]
struct RenderAccess {
    endpoints: Vec<String>,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
