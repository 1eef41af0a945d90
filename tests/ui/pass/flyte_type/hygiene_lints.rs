//! The strictest lints: nothing in the expansions makes a warning, whatever the crate denies.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unused_qualifications, unreachable_pub, rust_2018_idioms)]
#![deny(missing_debug_implementations, missing_copy_implementations, unused_results)]
#![deny(single_use_lifetimes, unused_lifetimes, trivial_casts, trivial_numeric_casts)]
#![deny(absolute_paths_not_starting_with_crate, let_underscore_drop, unnameable_types)]
#![deny(non_local_definitions, redundant_lifetimes, unit_bindings, variant_size_differences)]

use connector_core::prelude::*;

/// Public.
#[derive(Debug, Clone, Copy, Default, TaskInputs)]
pub struct Inputs {
    /// Documented.
    #[input(default = 1)]
    pub x: i64,
    /// Deprecated, and still read.
    #[deprecated = "use `x`"]
    #[input(default)]
    pub y: i64,
}

/// Public.
#[derive(Debug, Clone, Default, TaskOutputs)]
pub struct Outputs {
    /// Documented.
    pub list: Vec<i64>,
}

/// Private.
#[derive(Debug, TaskConfig)]
struct Config {
    x: Option<u8>,
}

/// Private.
#[derive(Debug, TaskConnection)]
struct Connection {
    #[secret]
    key: Option<Secret>,
}

/// Without fields.
#[derive(Debug, Clone, Copy, Default, FlyteType)]
pub struct Empty {}

/// Private, and made by reading only.
#[derive(Debug, FlyteType)]
struct Record {
    empty: Empty,
}

/// Deprecated, and still carried.
#[deprecated = "use another"]
#[derive(Debug, Clone, Copy, FlyteType)]
pub enum Old {
    /// Documented.
    One,
}

/// Public.
#[derive(Debug, Clone, Copy, FlyteType)]
pub enum Names {
    /// Documented.
    One,
    /// Deprecated, and still a member.
    #[deprecated = "use `One`"]
    Two,
}

/// Private.
#[derive(Debug, FlyteType)]
enum Types {
    Names(Names),
    Record(Record),
}

fn main() {
    /// Local to a function.
    #[derive(Debug, Clone, Copy, FlyteType)]
    struct Local {
        x: i64,
    }

    let local = Local { x: 1 }.into_literal().unwrap();
    assert_eq!(Local::from_literal(&local).unwrap().x, 1);
    assert_eq!(Inputs::from_literals(Default::default()).unwrap().x, 1);
    assert_eq!(Outputs { list: vec![1] }.into_literals().unwrap().len(), 1);
    assert_eq!(Config::from_custom(Default::default()).unwrap().x, None);
    assert!(Connection::from_connection(Default::default()).unwrap().key.is_none());
    let names = Types::Names(Names::One).into_literal().unwrap();
    match Types::from_literal(&names).unwrap() {
        Types::Names(names) => println!("{names:?}"),
        Types::Record(Record { empty }) => println!("{empty:?}"),
    }
}
