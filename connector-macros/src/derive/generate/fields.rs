//! The fields of a struct, taken and put one by one.
//! The files beside this one put what it returns into their impls.
//! Each type is named here, at the user's tokens, so that rustc underlines it if it lacks its trait.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Type;

use crate::derive::model::{Field, Presence, Record};
use crate::diag::Place;

// let field_0 = { let call = Reader::take::<f64>; call(fields, "x", "doc") }; …
// Some(Self { x: field_0?, … })
//
// All are taken before one is missed, so that every problem is found.
pub(super) fn generate_read(record: &Record, reader: &TokenStream) -> TokenStream {
    let locals: Vec<Ident> = (0..record.fields.len())
        .map(|at| Ident::new(&format!("__connector_field_{at}"), Span::mixed_site()))
        .collect();
    let takes = record.fields.iter().map(|field| generate_take(field, reader));
    let idents = record.fields.iter().map(|field| &field.ident);
    quote_spanned! {Span::mixed_site()=>
        #(let #locals = #takes;)*
        ::core::option::Option::Some(Self { #(#idents: #locals?),* })
    }
}

fn generate_take(field: &Field, reader: &TokenStream) -> TokenStream {
    let Field { ty, wire, description, presence, ident: _ } = field;
    let arguments = quote_spanned!(Span::mixed_site()=> #wire, #description);
    match presence {
        Presence::ByType => generate_call(reader, "take", ty, &arguments),
        Presence::Optional => generate_call(reader, "take_optional", ty, &arguments),
        Presence::Secret => generate_call(reader, "take_secret", ty, &arguments),
        Presence::Default(word) => {
            let default = quote_spanned!(*word=> ::core::default::Default::default);
            let arguments = quote_spanned!(Span::mixed_site()=> #arguments, #default);
            generate_call(reader, "take_or", ty, &arguments)
        }
        Presence::DefaultTo(value) => {
            let arguments = quote_spanned!(Span::mixed_site()=> #arguments, || #value);
            generate_call(reader, "take_or", ty, &arguments)
        }
    }
}

// { let call = ValueFieldsOut::put::<f64>; call(fields, "x", value.x) } …
pub(super) fn generate_write(record: &Record, writer: &TokenStream) -> TokenStream {
    let puts = record.fields.iter().map(|field| {
        let Field { ident, ty, wire, .. } = field;
        let arguments = quote_spanned!(Span::mixed_site()=> #wire, __connector_value.#ident);
        generate_call(writer, "put", ty, &arguments)
    });
    quote_spanned!(Span::mixed_site()=> #(#puts;)*)
}

// { let call = OutputDescriptions::add::<f64>; call(fields, "x", "doc") } …
pub(super) fn generate_describe(record: &Record, descriptions: &TokenStream) -> TokenStream {
    let adds = record.fields.iter().map(|field| {
        let Field { ty, wire, description, .. } = field;
        let arguments = quote_spanned!(Span::mixed_site()=> #wire, #description);
        generate_call(descriptions, "add", ty, &arguments)
    });
    quote_spanned!(Span::mixed_site()=> #(#adds;)*)
}

// { let call = Reader::take::<f64>; call(fields, arguments) }
//
// Called in one go, rustc would add a label to the call, which the author has not written.
fn generate_call(
    owner: &TokenStream,
    method: &str,
    ty: &Type,
    arguments: &TokenStream,
) -> TokenStream {
    let function = generate_function(owner, method, ty);
    quote_spanned! {Span::mixed_site()=> {
        let __connector_call = #function;
        __connector_call(__connector_fields, #arguments)
    }}
}

// Reader::take::<f64>
pub(super) fn generate_function(
    owner: &TokenStream,
    method: &str,
    ty: &impl ToTokens,
) -> TokenStream {
    let (first, last) = Place::of(ty).ends();
    let method = Ident::new(method, Span::mixed_site());
    let open = quote_spanned!(first=> ::<);
    let close = quote_spanned!(last=> >);
    quote_spanned!(Span::mixed_site()=> #owner::#method #open #ty #close)
}
