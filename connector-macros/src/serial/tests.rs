//! Tests of the expansion as tokens: one whole, as recorded, and mangled ones, which must not panic.
//! That it serialises as serde does is asserted in `tests/ui` and `tests/hygiene`.

use proc_macro2::TokenStream;
use quote::quote;

use super::{Direction, expand};
use crate::soup::{Random, Soup};

const DIRECTIONS: [Direction; 2] = [Direction::Serialize, Direction::Deserialize];

#[test]
fn the_copy_has_the_fields_and_the_serde_attributes_and_no_more() {
    let item = quote! {
        /// A job.
        #[derive(Debug)]
        #[serde(crate = "renamed_core::serde", deny_unknown_fields)]
        pub struct RenderJob {
            /// Its id.
            #[serde(rename = "id")]
            #[config(default)]
            pub job_id: String,
            parent: Option<Box<Self>>,
        }
    };
    let output = prettyplease::unparse(&syn::parse2(expand(Direction::Serialize, item)).unwrap());
    let expected = r#"#[allow(deprecated)]
const _: () = {
    use renamed_core::serde as __connector_serde;
    #[derive(__connector_serde::Serialize)]
    #[serde(
        crate = "__connector_serde",
        remote = "RenderJob",
        bound = "",
        rename = "RenderJob"
    )]
    #[allow(dead_code, non_camel_case_types, non_snake_case, single_use_lifetimes)]
    #[serde(deny_unknown_fields)]
    struct __ConnectorCopy {
        #[serde(rename = "id")]
        job_id: String,
        parent: Option<Box<RenderJob>>,
    }
    #[automatically_derived]
    #[allow(single_use_lifetimes)]
    impl __connector_serde::Serialize for RenderJob {
        fn serialize<__ConnectorS: __connector_serde::Serializer>(
            &self,
            __connector_serializer: __ConnectorS,
        ) -> ::core::result::Result<__ConnectorS::Ok, __ConnectorS::Error> {
            __ConnectorCopy::serialize(self, __connector_serializer)
        }
    }
};
"#;
    assert_eq!(output, expected);
}

fn items() -> Vec<TokenStream> {
    vec![
        quote!(
            #[serde(rename_all = "camelCase", crate = "a::b")]
            struct G {
                #[serde(default = "x")]
                a: u8,
            }
        ),
        quote!(
            struct G<'a, T: Clone, const N: usize>(&'a [T; N])
            where
                T: Copy;
        ),
        quote!(
            #[serde(tag = "t")]
            enum G {
                A,
                #[serde(rename = "b")]
                B {
                    c: Vec<Self>,
                },
                C(u8),
            }
        ),
        quote!(
            union G {
                a: u8,
            }
        ),
    ]
}

#[test]
fn any_soup_gives_tokens() {
    let soup = Soup { words: vec!["serde", "rename", "bound", "remote", "flatten"] };
    for seed in 0..4_000 {
        let random = &mut Random::new(seed);
        let item = random.pick(&items());
        let item = if seed % 4 == 0 { soup.serve(random, 4) } else { soup.mangle(item, random) };
        let output = expand(random.pick(&DIRECTIONS), item.clone());
        let readable = syn::parse2::<syn::DeriveInput>(item.clone()).is_ok();
        let text = output.to_string();
        assert_eq!(readable, text.contains("__connector_serde"), "seed {seed}: {item}: {text}");
        assert!(readable || text.contains("compile_error !"), "seed {seed}: {item}: {text}");
        if let Err(error) = syn::parse2::<syn::File>(output) {
            panic!("seed {seed}: the output is broken ({error}): {item}: {text}");
        }
    }
}

#[test]
fn the_items_of_the_soup_are_legal() {
    for item in items() {
        for direction in DIRECTIONS {
            let output = expand(direction, item.clone()).to_string();
            assert!(!output.contains("compile_error"), "{item}: {output}");
        }
    }
}
