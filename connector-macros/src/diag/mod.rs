//! How errors are collected and printed: `Errors`, `Diagnostic` and the place each underlines.
//! Every stage of every macro pushes here; only `emit.rs` turns the list into tokens.
//! The texts are in the files beside this one, one constructor per message.

pub(crate) mod argument;
pub(crate) mod connector;
pub(crate) mod derive;
pub(crate) mod serial;
pub(crate) mod value;

#[cfg(test)]
mod coverage;

use proc_macro2::{Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::ToTokens;

/// The tokens a message underlines, from the first to the last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    first: Span,
    last: Span,
}

impl Place {
    pub(crate) fn of(tokens: impl ToTokens) -> Self {
        let mut spans = tokens.into_token_stream().into_iter().map(|token| token.span());
        let first = spans.next().unwrap_or_else(Span::call_site);
        Self { first, last: spans.last().unwrap_or(first) }
    }

    /// The spans of the first and the last token.
    pub(crate) const fn ends(self) -> (Span, Span) {
        (self.first, self.last)
    }

    /// The whole attribute. An item token lends its hygiene, so that rustc does not add a line
    /// about the macro in which the error arose.
    pub(crate) fn attribute(item: &TokenStream) -> Self {
        let item = item.clone().into_iter().next().map_or_else(Span::call_site, |t| t.span());
        Self::from(item.located_at(Span::call_site()))
    }
}

impl From<Span> for Place {
    fn from(span: Span) -> Self {
        Self { first: span, last: span }
    }
}

/// One mistake: where, what, and what to write instead.
#[derive(Debug)]
pub(crate) struct Diagnostic {
    place: Place,
    text: String,
}

impl Diagnostic {
    fn new(place: impl Into<Place>, fact: impl Into<String>) -> Self {
        Self { place: place.into(), text: fact.into() }
    }

    /// What syn could not read, in its words: rustc reads items before any derive sees them, so
    /// this is about syntax newer than syn.
    pub(crate) fn unreadable(error: &syn::Error) -> Self {
        Self::new(error.span(), error.to_string())
    }

    fn help(mut self, fix: impl AsRef<str>) -> Self {
        self.text.push_str("\nhelp: ");
        self.text.push_str(fix.as_ref());
        self
    }

    fn note(mut self, reason: impl AsRef<str>) -> Self {
        self.text.push_str("\nnote: ");
        self.text.push_str(reason.as_ref());
        self
    }

    /// `::core::compile_error! { "text" }`, spanned so that rustc underlines the place.
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Place { first, last } = self.place;
        let punct = |c, spacing| {
            let mut punct = Punct::new(c, spacing);
            punct.set_span(first);
            TokenTree::Punct(punct)
        };
        let mut text = Literal::string(&self.text);
        text.set_span(last);
        let mut braces =
            Group::new(proc_macro2::Delimiter::Brace, TokenStream::from(TokenTree::Literal(text)));
        braces.set_span(last);
        tokens.extend([
            punct(':', Spacing::Joint),
            punct(':', Spacing::Alone),
            TokenTree::Ident(Ident::new("core", first)),
            punct(':', Spacing::Joint),
            punct(':', Spacing::Alone),
            TokenTree::Ident(Ident::new("compile_error", first)),
            punct('!', Spacing::Alone),
            TokenTree::Group(braces),
        ]);
    }
}

/// Tokens in a sentence, spaced as people write types.
fn compact(tokens: &TokenStream) -> String {
    let mut text = tokens.to_string();
    for (spaced, plain) in [
        (" :: ", "::"),
        (" < ", "<"),
        (" >", ">"),
        (" ,", ","),
        ("& ", "&"),
        (" ;", ";"),
        ("fn (", "fn("),
    ] {
        text = text.replace(spaced, plain);
    }
    text
}

/// Proof that an error was pushed: what is left out of the output was explained.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reported(());

/// The errors of one expansion, in the order found.
///
/// Dropping a list that nobody turned into tokens would lose errors, so debug builds panic.
#[derive(Debug, Default)]
pub(crate) struct Errors {
    list: Vec<Diagnostic>,
    read: bool,
}

impl Errors {
    pub(crate) fn push(&mut self, error: Diagnostic) -> Reported {
        self.list.push(error);
        Reported(())
    }

    /// Whether nothing was pushed yet; the proof of the contrary otherwise.
    pub(crate) fn none_yet(&self) -> Result<(), Reported> {
        if self.list.is_empty() { Ok(()) } else { Err(Reported(())) }
    }

    pub(crate) fn into_tokens(mut self) -> TokenStream {
        self.read = true;
        let mut tokens = TokenStream::new();
        for error in &self.list {
            error.to_tokens(&mut tokens);
        }
        tokens
    }

    /// Throws the errors away: they belong to something an earlier error already rejects.
    pub(crate) fn discard(mut self) {
        self.read = true;
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        debug_assert!(
            self.read || self.list.is_empty() || std::thread::panicking(),
            "errors were collected and not reported: {:?}",
            self.list
        );
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::{Diagnostic, Errors, Place};

    #[test]
    fn prints_fact_help_and_note() {
        let mut errors = Errors::default();
        let error = Diagnostic::new(Place::of(quote!(a b)), "it is wrong").help("do this");
        errors.push(error.note("because"));
        assert!(errors.none_yet().is_err());
        let text = "it is wrong\nhelp: do this\nnote: because";
        let expected = quote!(::core::compile_error! { #text });
        assert_eq!(errors.into_tokens().to_string(), expected.to_string());
    }

    #[test]
    #[should_panic(expected = "errors were collected and not reported")]
    fn unread_errors_do_not_pass_unseen() {
        let mut errors = Errors::default();
        errors.push(Diagnostic::new(Place::of(quote!(a)), "lost"));
        drop(errors);
    }

    #[test]
    fn discarded_errors_are_gone() {
        let mut errors = Errors::default();
        errors.push(Diagnostic::new(Place::of(quote!(a)), "doubled"));
        errors.discard();
    }
}
