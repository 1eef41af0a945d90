//! Values that several attributes take: strings, and the path of the crate.
//! `connector/value.rs` and `derive/attribute.rs` call a `parse_*`, which returns `None` after reporting what is wrong.
//! Rules about one attribute's values stay with that attribute.

use proc_macro2::TokenStream;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Expr, ExprUnary, Lit, LitStr, Path, UnOp};

use super::split::ungroup;
use crate::diag::value::{self as message, Slot};
use crate::diag::{Errors, Place, argument};
use crate::words::Word;

// Accepted: `"text"`.
pub(crate) fn parse_string<W: Word>(
    word: W,
    tokens: &TokenStream,
    errors: &mut Errors,
) -> Option<LitStr> {
    let slot = Slot { word, in_list: false };
    let expr = parse_expr(slot, tokens, errors)?;
    string(slot, &expr, errors)
}

// Accepted: `::some::path`, `crate::path`, and `$crate::path` inside a `macro_rules` macro.
pub(crate) fn parse_crate<W: Word>(
    word: W,
    tokens: &TokenStream,
    errors: &mut Errors,
) -> Option<Path> {
    let tokens = ungroup(tokens);
    if let Some(text) = quoted(&tokens) {
        errors.push(message::value_crate_quoted(&text));
        return None;
    }
    let module = |input: ParseStream<'_>| Ok((Path::parse_mod_style(input)?, input.parse()?));
    let Ok((path, rest)) = module.parse2(tokens.clone()) else {
        errors.push(message::value_crate_not_a_path(Place::of(tokens)));
        return None;
    };
    reject_rest(word, rest, errors);
    let mut segments = path.segments.iter().map(|segment| segment.ident.to_string());
    let first = segments.next().unwrap_or_default();
    if segments.any(|segment| is_path_keyword(&segment))
        || (path.leading_colon.is_some() && is_path_keyword(&first))
    {
        errors.push(message::value_crate_not_a_path(Place::of(&path)));
        return None;
    }
    if path.leading_colon.is_none() && first != "crate" && first != "$crate" {
        errors.push(message::value_crate_relative(&path));
        return None;
    }
    Some(path)
}

fn is_path_keyword(segment: &str) -> bool {
    matches!(segment, "crate" | "$crate" | "self" | "super" | "Self")
}

pub(crate) fn parse_expr<W: Word>(
    slot: Slot<W>,
    tokens: &TokenStream,
    errors: &mut Errors,
) -> Option<Expr> {
    let Ok((expr, rest)) = parse_first::<Expr>.parse2(tokens.clone()) else {
        errors.push(message::value_unreadable(slot, tokens));
        return None;
    };
    reject_rest(slot.word, rest, errors);
    Some(expr)
}

/// The longest `T` at the front, and what stands after it.
pub(crate) fn parse_first<T: Parse>(input: ParseStream<'_>) -> syn::Result<(T, TokenStream)> {
    Ok((input.parse()?, input.parse()?))
}

pub(crate) fn reject_rest<W: Word>(word: W, rest: TokenStream, errors: &mut Errors) {
    if let Some(found) = rest.into_iter().next() {
        errors.push(argument::syntax_after_value(word, &found));
    }
}

pub(crate) fn string<W: Word>(slot: Slot<W>, expr: &Expr, errors: &mut Errors) -> Option<LitStr> {
    if let Expr::Lit(literal) = bare(expr)
        && let Lit::Str(text) = &literal.lit
    {
        return Some(text.clone());
    }
    errors.push(message::value_not_a_string(slot, describe(expr), expr));
    None
}

/// A whole number as text; nothing inside if it is larger than 64 bits, nothing at all if it is none.
pub(crate) fn whole(expr: &Expr) -> Option<Option<LitStr>> {
    let (minus, digits) = match bare(expr) {
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => ("-", bare(expr)),
        other => ("", other),
    };
    let Expr::Lit(literal) = digits else { return None };
    let Lit::Int(number) = &literal.lit else { return None };
    let text = format!("{minus}{}", number.base10_digits());
    Some(text.parse::<i64>().ok().map(|value| LitStr::new(&value.to_string(), number.span())))
}

/// The string, if the tokens are one and nothing else.
pub(crate) fn quoted(tokens: &TokenStream) -> Option<LitStr> {
    syn::parse2(tokens.clone()).ok()
}

/// Without the invisible delimiters around what a `macro_rules` fragment stands for.
pub(crate) fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Group(group) => bare(&group.expr),
        other => other,
    }
}

pub(crate) fn is_number(expr: &Expr) -> bool {
    matches!(bare(expr), Expr::Lit(lit) if matches!(lit.lit, Lit::Int(_) | Lit::Float(_)))
}

/// What an expression is, for the end of a sentence.
pub(crate) fn describe(expr: &Expr) -> &'static str {
    match bare(expr) {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(_) => "a string",
            Lit::ByteStr(_) => "a byte string",
            Lit::CStr(_) => "a C string",
            Lit::Byte(_) => "a byte",
            Lit::Char(_) => "a character",
            Lit::Int(_) => "an integer",
            Lit::Float(_) => "a number",
            Lit::Bool(_) => "a boolean",
            _ => "this literal",
        },
        Expr::Array(_) => "a list",
        Expr::Call(_) | Expr::MethodCall(_) => "a call",
        Expr::Closure(_) => "a closure",
        Expr::Macro(_) => "a macro call",
        Expr::Path(_) => "a name",
        Expr::Unary(_) if is_number(expr) => "a number",
        _ => "an expression",
    }
}
