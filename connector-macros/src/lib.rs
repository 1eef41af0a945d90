//! The attribute that makes a struct a Flyte connector, and the derives for the types it speaks.
//! Authors reach them through `connector_core`, where their documentation stands and is compiled.
//! Nothing but conversion happens in this file: every macro has its own folder.

mod arguments;
mod connector;
mod derive;
mod diag;
mod emit;
mod names;
mod paths;
mod serial;
#[cfg(test)]
mod shrinking;
#[cfg(test)]
mod soup;
mod words;

use proc_macro::TokenStream;
use serial::Direction;
use words::derive::Derive;

#[expect(missing_docs, reason = "the documentation stands on the re-export in connector-core")]
#[proc_macro_attribute]
pub fn connector(args: TokenStream, item: TokenStream) -> TokenStream {
    connector::expand(args.into(), item.into()).into()
}

/// What `#[connector]` puts in the place of a derived `Default`.
#[doc(hidden)]
#[proc_macro_derive(Default)]
pub fn default(item: TokenStream) -> TokenStream {
    connector::default::expand(item.into()).into()
}

#[expect(missing_docs, reason = "the documentation stands on the re-export in connector-core")]
#[proc_macro_derive(TaskInputs, attributes(input))]
pub fn task_inputs(item: TokenStream) -> TokenStream {
    derive::expand(Derive::TaskInputs, item.into()).into()
}

#[expect(missing_docs, reason = "the documentation stands on the re-export in connector-core")]
#[proc_macro_derive(TaskOutputs, attributes(output))]
pub fn task_outputs(item: TokenStream) -> TokenStream {
    derive::expand(Derive::TaskOutputs, item.into()).into()
}

#[expect(missing_docs, reason = "the documentation stands on the re-export in connector-core")]
#[proc_macro_derive(TaskConfig, attributes(config))]
pub fn task_config(item: TokenStream) -> TokenStream {
    derive::expand(Derive::TaskConfig, item.into()).into()
}

#[expect(missing_docs, reason = "the documentation stands on the re-export in connector-core")]
#[proc_macro_derive(TaskConnection, attributes(connection, secret))]
pub fn task_connection(item: TokenStream) -> TokenStream {
    derive::expand(Derive::TaskConnection, item.into()).into()
}

#[expect(missing_docs, reason = "the documentation stands on the re-export in connector-core")]
#[proc_macro_derive(FlyteType, attributes(flyte))]
pub fn flyte_type(item: TokenStream) -> TokenStream {
    derive::expand(Derive::FlyteType, item.into()).into()
}

#[expect(missing_docs, reason = "the documentation stands on the re-export in connector-core")]
#[proc_macro_derive(Serialize, attributes(serde))]
pub fn serialize(item: TokenStream) -> TokenStream {
    serial::expand(Direction::Serialize, item.into()).into()
}

#[expect(missing_docs, reason = "the documentation stands on the re-export in connector-core")]
#[proc_macro_derive(Deserialize, attributes(serde))]
pub fn deserialize(item: TokenStream) -> TokenStream {
    serial::expand(Direction::Deserialize, item.into()).into()
}
