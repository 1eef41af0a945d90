//! The copy with serde's derive on it, and the impl that calls what was derived.
//! `mod.rs` calls it; nothing here can fail.
//! No attribute is read here: `copy.rs` has done that.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote_spanned;
use syn::{Data, DeriveInput, GenericParam, Generics, TypeParamBound, parse_quote_spanned};

use super::copy::{self, Copied};
use super::direction::Direction;
use crate::diag::Reported;

/// The copy and the impl. serde takes no union and says so on the copy.
pub(super) fn generate(direction: Direction, item: &DeriveInput, copied: &Copied) -> TokenStream {
    let copy = generate_copy(direction, copied);
    if matches!(item.data, Data::Union(_)) {
        return copy;
    }
    let name = copy::name();
    let implementation = match direction {
        Direction::Serialize => {
            let call = quote_spanned! {Span::mixed_site()=>
                #name::serialize(self, __connector_serializer)
            };
            generate_serialize(item, &call)
        }
        Direction::Deserialize => {
            let call = quote_spanned! {Span::mixed_site()=>
                #name::deserialize(__connector_deserializer)
            };
            generate_deserialize(item, &call)
        }
    };
    quote_spanned!(Span::mixed_site()=> #copy #implementation)
}

// impl Serialize for RenderJob { fn serialize<S>(&self, serializer: S) -> … { loop {} } }
//
// After an error only: without it, rustc would add that the trait is missing wherever it is needed.
pub(super) fn generate_stub(direction: Direction, item: &DeriveInput, _: Reported) -> TokenStream {
    let body = quote_spanned!(Span::mixed_site()=> loop {});
    match direction {
        Direction::Serialize => generate_serialize(item, &body),
        Direction::Deserialize => generate_deserialize(item, &body),
    }
}

// #[derive(Serialize)] #[serde(crate = "…", remote = "RenderJob", …)] struct __ConnectorCopy { job_id: String }
fn generate_copy(direction: Direction, copied: &Copied) -> TokenStream {
    let Copied { copy, remote, bounds, name } = copied;
    let root = Literal::string("__connector_serde");
    let rename = name.as_ref().map(|name| quote_spanned!(Span::mixed_site()=> , rename = #name));
    let derive = Ident::new(direction.name(), Span::mixed_site());
    quote_spanned! {Span::mixed_site()=>
        #[derive(__connector_serde::#derive)]
        #[serde(crate = #root, remote = #remote, bound = #bounds #rename)]
        #[allow(dead_code, non_camel_case_types, non_snake_case, single_use_lifetimes)]
        #copy
    }
}

// impl<T: Serialize> Serialize for Page<T> { fn serialize<S>(&self, serializer: S) -> … }
fn generate_serialize(item: &DeriveInput, body: &TokenStream) -> TokenStream {
    let generics = bounded(&item.generics, Direction::Serialize);
    let (parameters, arguments, clause) = generics.split_for_impl();
    let ident = &item.ident;
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        #[allow(single_use_lifetimes)]
        impl #parameters __connector_serde::Serialize for #ident #arguments #clause {
            fn serialize<__ConnectorS: __connector_serde::Serializer>(
                &self,
                __connector_serializer: __ConnectorS,
            ) -> ::core::result::Result<__ConnectorS::Ok, __ConnectorS::Error> {
                #body
            }
        }
    }
}

// impl<'de, T: Deserialize<'de>> Deserialize<'de> for Page<T> { fn deserialize<D>(deserializer: D) -> … }
fn generate_deserialize(item: &DeriveInput, body: &TokenStream) -> TokenStream {
    let (_, arguments, _) = item.generics.split_for_impl();
    let generics = bounded(&item.generics, Direction::Deserialize);
    let (parameters, _, clause) = generics.split_for_impl();
    let ident = &item.ident;
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        #[allow(single_use_lifetimes)]
        impl #parameters __connector_serde::Deserialize<'de> for #ident #arguments #clause {
            fn deserialize<__ConnectorD: __connector_serde::Deserializer<'de>>(
                __connector_deserializer: __ConnectorD,
            ) -> ::core::result::Result<Self, __ConnectorD::Error> {
                #body
            }
        }
    }
}

/// Each type parameter can be serialised itself; each lifetime ends before the text that is read.
fn bounded(generics: &Generics, direction: Direction) -> Generics {
    let mut bounded = generics.clone();
    let bound: TypeParamBound = match direction {
        Direction::Serialize => {
            parse_quote_spanned!(Span::mixed_site()=> __connector_serde::Serialize)
        }
        Direction::Deserialize => {
            let lifetimes = generics.lifetimes().map(|parameter| &parameter.lifetime);
            let read = parse_quote_spanned!(Span::mixed_site()=> 'de: #(#lifetimes)+*);
            bounded.params.insert(0, GenericParam::Lifetime(read));
            parse_quote_spanned!(Span::mixed_site()=> __connector_serde::Deserialize<'de>)
        }
    };
    for parameter in bounded.type_params_mut() {
        parameter.bounds.push(bound.clone());
    }
    bounded
}
