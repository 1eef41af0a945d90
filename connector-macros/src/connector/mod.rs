//! `#[connector(...)]`: the stages of one expansion, in order.
//! `lib.rs` calls `expand`; each stage is a file beside this one.
//! No rule and no text may come in here.

mod args;
mod check;
pub(crate) mod default;
mod generate;
mod item;
mod model;
mod value;

#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod soup;

use proc_macro2::TokenStream;

use crate::diag::Errors;
use crate::emit::emit;
use crate::paths::Paths;

/// The item, token for token but for a derived `Default` (`default.rs`), and after it the connector's
/// code or the errors.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let args = args::parse_args(args, &mut errors);
    let target = item::parse_item(item.clone(), &mut errors);
    check::check(&args, &target, &item, &mut errors);
    let paths = Paths::new(args.root.clone());
    let (item, code) = match model::build(&args, &target, &item, &mut errors) {
        Ok(model) => {
            let code = generate::generate_connector(&model);
            // Its path is that of the default crate.
            let judged = args.init.is_none() && args.root.is_none();
            (if judged { default::with_own_derive(item) } else { item }, Some(code))
        }
        Err(reported) => (item, generate::generate_stub(&args, &target, reported)),
    };
    emit(item, errors, &paths.import(), code)
}
