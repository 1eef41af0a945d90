//! The model to tokens; nothing here can fail.
//! `derive/mod.rs` calls `generate`, or `stub.rs` after an error, and `emit.rs` wraps what they return.
//! Logic belongs into core: what is printed here only names fields, types and functions.

mod enumeration;
mod fields;
mod flyte_type;
mod record;
pub(super) mod stub;
mod task;
mod union;

use proc_macro2::TokenStream;

use super::model::{Model, Record};
use crate::words::derive::Derive;

/// The impls of a derive.
pub(super) fn generate(derive: Derive, model: &Model) -> TokenStream {
    match model {
        Model::Record(record) => generate_struct(derive, record),
        Model::Enumeration(enumeration) => enumeration::generate_enumeration(enumeration),
        Model::Union(union) => union::generate_union(union),
    }
}

fn generate_struct(derive: Derive, record: &Record) -> TokenStream {
    match derive {
        Derive::TaskInputs => task::generate_inputs(record),
        Derive::TaskOutputs => task::generate_outputs(record),
        Derive::TaskConfig => task::generate_config(record),
        Derive::TaskConnection => task::generate_connection(record),
        Derive::FlyteType => record::generate_record(record),
    }
}
