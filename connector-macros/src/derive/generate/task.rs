//! The impls for the four parts of a task: inputs, settings, connection, outputs.
//! `generate/mod.rs` calls one `generate_*` per derive.
//! Each is a table of fields and a trait impl that hands the table to core.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use super::fields::{generate_describe, generate_read, generate_write};
use crate::derive::model::Record;
use crate::paths::{private, public};

// impl DerivedInputs for Scene { fn read(fields: &mut Reader) -> Option<Self> { … } }
// impl TaskInputs for Scene { fn from_literals; fn describe }
pub(super) fn generate_inputs(record: &Record) -> TokenStream {
    let Record { ident, .. } = record;
    let derived = private("derived");
    let read = generate_read(record, &quote_spanned!(Span::mixed_site()=> #derived::Reader));
    let (inputs, literals, result) =
        (public("TaskInputs"), public("NamedLiterals"), public("Result"));
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #derived::DerivedInputs for #ident {
            fn read(__connector_fields: &mut #derived::Reader<'_>) -> ::core::option::Option<Self> {
                #read
            }
        }
        #[automatically_derived]
        impl #inputs for #ident {
            fn from_literals(__connector_literals: #literals) -> #result<Self> {
                #derived::read_inputs(__connector_literals)
            }
            fn describe() -> #derived::Descriptions {
                #derived::describe_inputs::<Self>()
            }
        }
    }
}

// impl DerivedConfig for RenderConfig { fn read(fields: &mut Reader) -> Option<Self> { … } }
// impl TaskConfig for RenderConfig { fn from_custom; fn describe }
pub(super) fn generate_config(record: &Record) -> TokenStream {
    let Record { ident, .. } = record;
    let derived = private("derived");
    let read = generate_read(record, &quote_spanned!(Span::mixed_site()=> #derived::Reader));
    let (config, result) = (public("TaskConfig"), public("Result"));
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #derived::DerivedConfig for #ident {
            fn read(__connector_fields: &mut #derived::Reader<'_>) -> ::core::option::Option<Self> {
                #read
            }
        }
        #[automatically_derived]
        impl #config for #ident {
            fn from_custom(__connector_custom: #derived::Struct) -> #result<Self> {
                #derived::read_config(&__connector_custom)
            }
            fn describe() -> #derived::Descriptions {
                #derived::describe_config::<Self>()
            }
        }
    }
}

// impl DerivedConnection for RenderAccess { fn read(fields: &mut ConnectionReader) -> Option<Self> { … } }
// impl TaskConnection for RenderAccess { fn from_connection; fn with_operator; fn describe }
pub(super) fn generate_connection(record: &Record) -> TokenStream {
    let Record { ident, .. } = record;
    let derived = private("derived");
    let reader = quote_spanned!(Span::mixed_site()=> #derived::ConnectionReader);
    let read = generate_read(record, &reader);
    let (connection, pb, result) = (public("TaskConnection"), public("pb"), public("Result"));
    let operator = public("OperatorSecrets");
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #derived::DerivedConnection for #ident {
            fn read(__connector_fields: &mut #reader<'_>) -> ::core::option::Option<Self> {
                #read
            }
        }
        #[automatically_derived]
        impl #connection for #ident {
            fn from_connection(__connector_connection: #pb::Connection) -> #result<Self> {
                #derived::read_connection(__connector_connection)
            }
            fn with_operator(
                __connector_connection: #pb::Connection,
                __connector_operator: &#operator,
            ) -> #result<Self> {
                #derived::read_connection_with(__connector_connection, __connector_operator)
            }
            fn describe() -> #derived::Descriptions {
                #derived::describe_connection::<Self>()
            }
        }
    }
}

// impl DerivedOutputs for Video { fn codec() -> OutputCodec { describe: |fields| …, write: |value, fields| … } }
// impl TaskOutputs for Video { fn into_literals; fn describe }
pub(super) fn generate_outputs(record: &Record) -> TokenStream {
    let Record { ident, .. } = record;
    let derived = private("derived");
    let descriptions = quote_spanned!(Span::mixed_site()=> #derived::OutputDescriptions);
    let describe = generate_describe(record, &descriptions);
    let write =
        generate_write(record, &quote_spanned!(Span::mixed_site()=> #derived::LiteralFieldsOut));
    let (outputs, literals, result) =
        (public("TaskOutputs"), public("NamedLiterals"), public("Result"));
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #derived::DerivedOutputs for #ident {
            fn codec() -> #derived::OutputCodec<Self> {
                #derived::OutputCodec {
                    describe: |__connector_fields| { #describe },
                    write: |__connector_value, __connector_fields| { #write },
                }
            }
        }
        #[automatically_derived]
        impl #outputs for #ident {
            fn into_literals(self) -> #result<#literals> {
                #derived::write_outputs(self)
            }
            fn describe() -> #derived::Descriptions {
                #derived::describe_outputs::<Self>()
            }
        }
    }
}
