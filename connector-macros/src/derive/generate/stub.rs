//! What stands in for a derive's impl after an error, so that no second error says that it is missing.
//! `derive/mod.rs` calls it with the proof that an error was reported.
//! The bodies never run: nothing that was rejected is compiled to the end.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::WhereClause;

use crate::derive::item::Item;
use crate::diag::Reported;
use crate::paths::{private, public};
use crate::words::derive::Derive;

// impl<T> TaskInputs for Scene<T> where Scene<T>: Send + Sync + 'static { … loop {} … }
pub(in crate::derive) fn generate_stub(derive: Derive, item: &Item, _: Reported) -> TokenStream {
    let ident = &item.ident;
    let (parameters, arguments, clause) = item.generics.split_for_impl();
    let self_type = quote_spanned!(ident.span()=> #ident #arguments);
    let clause = if item.generics.params.is_empty() {
        clause.to_token_stream()
    } else {
        generate_bounds(&self_type, clause)
    };
    let name = public(derive.name());
    let items = generate_items(derive);
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #parameters #name for #self_type #clause {
            #items
        }
    }
}

// where T: Clone, Scene<T>: Send + Sync + 'static
//
// What the trait asks for, granted: the error that was reported is the one to see.
fn generate_bounds(self_type: &TokenStream, clause: Option<&WhereClause>) -> TokenStream {
    let predicates = clause.map(|clause| &clause.predicates).into_iter().flatten();
    quote_spanned! {Span::mixed_site()=>
        where
            #(#predicates,)*
            #self_type: ::core::marker::Send + ::core::marker::Sync + 'static
    }
}

fn generate_items(derive: Derive) -> TokenStream {
    let (derived, typed, pb) = (private("derived"), public("typed"), public("pb"));
    let (result, literals) = (public("Result"), public("NamedLiterals"));
    let mixed = Span::mixed_site();
    match derive {
        Derive::TaskInputs => quote_spanned! {mixed=>
            fn from_literals(_: #literals) -> #result<Self> { loop {} }
        },
        Derive::TaskOutputs => quote_spanned! {mixed=>
            fn into_literals(self) -> #result<#literals> { loop {} }
        },
        Derive::TaskConfig => quote_spanned! {mixed=>
            fn from_custom(_: #derived::Struct) -> #result<Self> { loop {} }
        },
        Derive::TaskConnection => quote_spanned! {mixed=>
            fn from_connection(_: #pb::Connection) -> #result<Self> { loop {} }
        },
        Derive::FlyteType => quote_spanned! {mixed=>
            const TAG: &'static ::core::primitive::str = "";
            fn literal_type() -> #pb::LiteralType { loop {} }
            fn describe() -> #typed::TypeDescription { loop {} }
            fn from_form(
                _: #typed::Form<'_>,
            ) -> ::core::result::Result<Self, #typed::Mismatches> { loop {} }
            fn into_literal(self) -> ::core::result::Result<#pb::Literal, #typed::Mismatches> {
                loop {}
            }
            fn into_value(
                self,
                _: #typed::Style,
            ) -> ::core::result::Result<#typed::Value, #typed::Mismatches> { loop {} }
        },
    }
}
