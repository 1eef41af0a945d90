//! A `where` clause.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Mode
where
    u8: Copy,
{
    Fast,
}

fn main() {
    let _ = Mode::literal_type();
}
