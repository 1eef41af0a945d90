//! An enum as a connection.

use connector_core::prelude::*;

#[derive(TaskConnection)]
enum RenderAccess {
    Key,
    Password,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
