//! Random tokens into the attribute and every derive, by proptest: a failure is shrunk to the few
//! tokens that matter. `soup` mangles legal items instead and gets deeper; this needs no legal item.

use std::str::FromStr;

use proc_macro2::TokenStream;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, prop_assert, proptest};
use proptest::sample::select;

use crate::words::derive::Derive;
use crate::{connector, derive};

/// Pieces that are whole tokens each, so that any row of them is a token stream.
const PIECES: &[&str] = &[
    "task_type",
    "task_typ",
    "version",
    "name",
    "meta",
    "config",
    "crate",
    "init",
    "policy",
    "rename",
    "default",
    "optional",
    "pydantic",
    "named_tuple",
    "value",
    "=",
    ",",
    ";",
    ":",
    "::",
    "->",
    "&",
    "'a",
    "<",
    ">",
    "#",
    "!",
    "?",
    "|",
    "..",
    "\"render\"",
    "\"\"",
    "\"big query\"",
    "1",
    "-1",
    "1.5",
    "3_000_000_000",
    "'c'",
    "b\"x\"",
    "struct",
    "enum",
    "union",
    "impl",
    "fn",
    "trait",
    "mod",
    "pub",
    "where",
    "async",
    "const",
    "RenderFarm",
    "T",
    "u8",
    "Option<i64>",
    "Vec<String>",
    "Secret",
    "()",
    "(u8, f64)",
    "[]",
    "[\"a\", \"b\"]",
    "[0, 1]",
    "{}",
    "{ a: u8, b: Option<i64> }",
    "{ Fast, Slow }",
    "{ A(i64), B(String) }",
    "{ a: u8, #[config(default = 3)] a: u8 }",
    "(u8)",
    "#[secret]",
    "#[flyte(pydantic)]",
    "#[input(rename = \"\")]",
    "#[output(renam = \"x\")]",
    "/// Words.",
    "#[connection(default, optional)]",
    "r#type",
    "Self",
    "self",
    "_",
];

fn tokens() -> impl Strategy<Value = String> {
    vec(select(PIECES), 0..24)
        .prop_map(|pieces| pieces.join(" ").replace("/// Words.", "\n/// Words.\n"))
}

/// The tokens, which the pieces were chosen to always be.
fn read(text: &str) -> TokenStream {
    TokenStream::from_str(text).expect("tokens")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_attribute_always_answers(args in tokens(), item in tokens()) {
        let answer = connector::expand(read(&args), read(&item));
        prop_assert!(!answer.is_empty());
    }

    #[test]
    fn every_derive_always_answers(item in tokens(), which in select(&Derive::ALL[..])) {
        let answer = derive::expand(which, read(&item));
        prop_assert!(!answer.is_empty());
    }
}
