//! A struct without fields.

use connector_core::prelude::*;

#[derive(FlyteType)]
struct Nothing;

fn main() {
    let _ = Nothing::literal_type();
}
