//! A type parameter of an enum.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Size<T: Clone> {
    Number(i64),
    Other(T),
}

fn main() {
    let _ = Size::<f64>::literal_type();
}
