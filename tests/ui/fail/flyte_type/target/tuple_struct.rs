//! A struct whose fields have no names.

use connector_core::prelude::*;

#[derive(FlyteType)]
struct Point(f64, f64);

fn main() {
    let _ = Point::literal_type();
}
