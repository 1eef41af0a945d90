//! The copy of an item that serde's derive is put on: the same fields and serde attributes.
//! `mod.rs` calls it. What serde cannot do on a copy is refused here.
//! serde's attributes are not judged otherwise: serde reads them on the copy and says what is wrong.

use proc_macro2::{Group, Ident, Literal, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DeriveInput, Expr, ExprLit, Field, Lit, Meta, Path, Token, Visibility};

use super::direction::Direction;
use crate::diag::{Errors, Reported, serial};

/// The copy, and what its own attribute says.
pub(super) struct Copied {
    pub(super) copy: DeriveInput,
    /// The item itself.
    pub(super) remote: Literal,
    /// What is asked of its type parameters; serde's guess would ask for traits of the copy, too.
    pub(super) bounds: Literal,
    /// What serde calls the item, unless an attribute says so.
    pub(super) name: Option<Literal>,
}

/// serde's attributes above an item.
#[derive(Default)]
pub(super) struct Attributes {
    /// Those that the copy gets, too.
    kept: Vec<Attribute>,
    /// Where serde is found, if the item says so.
    pub(super) root: Option<Path>,
    is_named: bool,
}

/// What the copy is called. It stands in a scope of its own.
pub(super) fn name() -> Ident {
    Ident::new("__ConnectorCopy", Span::mixed_site())
}

/// `crate = "…"` is taken out: the copy has one already. What cannot be read is left to serde.
pub(super) fn parse_attributes(attributes: &[Attribute]) -> Attributes {
    let mut read = Attributes::default();
    for attribute in attributes.iter().filter(|attribute| is_serde(attribute)) {
        let mut attribute = attribute.clone();
        if let Some(arguments) = arguments(&attribute)
            && let Meta::List(list) = &mut attribute.meta
        {
            let (roots, others): (Vec<Meta>, Vec<Meta>) =
                arguments.into_iter().partition(|argument| path_of_crate(argument).is_some());
            read.root = read.root.or_else(|| roots.first().and_then(path_of_crate));
            read.is_named |= others.iter().any(|argument| argument.path().is_ident("rename"));
            list.tokens = quote!(#(#others),*);
        }
        read.kept.push(attribute);
    }
    read
}

/// The copy, unless an attribute speaks of the item in a way that a copy cannot follow.
pub(super) fn copied(
    direction: Direction,
    item: &DeriveInput,
    above: &Attributes,
    errors: &mut Errors,
) -> Result<Copied, Reported> {
    let mut copy = item.clone();
    copy.ident = name();
    copy.vis = Visibility::Inherited;
    copy.attrs.clone_from(&above.kept);
    check_attributes(direction, &copy.attrs, errors);
    if let Data::Enum(data) = &mut copy.data {
        for variant in &mut data.variants {
            variant.attrs.retain(is_serde);
            check_attributes(direction, &variant.attrs, errors);
        }
    }
    let itself = itself(item);
    for field in fields(&mut copy.data) {
        field.vis = Visibility::Inherited;
        field.attrs.retain(is_serde);
        check_attributes(direction, &field.attrs, errors);
        if let Ok(ty) = syn::parse2(without_self(field.ty.to_token_stream(), &itself)) {
            field.ty = ty;
        }
    }
    errors.none_yet()?;
    let text = |text: &str| {
        let mut literal = Literal::string(text);
        literal.set_span(item.ident.span());
        literal
    };
    let ident = item.ident.to_string();
    Ok(Copied {
        copy,
        remote: text(&ident),
        bounds: text(&bounds(direction, item)),
        name: (!above.is_named).then(|| text(ident.trim_start_matches("r#"))),
    })
}

// #[serde(bound = "T: Scene")], #[serde(remote = "Job")]: the first names bounds that the impl would
// need, too, the second says that the item is a copy itself.
fn check_attributes(direction: Direction, attributes: &[Attribute], errors: &mut Errors) {
    for argument in attributes.iter().filter_map(arguments).flatten() {
        if let Some(word) = argument.path().get_ident()
            && (word == "bound" || word == "remote")
        {
            errors.push(serial::unknown_argument(direction, word));
        }
    }
}

fn is_serde(attribute: &Attribute) -> bool {
    attribute.path().is_ident("serde")
}

fn arguments(attribute: &Attribute) -> Option<Punctuated<Meta, Token![,]>> {
    attribute.parse_args_with(Punctuated::parse_terminated).ok()
}

/// The path in `crate = "path"`.
fn path_of_crate(argument: &Meta) -> Option<Path> {
    let Meta::NameValue(pair) = argument else { return None };
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value else { return None };
    pair.path.is_ident("crate").then(|| text.parse().ok()).flatten()
}

fn fields(data: &mut Data) -> Vec<&mut Field> {
    match data {
        Data::Struct(data) => data.fields.iter_mut().collect(),
        Data::Enum(data) => {
            data.variants.iter_mut().flat_map(|one| one.fields.iter_mut()).collect()
        }
        Data::Union(data) => data.fields.named.iter_mut().collect(),
    }
}

/// `T: Serialize, U: Serialize`, which is what the impl asks for.
fn bounds(direction: Direction, item: &DeriveInput) -> String {
    let of = match direction {
        Direction::Serialize => "__connector_serde::Serialize",
        Direction::Deserialize => "__connector_serde::Deserialize<'de>",
    };
    item.generics.type_params().map(|parameter| format!("{}: {of}, ", parameter.ident)).collect()
}

/// `Page<'a, T>`.
fn itself(item: &DeriveInput) -> TokenStream {
    let (_, arguments, _) = item.generics.split_for_impl();
    let ident = &item.ident;
    quote!(#ident #arguments)
}

/// In the copy, `Self` would be the copy.
fn without_self(tokens: TokenStream, itself: &TokenStream) -> TokenStream {
    tokens
        .into_iter()
        .flat_map(|token| match token {
            TokenTree::Ident(ident) if ident == "Self" => itself.clone(),
            TokenTree::Group(group) => {
                let inner = without_self(group.stream(), itself);
                let mut replaced = Group::new(group.delimiter(), inner);
                replaced.set_span(group.span());
                TokenTree::Group(replaced).into()
            }
            other => other.into(),
        })
        .collect()
}
