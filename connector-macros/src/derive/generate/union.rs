//! The impls for an enum of types as a Flyte type: Python's `Union`.
//! `generate/mod.rs` calls it.
//! How a value finds its variant is core's business: here they are offered, in order.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;

use super::fields::generate_function;
use super::flyte_type::generate_flyte_type;
use crate::derive::model::{Alternative, Union};
use crate::paths::{private, public};

// impl Union for Size { fn codec() -> Codec { offer: |alternatives| …, literal: |value| …, value: |value, style| … } }
// impl FlyteType for Size { const IS_UNION; fn from_literal; … }
pub(super) fn generate_union(union: &Union) -> TokenStream {
    let Union { ident, alternatives } = union;
    let module = private("union");
    let owner = quote_spanned!(Span::mixed_site()=> #module::Alternatives);
    let offers = alternatives.iter().map(|Alternative { ident, ty }| {
        let function = generate_function(&owner, "offer", ty);
        quote_spanned! {Span::mixed_site()=>
            let __connector_call = #function;
            __connector_call(__connector_alternatives, Self::#ident);
        }
    });
    let literals = alternatives.iter().map(|Alternative { ident, ty }| {
        let function = generate_function(&module, "wrapped", ty);
        generate_arm(ident, &function, &TokenStream::new())
    });
    let values = alternatives.iter().map(|Alternative { ident, ty }| {
        let function = generate_function(&module, "plain", ty);
        let style = quote_spanned!(Span::mixed_site()=> , __connector_style);
        generate_arm(ident, &function, &style)
    });
    let flyte_type = generate_flyte_type(ident, &module, Some(&generate_from_literal(&module)));
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #module::Union for #ident {
            fn codec() -> #module::Codec<Self> {
                #module::Codec {
                    offer: |__connector_alternatives| { #(#offers)* },
                    literal: |__connector_value| match __connector_value { #(#literals)* },
                    value: |__connector_value, __connector_style| match __connector_value {
                        #(#values)*
                    },
                }
            }
        }
        #flyte_type
    }
}

// Self::Number(inner) => { let call = wrapped::<i64>; call(inner) }
fn generate_arm(ident: &Ident, function: &TokenStream, more: &TokenStream) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        Self::#ident(__connector_inner) => {
            let __connector_call = #function;
            __connector_call(__connector_inner #more)
        }
    }
}

// const IS_UNION: bool = true; fn from_literal(literal) -> Result<Self, Mismatches> { … }
fn generate_from_literal(module: &TokenStream) -> TokenStream {
    let (pb, typed) = (public("pb"), public("typed"));
    quote_spanned! {Span::mixed_site()=>
        const IS_UNION: ::core::primitive::bool = true;
        fn from_literal(
            __connector_literal: &#pb::Literal,
        ) -> ::core::result::Result<Self, #typed::Mismatches> {
            #module::from_literal(__connector_literal)
        }
    }
}
