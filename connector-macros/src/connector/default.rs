//! `#[derive(Default)]` on a connector: the same impl, but a field without a default is told about `init`.
//! `connector/mod.rs` puts our derive in the place of std's; `lib.rs` exports it, hidden.
//! Whether a field has a default is judged by rustc, through the trait that is named here.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::{DeriveInput, Field, ItemStruct, Member};

use crate::arguments::split::is_punct;
use crate::diag::{Diagnostic, Errors, Place};
use crate::emit::emit;
use crate::paths::{Paths, private};

/// The item with our derive for `Default`, at the same tokens; as it is if std's is not there.
pub(super) fn with_own_derive(item: TokenStream) -> TokenStream {
    let Ok(parsed) = syn::parse2::<ItemStruct>(item.clone()) else { return item };
    // With an attribute `default` on a field it is the derive of another crate.
    let foreign = |field: &Field| field.attrs.iter().any(|one| one.path().is_ident("default"));
    if parsed.fields.is_empty() || parsed.fields.iter().any(foreign) {
        return item;
    }
    let mut tokens = item.into_iter().peekable();
    let mut output = TokenStream::new();
    while let Some(token) = tokens.next() {
        let attribute = is_punct(&token, '#');
        output.extend([token]);
        let Some(TokenTree::Group(group)) = tokens.peek() else { break };
        if attribute {
            output.extend([replaced_in_attribute(group)]);
            tokens.next();
        }
    }
    output.extend(tokens);
    output
}

/// `[derive(Debug, Default)]`; any other attribute as it is.
fn replaced_in_attribute(brackets: &Group) -> TokenTree {
    let mut is_derive = false;
    let inner = brackets.stream().into_iter().map(|token| match token {
        TokenTree::Ident(word) => {
            is_derive = word == "derive";
            TokenTree::Ident(word)
        }
        TokenTree::Group(list) if is_derive => regrouped(&list, replaced_in_list(list.stream())),
        other => other,
    });
    let inner = inner.collect();
    regrouped(brackets, inner)
}

/// The list, with our path for a lone `Default`.
fn replaced_in_list(list: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = list.into_iter().collect();
    let is_end = |token: Option<&TokenTree>| token.is_none_or(|token| is_punct(token, ','));
    let mut output = TokenStream::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        match token {
            TokenTree::Ident(word)
                if word == "Default" && is_end(before) && is_end(tokens.get(at + 1)) =>
            {
                let name = Ident::new("Default", word.span());
                output.extend(quote_spanned!(word.span()=> ::connector_core::__private::#name));
            }
            other => output.extend([other.clone()]),
        }
    }
    output
}

fn regrouped(group: &Group, inner: TokenStream) -> TokenTree {
    let mut replaced = Group::new(group.delimiter(), inner);
    replaced.set_span(group.span());
    TokenTree::Group(replaced)
}

// impl Default for RenderFarm { fn default() -> Self { Self { client: of_field::<Client>() } } }
pub(crate) fn expand(tokens: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let paths = Paths::new(None);
    let item: DeriveInput = match syn::parse2(tokens) {
        Ok(item) => item,
        Err(error) => {
            errors.push(Diagnostic::unreadable(&error));
            return errors.into_tokens();
        }
    };
    let syn::Data::Struct(data) = &item.data else { return TokenStream::new() };
    let members = data.fields.members();
    let values = data.fields.iter().map(|field| generate_value(&field.ty.to_token_stream()));
    let fields = members.zip(values).map(|(member, value): (Member, TokenStream)| {
        quote_spanned!(Span::mixed_site()=> #member: #value)
    });
    let (parameters, arguments, clause) = item.generics.split_for_impl();
    let ident = &item.ident;
    let code = quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #parameters ::core::default::Default for #ident #arguments #clause {
            fn default() -> Self {
                Self { #(#fields),* }
            }
        }
    };
    emit(TokenStream::new(), errors, &paths.import(), Some(code))
}

// of_field::<Client>()
//
// The call stands at the type, so that rustc underlines that if it has no default.
fn generate_value(ty: &TokenStream) -> TokenStream {
    let of_field = private("of_field");
    let (first, last) = Place::of(ty).ends();
    let mut call = Group::new(Delimiter::Parenthesis, TokenStream::new());
    call.set_span(last);
    quote_spanned!(first=> #of_field::<#ty> #call)
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::with_own_derive;

    #[test]
    fn the_derive_of_std_is_replaced_and_no_other() {
        let own = quote!(::connector_core::__private::Default).to_string();
        let replaced = |item| with_own_derive(item).to_string().contains(&own);
        assert!(replaced(quote!(
            #[derive(Default)]
            struct G(u8);
        )));
        assert!(replaced(quote! {
            /// A farm.
            #[derive(Debug)]
            #[allow(dead_code)]
            #[derive(Clone, Default,)]
            pub(crate) struct G { client: Client }
        }));
        for item in [
            quote!(
                #[derive(Default)]
                struct G;
            ),
            quote!(
                #[derive(Default)]
                struct G {}
            ),
            quote!(
                #[derive(Debug)]
                struct G {
                    Default: u8,
                }
            ),
            quote!(
                #[derive(std::default::Default)]
                struct G(u8);
            ),
            quote!(
                #[cfg_attr(farm, derive(Default))]
                struct G(u8);
            ),
            quote!(
                #[derive(Default)]
                struct G {
                    #[default(5)]
                    of_another_crate: u8,
                }
            ),
            quote!(
                #[derive(Default)]
                enum G {
                    #[default]
                    A,
                    B(u8),
                }
            ),
            quote!(
                #[doc(Default)]
                struct G(u8);
            ),
        ] {
            assert_eq!(with_own_derive(item.clone()).to_string(), item.to_string());
        }
    }
}
