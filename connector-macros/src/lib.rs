//! The attribute that makes a struct a Flyte connector.
//! Authors reach it as `connector_core::connector`, where its documentation stands and is compiled.
//! Nothing but conversion happens in this file: every macro has its own folder.

mod connector;
mod diag;
mod emit;
mod names;
mod paths;
mod words;

use proc_macro::TokenStream;

#[expect(missing_docs, reason = "the documentation stands on the re-export in connector-core")]
#[proc_macro_attribute]
pub fn connector(args: TokenStream, item: TokenStream) -> TokenStream {
    connector::expand(args.into(), item.into()).into()
}
