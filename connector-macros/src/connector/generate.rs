//! The model to tokens; nothing here can fail.
//! `connector/mod.rs` calls one of the two `generate_*` and `emit.rs` wraps what they return.
//! Logic belongs into core: what is printed here only names types, texts and functions.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{Expr, ExprPath, Type};

use super::args::Args;
use super::item::{Item, Target};
use super::model::{ConnectorModel, Instance, Types, types};
use crate::diag::{Place, Reported};
use crate::paths::{private, public};

// impl ConnectorSpec for RenderFarm { const NAME; const TASK_TYPES; const VERSIONS; const POLICY; type Config; … }
// impl LinkedConnector for RenderFarm { fn instance(settings) -> InitFuture<Self>; }
// submit! { Registration::new::<RenderFarm>(file!(), line!()) }
pub(super) fn generate_connector(model: &ConnectorModel) -> TokenStream {
    let ConnectorModel { ident, name, task_types, versions, types, sync, policy, instance: _ } =
        model;
    let numbers = versions.iter().map(|version| Literal::i32_unsuffixed(*version));
    let identity = Identity {
        name: name.to_token_stream(),
        task_types: quote_spanned!(Span::mixed_site()=> #(#task_types),*),
        versions: quote_spanned!(Span::mixed_site()=> #(#numbers),*),
        policy: policy.as_ref().map(generate_policy),
    };
    let spec = generate_spec(&TokenStream::new(), &ident.to_token_stream(), &identity, types);
    let linked = generate_linked(model);
    let (inventory, registration) = (private("inventory"), private("Registration"));
    let new = Ident::new(if *sync { "new_sync" } else { "new" }, Span::mixed_site());
    let marks = sync.then(|| {
        let mark = generate_sync_mark(&TokenStream::new(), &ident.to_token_stream());
        let only = generate_only_sync(ident);
        quote_spanned!(Span::mixed_site()=> #mark #only)
    });
    quote_spanned! {Span::mixed_site()=>
        #spec
        #marks
        #linked
        #inventory::submit! {
            #registration::#new::<#ident>(::core::file!(), ::core::line!())
        }
    }
}

// impl SyncSpec for Shout {}
fn generate_sync_mark(parameters: &TokenStream, target: &TokenStream) -> TokenStream {
    let spec = public("SyncSpec");
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #parameters #spec for #target {}
    }
}

// const _: () = only_sync(Kinds::<Shout>::STARTS_JOBS);
//
// The line stands at the connector's name, so that rustc underlines that if it implements both traits.
fn generate_only_sync(ident: &Ident) -> TokenStream {
    let (fallback, kinds, only) = (private("NoJobs"), private("Kinds"), private("only_sync"));
    let at_name = |tokens: TokenStream| -> TokenStream {
        tokens
            .into_iter()
            .map(|mut token| {
                token.set_span(token.span().located_at(ident.span()));
                token
            })
            .collect()
    };
    at_name(quote_spanned! {Span::mixed_site()=>
        const _: () = {
            use #fallback as _;
            #only(#kinds::<#ident>::STARTS_JOBS)
        };
    })
}

// impl<T> ConnectorSpec for Batch<T> { const NAME: &str = ""; … type Meta = RenderJob; }
//
// After an error only: without it, rustc would add that the user's `impl AsyncConnector` lacks its
// supertrait. Under a second attribute that one's expansion writes the impl.
pub(super) fn generate_stub(args: &Args, item: &Item, _: Reported) -> Option<TokenStream> {
    if item.second_attribute().is_some() {
        return None;
    }
    let (parameters, arguments, clause) = item.generics.split_for_impl();
    let self_type = match &item.target {
        Target::Connector { name } => quote_spanned!(name.span()=> #name #arguments),
        Target::Other { self_type, .. } => self_type.clone()?,
    };
    let identity = Identity {
        name: quote_spanned!(Span::mixed_site()=> ""),
        task_types: TokenStream::new(),
        versions: TokenStream::new(),
        policy: None,
    };
    let target = quote_spanned!(Span::mixed_site()=> #self_type #clause);
    let parameters = parameters.to_token_stream();
    let spec = generate_spec(&parameters, &target, &identity, &types(args));
    let mark = args.sync.then(|| generate_sync_mark(&parameters, &target));
    Some(quote_spanned!(Span::mixed_site()=> #spec #mark))
}

struct Identity {
    name: TokenStream,
    task_types: TokenStream,
    versions: TokenStream,
    policy: Option<TokenStream>,
}

fn generate_spec(
    parameters: &TokenStream,
    target: &TokenStream,
    identity: &Identity,
    types: &Types,
) -> TokenStream {
    let Identity { name, task_types, versions, policy } = identity;
    let Types { meta, config, inputs, outputs, connection } = types;
    let meta = generate_type("Meta", meta.as_ref(), "JobId");
    let config = generate_type("Config", config.as_ref(), "DynamicConfig");
    let inputs = generate_type("Inputs", inputs.as_ref(), "DynamicInputs");
    let outputs = generate_type("Outputs", outputs.as_ref(), "DynamicOutputs");
    let connection = generate_type("Connection", connection.as_ref(), "DynamicConnection");
    let spec = public("ConnectorSpec");
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #parameters #spec for #target {
            const NAME: &'static ::core::primitive::str = #name;
            const TASK_TYPES: &'static [&'static ::core::primitive::str] = &[#task_types];
            const VERSIONS: &'static [::core::primitive::i32] = &[#versions];
            #policy
            #config
            #connection
            #inputs
            #meta
            #outputs
        }
    }
}

// const POLICY: Policy = Policy::new();
//
// The whole line stands at the user's expression, so that rustc underlines that when it is of
// another type or no constant.
fn generate_policy(written: &Expr) -> TokenStream {
    let (first, last) = Place::of(written).ends();
    let (name, ty) = (Ident::new("POLICY", first), public("Policy"));
    let end = quote_spanned!(last=> ;);
    quote_spanned!(first=> const #name: #ty = #written #end)
}

// type Meta = RenderJob;
//
// The whole line stands at the user's type, so that rustc underlines that when it is too private.
fn generate_type(name: &str, written: Option<&Type>, default: &str) -> TokenStream {
    let Some(written) = written else {
        let (name, default) = (Ident::new(name, Span::mixed_site()), public(default));
        return quote_spanned!(Span::mixed_site()=> type #name = #default;);
    };
    let (first, last) = Place::of(written).ends();
    let name = Ident::new(name, first);
    let end = quote_spanned!(last=> ;);
    quote_spanned!(first=> type #name = #written #end)
}

fn generate_linked(model: &ConnectorModel) -> TokenStream {
    let ConnectorModel { ident, instance, .. } = model;
    let (linked, settings) = (private("LinkedConnector"), public("Settings"));
    let future = private("InitFuture");
    let (argument, body) = match instance {
        Instance::Default => {
            let from_default = private("from_default");
            let argument = quote_spanned!(Span::mixed_site()=> _);
            (argument, quote_spanned!(Span::mixed_site()=> #from_default::<#ident>()))
        }
        Instance::Init(path) => {
            let (_, function) = Place::of(path).ends();
            let argument = Ident::new("__connector_settings", function).to_token_stream();
            let call = generate_init(path, &argument);
            (argument, call)
        }
    };
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #linked for #ident {
            fn instance(#argument: #settings) -> #future<Self> {
                #body
            }
        }
    }
}

// from_init::<Self, _>(call_init(RenderFarm::connect, settings))
//
// The calls stand at the user's function, so that rustc underlines that when its signature differs.
fn generate_init(path: &ExprPath, settings: &TokenStream) -> TokenStream {
    let (_, function) = Place::of(path).ends();
    let at_function = |name| -> TokenStream {
        let tokens = private(name).into_iter();
        tokens
            .map(|mut token| {
                token.set_span(function);
                token
            })
            .collect()
    };
    let (from_init, call_init) = (at_function("from_init"), at_function("call_init"));
    quote_spanned!(function=> #from_init::<Self, _>(#call_init(#path, #settings)))
}
