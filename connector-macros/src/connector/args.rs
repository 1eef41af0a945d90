//! `#[connector(...)]` to `Args`: which argument has which value.
//! `connector/mod.rs` calls it first; every value keeps its tokens, so that later stages can underline them.
//! Rules about one value are in `value.rs`, rules about several in `check.rs`.

use proc_macro2::{Delimiter, Ident, Spacing, TokenStream, TokenTree};
use syn::{ExprPath, LitStr, Path, Type};

use super::split::{Piece, is_punct, split_arguments, starts_equals_sign};
use super::value::{self, Version};
use crate::diag::{Errors, argument};
use crate::words::Argument;

/// What the attribute said. A value that is `None` was not given, or not legal and reported.
#[derive(Default)]
pub(super) struct Args {
    pub(super) task_types: Option<Vec<LitStr>>,
    pub(super) versions: Option<Vec<Version>>,
    pub(super) name: Option<LitStr>,
    pub(super) meta: Option<Type>,
    pub(super) config: Option<Type>,
    pub(super) inputs: Option<Type>,
    pub(super) outputs: Option<Type>,
    pub(super) connection: Option<Type>,
    pub(super) init: Option<ExprPath>,
    pub(super) root: Option<Path>,
    seen: Vec<Argument>,
    /// What misspelt arguments were taken for.
    guessed: Vec<Argument>,
    /// Something that could not be read may have been any argument.
    unreadable: bool,
}

impl Args {
    /// Whether the argument may have been given, legal or not.
    pub(super) fn mentions(&self, argument: Argument) -> bool {
        self.unreadable || self.seen.contains(&argument) || self.guessed.contains(&argument)
    }

    fn set(&mut self, argument: Argument, tokens: &TokenStream, errors: &mut Errors) {
        match argument {
            Argument::TaskType => self.task_types = value::parse_task_types(tokens, errors),
            Argument::Version => self.versions = value::parse_versions(tokens, errors),
            Argument::Name => self.name = value::parse_name(tokens, errors),
            Argument::Meta => self.meta = value::parse_type(argument, tokens, errors),
            Argument::Config => self.config = value::parse_type(argument, tokens, errors),
            Argument::Inputs => self.inputs = value::parse_type(argument, tokens, errors),
            Argument::Outputs => self.outputs = value::parse_type(argument, tokens, errors),
            Argument::Connection => self.connection = value::parse_type(argument, tokens, errors),
            Argument::Init => self.init = value::parse_init(tokens, errors),
            Argument::Crate => self.root = value::parse_crate(tokens, errors),
        }
    }

    /// Takes a value out of something already rejected, so that the stub is near what was meant.
    fn guess(&mut self, argument: Argument, tokens: &TokenStream) {
        let mut doubled = Errors::default();
        self.set(argument, tokens, &mut doubled);
        doubled.discard();
    }
}

/// Reads all arguments; each mistake is reported and the rest is still read.
pub(super) fn parse_args(tokens: TokenStream, errors: &mut Errors) -> Args {
    let mut args = Args::default();
    for piece in split_arguments(tokens) {
        match piece {
            Piece::Tokens(tokens) => parse_argument(&tokens, &mut args, errors),
            Piece::CommaMissing(tokens) => {
                tokens.first().map(|next| errors.push(argument::missing_comma(next)));
                parse_argument(&tokens, &mut args, errors);
            }
            Piece::Nothing(comma) => {
                errors.push(argument::syntax_extra_comma(&comma));
            }
            Piece::Semicolon(sign) => {
                errors.push(argument::syntax_semicolon(&sign));
            }
        }
    }
    args
}

// Accepted: `word = value`. Everything else is a mistake, with a message of its own.
fn parse_argument(tokens: &[TokenTree], args: &mut Args, errors: &mut Errors) {
    let Some((first, rest)) = tokens.split_first() else {
        return;
    };
    let TokenTree::Ident(key) = first else {
        args.unreadable = true;
        errors.push(argument::syntax_not_an_argument(first));
        return;
    };
    let Some(argument) = Argument::from_word(&key.to_string()) else {
        parse_unknown(key, rest, args, errors);
        return;
    };
    if args.seen.contains(&argument) {
        errors.push(match argument {
            Argument::TaskType => argument::duplicate_task_type(key),
            Argument::Version => argument::duplicate_version(key),
            other => argument::duplicate_argument(other, key),
        });
        return;
    }
    args.seen.push(argument);
    match rest {
        [] => {
            errors.push(argument::missing_value(argument, key));
        }
        [sign] if is_punct(sign, '=') => {
            errors.push(argument::missing_value(argument, key));
        }
        [_, value @ ..] if starts_equals_sign(rest) => {
            args.set(argument, &value.iter().cloned().collect(), errors);
        }
        [TokenTree::Group(group), ..] if group.delimiter() == Delimiter::Parenthesis => {
            errors.push(argument::syntax_parentheses(argument, group));
            args.guess(argument, &group.stream());
        }
        // `==`, `=>` and `::` are one sign to the reader.
        [TokenTree::Punct(sign), TokenTree::Punct(_), ..] if sign.spacing() == Spacing::Joint => {
            let (sign, value) = rest.split_at(2);
            errors.push(argument::missing_equals_sign(argument, sign, value));
            args.guess(argument, &value.iter().cloned().collect());
        }
        [TokenTree::Punct(_), ..] => {
            let (sign, value) = rest.split_at(1);
            errors.push(argument::missing_equals_sign(argument, sign, value));
            args.guess(argument, &value.iter().cloned().collect());
        }
        [next, ..] => {
            let next = std::slice::from_ref(next);
            errors.push(argument::missing_equals_sign(argument, next, rest));
            args.guess(argument, &rest.iter().cloned().collect());
        }
    }
}

// A misspelt argument counts as the one it resembles, unless that one is there too.
fn parse_unknown(key: &Ident, rest: &[TokenTree], args: &mut Args, errors: &mut Errors) {
    let nearest =
        Argument::nearest(&key.to_string()).filter(|nearest| !args.seen.contains(nearest));
    errors.push(argument::unknown_argument(key, nearest));
    if let (Some(nearest), [_, value @ ..]) = (nearest, rest) {
        args.guessed.push(nearest);
        args.guess(nearest, &value.iter().cloned().collect());
    }
}
