//! Every path generated code may name, built from `crate = ...`.
//! `connector/generate.rs`, `serial/generate.rs` and the files in `derive/generate/` print these.
//! User code is never named here: its paths come from the user's tokens.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::Path;

use crate::diag::Place;

/// Where the generated code finds `connector_core`.
///
/// The crate is imported once under a name of our own. If it cannot be found, rustc then says so
/// once, where absolute paths all over the expansion would repeat it.
pub(crate) struct Paths {
    root: Option<Path>,
}

impl Paths {
    pub(crate) const fn new(root: Option<Path>) -> Self {
        Self { root }
    }

    /// The import; it stands at the user's path, so that rustc underlines that if it leads nowhere.
    pub(crate) fn import(&self) -> TokenStream {
        match &self.root {
            Some(root) => {
                let (first, last) = Place::of(root).ends();
                let end = quote_spanned!(last=> as __connector_core;);
                quote_spanned!(first=> use #root #end)
            }
            None => quote_spanned!(Span::mixed_site()=> use ::connector_core as __connector_core;),
        }
    }
}

/// The import of serde, from the path that serde's own attribute names or from core.
pub(crate) fn import_serde(root: Option<&Path>) -> TokenStream {
    match root {
        Some(root) => {
            let (first, last) = Place::of(root).ends();
            let end = quote_spanned!(last=> as __connector_serde;);
            quote_spanned!(first=> use #root #end)
        }
        None => {
            let place = Span::mixed_site();
            quote_spanned!(place=> use ::connector_core::serde as __connector_serde;)
        }
    }
}

/// An item of the public API.
pub(crate) fn public(name: &str) -> TokenStream {
    let name = Ident::new(name, Span::mixed_site());
    quote_spanned!(Span::mixed_site()=> __connector_core::#name)
}

/// An item that only generated code may name.
pub(crate) fn private(name: &str) -> TokenStream {
    let name = Ident::new(name, Span::mixed_site());
    quote_spanned!(Span::mixed_site()=> __connector_core::__private::#name)
}
