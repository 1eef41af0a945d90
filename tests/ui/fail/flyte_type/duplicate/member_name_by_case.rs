//! Two variants whose names differ in Rust alone.

use connector_core::prelude::*;

#[derive(FlyteType)]
#[allow(non_camel_case_types)]
enum Mode {
    VeryFast,
    very_fast,
}

fn main() {
    let _ = Mode::literal_type();
}
