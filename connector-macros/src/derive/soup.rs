//! Tests that no tokens, however mangled, make a derive panic, or say nothing.
//! Random, but from fixed seeds: a failure names the seed and repeats.
//! What the messages say is not looked at here.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::quote;

use super::expand;
use crate::soup::{Random, Soup};
use crate::words::Word;
use crate::words::derive::{Derive, Position};

fn soup() -> Soup {
    let words = Derive::FlyteType.vocabulary(Position::Field).known;
    let attributes = Derive::ALL.into_iter().map(Derive::attribute);
    Soup { words: words.iter().map(|word| word.word()).chain(attributes).collect() }
}

/// Types that the derive takes.
fn legal_items(derive: Derive) -> Vec<TokenStream> {
    match derive {
        Derive::TaskInputs => vec![quote! {
            /// Scene.
            #[input(crate = ::some::core)]
            pub struct Scene {
                /// Where it is.
                pub file: File,
                #[input(rename = "Frames", default = vec![1, 2])] frames: Vec<i64>,
                #[input(default)] r#type: std::collections::HashMap<String, Vec<(u8, f64)>>,
                #[input(optional)] quality: Option<f64>,
            }
        }],
        Derive::TaskOutputs => vec![quote! {
            pub(crate) struct Video { #[output(rename = "Video")] video: File, seconds: f64 }
        }],
        Derive::TaskConfig => vec![quote! {
            struct Render { #[config(default = a < b, rename = "fps")] fps: u32, preset: Option<String> }
        }],
        Derive::TaskConnection => vec![quote! {
            #[connection(crate = crate::core)]
            struct Access {
                #[secret] key: Secret,
                #[secret(rename = "token")] token: Option<Secret>,
                #[connection(default = 80)] port: u16,
            }
        }],
        Derive::FlyteType => vec![
            quote! {
                #[flyte(pydantic, rename = "PyPoint")]
                struct Point { #[flyte(default = 3)] x: u8, #[flyte(optional)] y: Option<Box<Point>> }
            },
            quote! {
                #[flyte(rename = "PyMode")]
                enum Mode { Fast, #[flyte(name = "SLOW", value = "slow")] VerySlow = 7 }
            },
            quote! {
                #[flyte(crate = ::other)]
                enum Size { Number(i64), Text(String), Many(Vec<(u8, [i64; 4])>), Nothing(()) }
            },
            quote! {
                #[flyte(named_tuple)]
                struct Row { number: i64 }
            },
            quote! {
                enum Level { #[flyte(value = 1)] Low, #[flyte(value = -5)] Odd }
            },
            quote! {
                struct Empty {}
            },
        ],
    }
}

/// Types that no derive takes, or only some.
fn items() -> Vec<TokenStream> {
    let mut items: Vec<TokenStream> = Derive::ALL.into_iter().flat_map(legal_items).collect();
    items.extend([
        quote!(
            struct G;
        ),
        quote!(
            pub struct G<T: Clone>(pub T, u8)
            where
                T: Send;
        ),
        quote!(
            struct G<'a, const N: usize> {
                #[input(rename = "x")]
                field: &'a [u8; N],
            }
        ),
        quote!(
            enum G {
                A,
                B(u8),
                C { d: String },
                D(),
            }
        ),
        quote!(#[repr(C)] union G { a: u32, b: f32 }),
        quote!(
            enum G<T>
            where
                T: Copy,
            {
                A(T),
                B(T, T),
            }
        ),
        quote!(impl G { fn f() {} }),
    ]);
    items
}

/// What must hold whatever came in.
fn check(seed: u64, derive: Derive, item: &TokenStream) {
    let output = expand(derive, item.clone());
    let text = output.to_string();
    let context = || format!("seed {seed}: #[derive({})] {item}: {text}", derive.name());
    let (failed, derived) = (
        text.contains("compile_error !"),
        text.contains("fn describe () -> __connector_core :: __private"),
    );
    let flyte_type = text.contains("transformer ::");
    assert!(failed != (derived || flyte_type), "neither or both of error and code, {}", context());
    // A stub is there unless nothing could be read.
    let readable = syn::parse2::<syn::DeriveInput>(item.clone()).is_ok();
    assert_eq!(readable, text.contains("automatically_derived"), "{}", context());
    if let Err(error) = syn::parse2::<syn::File>(output) {
        panic!("the output is broken ({error}), {}", context());
    }
}

/// Replaces what stands in the parentheses of some helper attributes.
fn stir_attributes(tokens: TokenStream, random: &mut Random) -> TokenStream {
    let mut before = None;
    let mut output = TokenStream::new();
    for tree in tokens {
        let tree = match tree {
            TokenTree::Group(group) => {
                let arguments = group.delimiter() == Delimiter::Parenthesis
                    && matches!(before, Some(TokenTree::Ident(_)));
                let inner = if arguments && random.below(2) == 0 {
                    soup().serve(random, 3)
                } else {
                    stir_attributes(group.stream(), random)
                };
                TokenTree::Group(proc_macro2::Group::new(group.delimiter(), inner))
            }
            tree => tree,
        };
        before = Some(tree.clone());
        output.extend([tree]);
    }
    output
}

#[test]
fn any_soup_gives_tokens() {
    for seed in 0..1_500 {
        let random = &mut Random::new(seed);
        let item = soup().serve(random, 4);
        check(seed, random.pick(&Derive::ALL), &item);
    }
}

#[test]
fn any_arguments_give_tokens() {
    for seed in 0..5_000 {
        let random = &mut Random::new(seed);
        let item = random.pick(&items());
        check(seed, random.pick(&Derive::ALL), &stir_attributes(item, random));
    }
}

#[test]
fn mangled_text_gives_tokens() {
    for seed in 0..6_000 {
        let random = &mut Random::new(seed);
        let derive = random.pick(&Derive::ALL);
        let item = random.pick(&items());
        check(seed, derive, &soup().mangle(item, random));
    }
}

#[test]
fn the_stock_of_the_soup_is_legal() {
    for derive in Derive::ALL {
        for item in legal_items(derive) {
            let output = expand(derive, item.clone()).to_string();
            assert!(!output.contains("compile_error"), "{item}: {output}");
        }
    }
}
