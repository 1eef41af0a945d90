//! An enum without variants.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Never {}

fn main() {
    let _ = Never::literal_type();
}
