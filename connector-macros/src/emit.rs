//! The last stage of every macro: the user's item first, then errors, then generated code.
//! Each `expand` calls it with whatever the stages before it made; a derive hands in no item.
//! Nothing is decided here: the item always survives, and errors are never dropped.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use crate::diag::Errors;

/// Joins the parts. Generated code stands in a scope of its own, so its names cannot meet the
/// user's; `deprecated` is allowed there because a deprecated connector is still served.
pub(crate) fn emit(
    item: TokenStream,
    errors: Errors,
    import: &TokenStream,
    code: Option<TokenStream>,
) -> TokenStream {
    let mut output = item;
    output.extend(errors.into_tokens());
    if let Some(code) = code {
        output.extend(quote_spanned! {Span::mixed_site()=>
            #[allow(deprecated)]
            const _: () = {
                #import
                #code
            };
        });
    }
    output
}
