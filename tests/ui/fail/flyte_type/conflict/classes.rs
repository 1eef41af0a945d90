//! A struct that stands for two of Python's classes.

use connector_core::prelude::*;

#[derive(FlyteType)]
#[flyte(pydantic, named_tuple)]
struct Row {
    number: i64,
}

fn main() {
    let _ = Row::literal_type();
}
