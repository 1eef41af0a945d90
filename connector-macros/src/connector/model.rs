//! `ConnectorModel`: a connector as it will be generated, in legal states only.
//! `build` makes it after all checks; `generate.rs` turns it into tokens and cannot fail.
//! Defaults that need no token of the user's are filled in here.

use proc_macro2::{Ident, TokenStream};
use syn::{Expr, ExprPath, LitStr, Type};

use super::args::Args;
use super::item::{Item, Target};
use crate::diag::connector::argument;
use crate::diag::{Errors, Reported};
use crate::names::display_name;

/// Everything the generated code needs to know.
pub(super) struct ConnectorModel {
    pub(super) ident: Ident,
    pub(super) name: LitStr,
    pub(super) task_types: Vec<LitStr>,
    pub(super) versions: Vec<i32>,
    pub(super) types: Types,
    /// Whether its tasks are done within one call.
    pub(super) sync: bool,
    /// `None` is the default of the trait.
    pub(super) policy: Option<Expr>,
    pub(super) instance: Instance,
}

/// The associated types; `None` is the default form of core.
#[derive(Clone, Default)]
pub(super) struct Types {
    pub(super) meta: Option<Type>,
    pub(super) config: Option<Type>,
    pub(super) inputs: Option<Type>,
    pub(super) outputs: Option<Type>,
    pub(super) connection: Option<Type>,
}

/// Where the connector's value comes from.
pub(super) enum Instance {
    Default,
    Init(ExprPath),
}

/// The model, or the proof that an error says why there is none.
pub(super) fn build(
    args: &Args,
    item: &Item,
    tokens: &TokenStream,
    errors: &mut Errors,
) -> Result<ConnectorModel, Reported> {
    errors.none_yet()?;
    let ident = match &item.target {
        Target::Connector { name } => name.clone(),
        Target::Other { reported, .. } => return Err(*reported),
    };
    let Some(task_types) = args.task_types.clone() else {
        return Err(errors.push(argument::missing_task_type(tokens)));
    };
    let name = args
        .name
        .clone()
        .unwrap_or_else(|| LitStr::new(&display_name(&ident.to_string()), ident.span()));
    let versions = match &args.versions {
        Some(versions) => versions.iter().map(|version| version.number).collect(),
        None => vec![0],
    };
    let instance = args.init.clone().map_or(Instance::Default, Instance::Init);
    Ok(ConnectorModel {
        ident,
        name,
        task_types,
        versions,
        types: types(args),
        sync: args.sync,
        policy: args.policy.clone(),
        instance,
    })
}

/// The associated types as far as they are known, for the stub of a rejected connector.
pub(super) fn types(args: &Args) -> Types {
    Types {
        meta: args.meta.clone(),
        config: args.config.clone(),
        inputs: args.inputs.clone(),
        outputs: args.outputs.clone(),
        connection: args.connection.clone(),
    }
}
