//! A clock that shows no date.

use std::time::Instant;

use connector_core::prelude::*;

#[derive(TaskOutputs)]
struct Video {
    rendered: Option<Instant>,
}

fn main() {
    let _ = Video { rendered: None }.into_literals();
}
