//! The item under the attribute: what kind it is, what it is called, whether it is generic.
//! `connector/mod.rs` calls it second, whatever became of the arguments.
//! Fields and bodies are not read here.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Generics, Token, Type, Visibility};

use crate::arguments::split::is_punct;
use crate::diag::connector::target;
use crate::diag::{Diagnostic, Errors, Place, Reported};

/// The head of the item.
pub(super) struct Item {
    pub(super) target: Target,
    pub(super) generics: Generics,
    pub(super) attributes: Vec<Attribute>,
}

/// Whether the item can be a connector.
pub(super) enum Target {
    /// A struct or an enum.
    Connector { name: Ident },
    /// Anything else; the type that was probably meant, if there is one.
    Other { self_type: Option<TokenStream>, reported: Reported },
}

struct Head {
    kind: Kind,
    generics: Generics,
}

enum Kind {
    Connector { name: Ident },
    Other { self_type: Option<TokenStream>, error: Diagnostic },
}

/// Reads the head; an item that cannot be a connector is reported.
pub(super) fn parse_item(tokens: TokenStream, errors: &mut Errors) -> Item {
    let place = Place::of(tokens.clone().into_iter().next());
    let parser = |input: ParseStream<'_>| {
        let attributes = Attribute::parse_outer(input)?;
        let start = Place::of(input.fork().parse::<Option<TokenTree>>()?);
        input.parse::<Visibility>()?;
        let head = input.fork().call(parse_head).unwrap_or_else(|_| other(start));
        input.parse::<TokenStream>()?;
        Ok((attributes, head))
    };
    let (attributes, head) = parser.parse2(tokens).unwrap_or_else(|_| (Vec::new(), other(place)));
    let target = match head.kind {
        Kind::Connector { name } => Target::Connector { name },
        Kind::Other { self_type, error } => {
            Target::Other { self_type, reported: errors.push(error) }
        }
    };
    Item { target, generics: head.generics, attributes }
}

fn other(place: Place) -> Head {
    let error = target::target_on_other(place);
    Head { kind: Kind::Other { self_type: None, error }, generics: Generics::default() }
}

// Accepted: `struct Name<..> where ..`, `enum Name<..> where ..`. The rest is named in an error.
fn parse_head(input: ParseStream<'_>) -> syn::Result<Head> {
    let start = input.fork();
    // `unsafe impl`, `async fn`, `extern "C" fn`: the word that tells the kind comes later.
    while is_modifier(input) {
        input.parse::<TokenTree>()?;
    }
    if input.peek(Token![struct]) || input.peek(Token![enum]) {
        input.parse::<TokenTree>()?;
        let name: Ident = input.parse()?;
        let generics = parse_generics(input)?;
        return Ok(Head { kind: Kind::Connector { name }, generics });
    }
    let keyword: Ident = input.call(Ident::parse_any)?;
    let mut generics = Generics::default();
    let mut self_type = None;
    let error = if keyword == "impl" {
        generics = input.parse()?;
        let ty = parse_self_type(input).ok();
        generics.where_clause = input.parse()?;
        // Behind the `+` of `dyn Render +` the stub's own `where` would count as a bound.
        self_type = ty.as_ref().map(ToTokens::to_token_stream).filter(|ty| !ends_open(ty));
        target::target_on_impl(&keyword, ty.as_ref())
    } else if keyword == "union" {
        let name: Ident = input.parse()?;
        generics = parse_generics(input)?;
        let (_, arguments, _) = generics.split_for_impl();
        self_type = Some(quote!(#name #arguments));
        target::target_on_union(&keyword, &name)
    } else if keyword == "fn" {
        target::target_on_fn(&keyword, input.parse().ok().as_ref())
    } else if keyword == "trait" {
        target::target_on_trait(&keyword)
    } else if keyword == "mod" {
        target::target_on_mod(&keyword, input.parse().ok().as_ref())
    } else {
        target::target_on_other(Place::of(start.parse::<TokenTree>()?))
    };
    Ok(Head { kind: Kind::Other { self_type, error }, generics })
}

/// `<T> where T: X`, with the `where` clause also behind a tuple struct's fields.
fn parse_generics(input: ParseStream<'_>) -> syn::Result<Generics> {
    let mut generics: Generics = input.parse()?;
    if input.peek(syn::token::Paren) {
        input.parse::<TokenTree>()?;
    }
    generics.where_clause = input.parse()?;
    Ok(generics)
}

/// `Trait for Type` or `Type`.
fn parse_self_type(input: ParseStream<'_>) -> syn::Result<Type> {
    input.parse::<Option<Token![!]>>()?;
    let ty: Type = input.parse()?;
    if input.parse::<Option<Token![for]>>()?.is_some() { input.parse() } else { Ok(ty) }
}

fn ends_open(ty: &TokenStream) -> bool {
    ty.clone().into_iter().last().is_some_and(|last| is_punct(&last, '+'))
}

fn is_modifier(input: ParseStream<'_>) -> bool {
    input.peek(Token![async])
        || input.peek(Token![unsafe])
        || input.peek(Token![extern])
        || input.peek(Token![const])
        || input.peek(Token![default])
        || input.peek(Token![auto])
        || input.peek(syn::LitStr)
}
