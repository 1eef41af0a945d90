//! serde's two derives, for crates that do not depend on serde: `Serialize` and `Deserialize`.
//! `lib.rs` calls `expand`. serde's own derive does the work, on a copy of the item (`copy.rs`).
//! How anything is serialised is serde's business and never decided here.

mod copy;
pub(crate) mod direction;
mod generate;

#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::diag::{Diagnostic, Errors};
use crate::emit::emit;
use crate::paths::import_serde;
pub(crate) use direction::Direction;

// const _: () = {
//     use ::connector_core::serde as __connector_serde;
//     #[derive(__connector_serde::Serialize)]
//     #[serde(crate = "__connector_serde", remote = "RenderJob", bound = "", rename = "RenderJob")]
//     struct __ConnectorCopy { job_id: String }
//     impl Serialize for RenderJob { fn serialize(&self, s) { __ConnectorCopy::serialize(self, s) } }
// };
//
// serde's derive looks for a crate called `serde` unless an attribute names another path, and a
// derive cannot add attributes to its item. `remote` is serde's own way to derive for a type that
// stands elsewhere.
pub(crate) fn expand(direction: Direction, tokens: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let item: DeriveInput = match syn::parse2(tokens) {
        Ok(item) => item,
        Err(error) => {
            errors.push(Diagnostic::unreadable(&error));
            return errors.into_tokens();
        }
    };
    let attributes = copy::parse_attributes(&item.attrs);
    let code = match copy::copied(direction, &item, &attributes, &mut errors) {
        Ok(copied) => generate::generate(direction, &item, &copied),
        Err(reported) => generate::generate_stub(direction, &item, reported),
    };
    emit(TokenStream::new(), errors, &import_serde(attributes.root.as_ref()), Some(code))
}
