//! The attribute without arguments, where it takes none.

use connector_core::prelude::*;

#[derive(FlyteType)]
enum Size {
    #[flyte]
    Number(i64),
}

fn main() {
    let _ = Size::literal_type();
}
