//! A misspelt word.

use connector_core::prelude::*;

#[derive(FlyteType)]
struct Point {
    #[flyte(renam = "X")]
    x: f64,
}

fn main() {
    let _ = Point::literal_type();
}
