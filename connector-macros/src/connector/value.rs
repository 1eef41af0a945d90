//! The values of arguments: integers, lists, types, paths, and the rules about one of them.
//! `args.rs` calls one `parse_*` per argument; each returns `None` after reporting what is wrong.
//! Rules that need two values are in `check.rs`.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::parse::Parser;
use syn::visit::Visit;
use syn::{Expr, ExprPath, Lit, LitStr, Type};

use crate::arguments::split::{Piece, split_list, ungroup};
use crate::arguments::value::{
    bare, describe, is_number, parse_expr, parse_first, parse_string, quoted, reject_rest, string,
};
use crate::diag::connector::value as message;
use crate::diag::value::{Slot, value_unreadable};
use crate::diag::{Errors, Place, argument};
use crate::names::{Illegal, correct_task_type, judge_task_type};
use crate::words::connector::Argument;

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
    let name = parse_string(Argument::Name, tokens, errors)?;
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

// Accepted: any expression; whether it is a constant `Policy` is for rustc to say.
pub(super) fn parse_policy(tokens: &TokenStream, errors: &mut Errors) -> Option<Expr> {
    if let Some(text) = quoted(&ungroup(tokens)) {
        errors.push(message::value_policy_quoted(&text, text.parse::<Expr>().ok().as_ref()));
        return None;
    }
    parse_expr(Slot { word: Argument::Policy, in_list: false }, tokens, errors)
}

fn parse_task_type(slot: Slot<Argument>, expr: &Expr, errors: &mut Errors) -> Option<LitStr> {
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

fn parse_version(slot: Slot<Argument>, expr: &Expr, errors: &mut Errors) -> Option<Version> {
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

type ParseElement<T> = fn(Slot<Argument>, &Expr, &mut Errors) -> Option<T>;

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
            let slot = Slot { word: argument, in_list: true };
            let mut elements = Vec::new();
            for piece in pieces {
                parse_elements(slot, piece, errors, |expr, errors| {
                    elements.extend(parse_element(slot, &expr, errors));
                });
            }
            elements
        }
        _ => {
            let slot = Slot { word: argument, in_list: false };
            let expr = parse_expr(slot, &tokens, errors)?;
            parse_element(slot, &expr, errors).into_iter().collect()
        }
    };
    (!elements.is_empty()).then_some(elements)
}

/// Hands over one list element, or several where commas are missing.
fn parse_elements(
    slot: Slot<Argument>,
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
            errors.push(value_unreadable(slot, &rest));
            return;
        };
        element(expr, errors);
        if let Some(next) = after.clone().into_iter().next() {
            errors.push(argument::missing_comma(&next));
        }
        rest = after;
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
