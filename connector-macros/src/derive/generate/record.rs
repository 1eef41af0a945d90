//! The impls for a struct as a Flyte type: one of Python's classes.
//! `generate/mod.rs` calls it.
//! How objects travel is core's business: here are the fields, in order.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;

use super::fields::{generate_read, generate_write};
use super::flyte_type::generate_flyte_type;
use crate::derive::attribute::Class;
use crate::derive::model::Record;
use crate::paths::{private, public};

// impl Record for Point { const NAME; const DOC; const CLASS; fn codec() -> Codec { read: |fields| …, write: |value, fields| … } }
// impl FlyteType for Point { … }
pub(super) fn generate_record(record: &Record) -> TokenStream {
    let Record { ident, name, description, class, fields: _ } = record;
    let (module, derived, typed) = (private("record"), private("derived"), public("typed"));
    let read = generate_read(record, &quote_spanned!(Span::mixed_site()=> #derived::Reader));
    let write =
        generate_write(record, &quote_spanned!(Span::mixed_site()=> #module::ValueFieldsOut));
    let class = match class {
        None => "Dataclass",
        Some(Class::Pydantic) => "Pydantic",
        Some(Class::NamedTuple) => "NamedTuple",
        Some(Class::TypedDict) => "TypedDict",
    };
    let class = Ident::new(class, Span::mixed_site());
    let flyte_type = generate_flyte_type(ident, &module, None);
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #module::Record for #ident {
            const NAME: &'static ::core::primitive::str = #name;
            const DOC: &'static ::core::primitive::str = #description;
            const CLASS: #typed::Class = #typed::Class::#class;
            fn codec() -> #module::Codec<Self> {
                #module::Codec {
                    read: |__connector_fields| { #read },
                    write: |__connector_value, __connector_fields| { #write },
                }
            }
        }
        #flyte_type
    }
}
