//! The impls for an enum of names as a Flyte type.
//! `generate/mod.rs` calls it.
//! Which of name and value is written where is core's business.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote_spanned;
use syn::LitStr;

use super::flyte_type::generate_flyte_type;
use crate::derive::model::Enumeration;
use crate::paths::private;

// impl Enumeration for Mode { const NAME; const DOC; const MEMBERS; fn at(index); fn index(&self) }
// impl FlyteType for Mode { … }
pub(super) fn generate_enumeration(enumeration: &Enumeration) -> TokenStream {
    let Enumeration { ident, name, description, whole, members } = enumeration;
    let idents: Vec<&Ident> = members.iter().map(|member| &member.ident).collect();
    let names: Vec<&LitStr> = members.iter().map(|member| &member.name).collect();
    let values: Vec<&LitStr> = members.iter().map(|member| &member.value).collect();
    let places: Vec<Literal> = (0..members.len()).map(Literal::usize_unsuffixed).collect();
    let module = private("enumeration");
    let whole = whole
        .then(|| quote_spanned!(Span::mixed_site()=> const WHOLE: ::core::primitive::bool = true;));
    let flyte_type = generate_flyte_type(ident, &module, None);
    let text = quote_spanned!(Span::mixed_site()=> &'static ::core::primitive::str);
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #module::Enumeration for #ident {
            const NAME: #text = #name;
            const DOC: #text = #description;
            const MEMBERS: &'static [(#text, #text)] = &[#((#names, #values)),*];
            #whole
            fn at(__connector_index: ::core::primitive::usize) -> ::core::option::Option<Self> {
                match __connector_index {
                    #(#places => ::core::option::Option::Some(Self::#idents),)*
                    _ => ::core::option::Option::None,
                }
            }
            fn index(&self) -> ::core::primitive::usize {
                match self {
                    #(Self::#idents => #places,)*
                }
            }
        }
        #flyte_type
    }
}
