//! A union as a connection.

use connector_core::prelude::*;

#[derive(TaskConnection)]
union RenderAccess {
    port: u16,
    number: i16,
}

fn main() {
    let _ = RenderAccess::from_connection(pb::Connection::default());
}
