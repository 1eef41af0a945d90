//! The `FlyteType` impl, the same for every kind of type: each item is handed on to one module of core.
//! `record.rs`, `enumeration.rs` and `union.rs` call it with the module that knows their kind.
//! What differs between the kinds stands in those files.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;

use crate::paths::public;

// impl FlyteType for Point { const TAG; fn literal_type; fn describe; fn from_form; … }
pub(super) fn generate_flyte_type(
    ident: &Ident,
    module: &TokenStream,
    union: Option<&TokenStream>,
) -> TokenStream {
    let (flyte_type, typed, pb) = (public("FlyteType"), public("typed"), public("pb"));
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #flyte_type for #ident {
            const TAG: &'static ::core::primitive::str = #module::transformer::<Self>();
            #union
            fn literal_type() -> #pb::LiteralType {
                #module::literal_type::<Self>()
            }
            fn describe() -> #typed::TypeDescription {
                #module::describe::<Self>()
            }
            fn from_form(
                __connector_form: #typed::Form<'_>,
            ) -> ::core::result::Result<Self, #typed::Mismatches> {
                #module::from_form(__connector_form)
            }
            fn into_literal(self) -> ::core::result::Result<#pb::Literal, #typed::Mismatches> {
                #module::into_literal(self)
            }
            fn into_value(
                self,
                __connector_style: #typed::Style,
            ) -> ::core::result::Result<#typed::Value, #typed::Mismatches> {
                #module::into_value(self, __connector_style)
            }
            fn is_own(__connector_form: &#typed::Form<'_>) -> ::core::primitive::bool {
                #module::is_own::<Self>(__connector_form)
            }
        }
    }
}
