//! The derives: the stages of one expansion, in order.
//! `lib.rs` calls `expand`; each stage is a file beside this one, and all five derives share them.
//! No rule and no text may come in here.

mod attribute;
mod check;
mod description;
mod generate;
mod item;
mod model;

#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod soup;

use proc_macro2::TokenStream;

use crate::diag::Errors;
use crate::emit::emit;
use crate::paths::Paths;
use crate::words::derive::Derive;

/// The code of a derive, or the errors and a stub.
pub(crate) fn expand(derive: Derive, tokens: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Some(item) = item::parse_item(derive, tokens, &mut errors) else {
        return emit(TokenStream::new(), errors, &TokenStream::new(), None);
    };
    check::check(derive, &item, &mut errors);
    let paths = Paths::new(item.settings.root.clone());
    let code = match model::build(&item, &errors) {
        Ok(model) => generate::generate(derive, &model),
        Err(reported) => generate::stub::generate_stub(derive, &item, reported),
    };
    emit(TokenStream::new(), errors, &paths.import(), Some(code))
}
