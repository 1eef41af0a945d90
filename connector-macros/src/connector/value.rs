//! The values of arguments: strings, integers, lists, types, paths, and the rules about one of them.
//! `args.rs` calls one `parse_*` per argument; each returns `None` after reporting what is wrong.
//! Rules that need two values are in `check.rs`.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream, Parser};
use syn::visit::Visit;
use syn::{Expr, ExprPath, Lit, LitStr, Path, Type};

use super::split::{Piece, split_list, ungroup};
use crate::diag::value::{self as message, Slot};
use crate::diag::{Errors, Place, argument};
use crate::names::{Illegal, correct_task_type, judge_task_type};
use crate::words::Argument;

/// A legal version and the tokens it was written with.
#[derive(Clone)]
pub(super) struct Version {
    pub(super) number: i32,
    pub(super) written: syn::LitInt,
}

// Accepted: `"a"`, `["a", "b"]`.
pub(super) fn parse_task_types(tokens: &TokenStream, errors: &mut Errors) -> Option<Vec<LitStr>> {
    parse_one_or_list(Argument::TaskType, tokens, errors, parse_task_type)
}

// Accepted: `1`, `[0, 1]`.
pub(super) fn parse_versions(tokens: &TokenStream, errors: &mut Errors) -> Option<Vec<Version>> {
    parse_one_or_list(Argument::Version, tokens, errors, parse_version)
}

// Accepted: `"Render Farm"`.
pub(super) fn parse_name(tokens: &TokenStream, errors: &mut Errors) -> Option<LitStr> {
    let slot = Slot { argument: Argument::Name, in_list: false };
    let name = string(slot, &parse_expr(slot, tokens, errors)?, errors)?;
    if name.value().trim().is_empty() {
        errors.push(message::value_name_empty(&name));
        return None;
    }
    if let Some(c) = name.value().chars().find(|c| c.is_control()) {
        errors.push(message::value_name_control(&name, c));
        return None;
    }
    Some(name)
}

// Accepted: any type that owns what it holds, such as `RenderJob` or `my::Job<u8>`.
pub(super) fn parse_type(
    argument: Argument,
    tokens: &TokenStream,
    errors: &mut Errors,
) -> Option<Type> {
    let tokens = ungroup(tokens);
    if let Some(text) = quoted(&tokens) {
        let inner = text.parse::<Type>().ok();
        errors.push(message::value_type_quoted(argument, &text, inner.as_ref()));
        return inner;
    }
    let Ok((ty, rest)) = parse_first::<Type>.parse2(tokens.clone()) else {
        errors.push(message::value_not_a_type(argument, Place::of(tokens)));
        return None;
    };
    reject_rest(argument, rest, errors);
    let mut rules = TypeRules { argument, errors, broken: false };
    rules.visit_type(&ty);
    (!rules.broken).then_some(ty)
}

// Accepted: `connect`, `RenderFarm::connect`, `make::<Local>`.
pub(super) fn parse_init(tokens: &TokenStream, errors: &mut Errors) -> Option<ExprPath> {
    let tokens = ungroup(tokens);
    if let Some(text) = quoted(&tokens) {
        let inner = text.parse::<ExprPath>().ok();
        errors.push(message::value_init_quoted(&text, inner.as_ref()));
        return None;
    }
    let Ok((expr, rest)) = parse_first::<Expr>.parse2(tokens.clone()) else {
        errors.push(message::value_init_not_a_path(&tokens));
        return None;
    };
    reject_rest(Argument::Init, rest, errors);
    errors.push(match expr {
        Expr::Path(path) => return Some(path),
        Expr::Closure(closure) => message::value_init_closure(&closure),
        Expr::Call(call) => message::value_init_call(&call),
        other => message::value_init_not_a_path(&other),
    });
    None
}

// Accepted: `::some::path`, `crate::path`, and `$crate::path` inside a `macro_rules` macro.
pub(super) fn parse_crate(tokens: &TokenStream, errors: &mut Errors) -> Option<Path> {
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
    reject_rest(Argument::Crate, rest, errors);
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

fn parse_task_type(slot: Slot, expr: &Expr, errors: &mut Errors) -> Option<LitStr> {
    let name = string(slot, expr, errors)?;
    let text = name.value();
    let corrected = correct_task_type(&text);
    errors.push(match judge_task_type(&text) {
        Ok(()) => return Some(name),
        Err(Illegal::Empty) => message::value_task_type_empty(&name),
        Err(Illegal::TooLong { length }) => message::value_task_type_too_long(&name, length),
        Err(Illegal::Characters(wrong)) if wrong == [' '] => {
            message::value_task_type_space(&name, corrected.as_deref())
        }
        Err(Illegal::Characters(wrong)) => {
            message::value_task_type_character(&name, &wrong, corrected.as_deref())
        }
    });
    None
}

fn parse_version(slot: Slot, expr: &Expr, errors: &mut Errors) -> Option<Version> {
    errors.push(match bare(expr) {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(written) if !matches!(written.suffix(), "" | "i32") => {
                message::value_version_suffix(slot, written)
            }
            Lit::Int(written) => match written.base10_parse::<i32>() {
                Ok(number) => {
                    return Some(Version { number, written: written.clone() });
                }
                Err(_) => message::value_version_too_large(written),
            },
            Lit::Float(number) => message::value_version_float(slot, number),
            Lit::Str(text) => message::value_version_quoted(slot, text),
            _ => message::value_version_not_an_integer(slot, describe(expr), expr),
        },
        Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Neg(_)) && is_number(&unary.expr) => {
            message::value_version_negative(slot, expr)
        }
        _ => message::value_version_not_an_integer(slot, describe(expr), expr),
    });
    None
}

type ParseElement<T> = fn(Slot, &Expr, &mut Errors) -> Option<T>;

/// `None` if no element is legal; elements that are, are kept even if others are not.
fn parse_one_or_list<T>(
    argument: Argument,
    tokens: &TokenStream,
    errors: &mut Errors,
    parse_element: ParseElement<T>,
) -> Option<Vec<T>> {
    let tokens = ungroup(tokens);
    let mut iter = tokens.clone().into_iter();
    let elements: Vec<T> = match (iter.next(), iter.next()) {
        (Some(TokenTree::Group(list)), None) if list.delimiter() == Delimiter::Bracket => {
            let pieces = split_list(&list);
            if pieces.is_empty() {
                errors.push(message::value_list_empty(argument, &list));
            }
            let slot = Slot { argument, in_list: true };
            let mut elements = Vec::new();
            for piece in pieces {
                parse_elements(slot, piece, errors, |expr, errors| {
                    elements.extend(parse_element(slot, &expr, errors));
                });
            }
            elements
        }
        _ => {
            let slot = Slot { argument, in_list: false };
            let expr = parse_expr(slot, &tokens, errors)?;
            parse_element(slot, &expr, errors).into_iter().collect()
        }
    };
    (!elements.is_empty()).then_some(elements)
}

/// Hands over one list element, or several where commas are missing.
fn parse_elements(
    slot: Slot,
    piece: Piece,
    errors: &mut Errors,
    mut element: impl FnMut(Expr, &mut Errors),
) {
    let mut rest: TokenStream = match piece {
        Piece::Tokens(tokens) | Piece::CommaMissing(tokens) => tokens.into_iter().collect(),
        Piece::Nothing(comma) => {
            errors.push(argument::syntax_extra_comma(&comma));
            return;
        }
        Piece::Semicolon(sign) => {
            errors.push(argument::syntax_semicolon(&sign));
            return;
        }
    };
    while !rest.is_empty() {
        let Ok((expr, after)) = parse_first::<Expr>.parse2(rest.clone()) else {
            errors.push(message::value_unreadable(slot, &rest));
            return;
        };
        element(expr, errors);
        if let Some(next) = after.clone().into_iter().next() {
            errors.push(argument::missing_comma(&next));
        }
        rest = after;
    }
}

fn parse_expr(slot: Slot, tokens: &TokenStream, errors: &mut Errors) -> Option<Expr> {
    let Ok((expr, rest)) = parse_first::<Expr>.parse2(tokens.clone()) else {
        errors.push(message::value_unreadable(slot, tokens));
        return None;
    };
    reject_rest(slot.argument, rest, errors);
    Some(expr)
}

/// The longest `T` at the front, and what stands after it.
fn parse_first<T: Parse>(input: ParseStream<'_>) -> syn::Result<(T, TokenStream)> {
    Ok((input.parse()?, input.parse()?))
}

fn reject_rest(argument: Argument, rest: TokenStream, errors: &mut Errors) {
    if let Some(found) = rest.into_iter().next() {
        errors.push(argument::syntax_after_value(argument, &found));
    }
}

fn string(slot: Slot, expr: &Expr, errors: &mut Errors) -> Option<LitStr> {
    if let Expr::Lit(literal) = bare(expr)
        && let Lit::Str(text) = &literal.lit
    {
        return Some(text.clone());
    }
    errors.push(message::value_not_a_string(slot, describe(expr), expr));
    None
}

/// The string, if the tokens are one and nothing else.
fn quoted(tokens: &TokenStream) -> Option<LitStr> {
    syn::parse2(tokens.clone()).ok()
}

/// Without the invisible delimiters around what a `macro_rules` fragment stands for.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Group(group) => bare(&group.expr),
        other => other,
    }
}

fn is_number(expr: &Expr) -> bool {
    matches!(bare(expr), Expr::Lit(lit) if matches!(lit.lit, Lit::Int(_) | Lit::Float(_)))
}

/// What an expression is, for the end of a sentence.
fn describe(expr: &Expr) -> &'static str {
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

/// Rejects types that an associated type cannot be, once per type.
struct TypeRules<'errors> {
    argument: Argument,
    errors: &'errors mut Errors,
    broken: bool,
}

impl<'ast> Visit<'ast> for TypeRules<'_> {
    // Forbidden: `meta = Vec<_>`.
    fn visit_type_infer(&mut self, ty: &'ast syn::TypeInfer) {
        if !std::mem::replace(&mut self.broken, true) {
            self.errors.push(message::value_type_inferred(self.argument, ty));
        }
    }

    // Forbidden: `meta = impl ResourceMeta`.
    fn visit_type_impl_trait(&mut self, ty: &'ast syn::TypeImplTrait) {
        if !std::mem::replace(&mut self.broken, true) {
            self.errors.push(message::value_type_opaque(self.argument, ty));
        }
    }

    // Forbidden: `meta = &str`.
    fn visit_type_reference(&mut self, ty: &'ast syn::TypeReference) {
        if ty.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident != "static") {
            self.reject_borrow(Place::of(ty));
        } else {
            syn::visit::visit_type_reference(self, ty);
        }
    }

    // Forbidden: `meta = Cow<'a, str>`.
    fn visit_lifetime(&mut self, lifetime: &'ast syn::Lifetime) {
        if lifetime.ident != "static" {
            self.reject_borrow(Place::of(lifetime));
        }
    }

    // Signatures may elide lifetimes: `PhantomData<fn(&str)>` borrows nothing.
    fn visit_type_fn_ptr(&mut self, _: &'ast syn::TypeFnPtr) {}

    fn visit_type_param_bound(&mut self, _: &'ast syn::TypeParamBound) {}
}

impl TypeRules<'_> {
    fn reject_borrow(&mut self, place: Place) {
        if !std::mem::replace(&mut self.broken, true) {
            self.errors.push(message::value_type_borrowed(self.argument, place));
        }
    }
}
