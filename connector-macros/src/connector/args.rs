//! `#[connector(...)]` to `Args`: which argument has which value.
//! `connector/mod.rs` calls it first; every value keeps its tokens, so that later stages can underline them.
//! Rules about one value are in `value.rs`, rules about several in `check.rs`.

use proc_macro2::{Ident, TokenStream};
use syn::{Expr, ExprPath, LitStr, Path, Type};

use super::value::{self, Version};
use crate::arguments::value::parse_crate;
use crate::arguments::{Given, Reader, Reading};
use crate::diag::argument::duplicate_argument;
use crate::diag::connector::argument;
use crate::diag::{Diagnostic, Errors};
use crate::words::connector::Argument;

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
    pub(super) sync: bool,
    pub(super) policy: Option<Expr>,
    pub(super) init: Option<ExprPath>,
    pub(super) root: Option<Path>,
    reading: Reading<Argument>,
}

impl Args {
    /// Whether the argument may have been given, legal or not.
    pub(super) fn mentions(&self, argument: Argument) -> bool {
        self.reading.mentions(argument)
    }
}

impl Reader<Argument> for Args {
    fn take(&mut self, given: Given<'_, Argument>, errors: &mut Errors) {
        let argument = given.word;
        // Every argument but a flag has a value.
        let tokens = &given.value.unwrap_or_default();
        match argument {
            Argument::TaskType => self.task_types = value::parse_task_types(tokens, errors),
            Argument::Version => self.versions = value::parse_versions(tokens, errors),
            Argument::Name => self.name = value::parse_name(tokens, errors),
            Argument::Meta => self.meta = value::parse_type(argument, tokens, errors),
            Argument::Config => self.config = value::parse_type(argument, tokens, errors),
            Argument::Inputs => self.inputs = value::parse_type(argument, tokens, errors),
            Argument::Outputs => self.outputs = value::parse_type(argument, tokens, errors),
            Argument::Connection => self.connection = value::parse_type(argument, tokens, errors),
            Argument::Sync => self.sync = true,
            Argument::Policy => self.policy = value::parse_policy(tokens, errors),
            Argument::Init => self.init = value::parse_init(tokens, errors),
            Argument::Crate => self.root = parse_crate(argument, tokens, errors),
        }
    }

    fn duplicate(&self, argument: Argument, key: &Ident) -> Diagnostic {
        match argument {
            Argument::TaskType => argument::duplicate_task_type(key),
            Argument::Version => argument::duplicate_version(key),
            other => duplicate_argument(other, key),
        }
    }
}

/// Reads all arguments; each mistake is reported and the rest is still read.
pub(super) fn parse_args(tokens: TokenStream, errors: &mut Errors) -> Args {
    let mut args = Args::default();
    let mut reading = Reading::default();
    reading.parse_list(tokens, &Argument::vocabulary(), &mut args, errors);
    args.reading = reading;
    args
}
