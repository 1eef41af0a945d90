//! Tests that no tokens, however mangled, make the macro panic or lose the item.
//! Random, but from fixed seeds: a failure names the seed and repeats.
//! What the messages say is not looked at here.

use proc_macro2::TokenStream;
use quote::quote;

use super::expand;
use crate::soup::{Random, Soup};
use crate::words::Word;
use crate::words::connector::Argument;

fn soup() -> Soup {
    Soup { words: Argument::vocabulary().known.iter().map(|argument| argument.word()).collect() }
}

fn legal_args() -> Vec<TokenStream> {
    vec![
        quote!(task_type = "render", version = 1, name = "Render Farm"),
        quote!(task_type = ["render", "bake"], version = [0, 1, 2], init = G::connect),
        quote!(task_type = "render", meta = std::collections::HashMap<String, Vec<(u8, [i64; 4])>>),
        quote!(config = C, inputs = I, outputs = O<fn(&str) -> u8>, connection = K, task_type = "a"),
        quote!(task_type = "render", policy = Policy::new().rate(5.0, 10).batch(N), version = 1),
        quote!(crate = ::some::core, task_type = "render",),
    ]
}

fn items() -> Vec<TokenStream> {
    vec![
        quote!(
            #[derive(Default)]
            pub struct G;
        ),
        quote!(
            pub(crate) struct G<T: Clone>(pub T, u8)
            where
                T: Send;
        ),
        quote!(
            struct G<'a, const N: usize> {
                field: &'a [u8; N],
            }
        ),
        quote!(
            #[connector(task_type = "a")]
            enum G {
                A,
                B(u8),
                C { d: String },
            }
        ),
        quote!(
            unsafe impl<T> Render for G<T>
            where
                T: Copy,
            {
                fn f() {}
            }
        ),
        quote!(
            pub async unsafe extern "C" fn f(x: u8) -> u8 {
                x
            }
        ),
        quote!(union G { a: u32, b: f32 }),
        quote!(auto trait A {}),
        quote!(
            mod m {
                struct G;
            }
        ),
        quote!(
            extern crate alloc;
        ),
    ]
}

/// What must hold whatever came in.
fn check(seed: u64, args: TokenStream, item: TokenStream) {
    let (args_text, item_text) = (args.to_string(), item.to_string());
    let context = || format!("seed {seed}: #[connector({args_text})] {item_text}");
    let length = item.clone().into_iter().count();
    let output = expand(args, item);
    let kept: TokenStream = output.clone().into_iter().take(length).collect();
    assert_eq!(kept.to_string(), item_text, "the item changed, {}", context());
    let added: TokenStream = output.into_iter().skip(length).collect();
    let text = added.to_string();
    let (failed, registered) = (text.contains("compile_error !"), text.contains("Registration"));
    assert!(failed != registered, "neither or both of error and code, {}: {text}", context());
    if let Err(error) = syn::parse2::<syn::File>(added) {
        panic!("the output is broken ({error}), {}: {text}", context());
    }
}

#[test]
fn any_soup_gives_tokens() {
    for seed in 0..6_000 {
        let random = &mut Random::new(seed);
        let args = soup().serve(random, 4);
        let item = soup().serve(random, 4);
        check(seed, args, item);
    }
}

#[test]
fn soup_over_a_legal_item_gives_tokens() {
    for seed in 0..6_000 {
        let random = &mut Random::new(seed);
        let args = soup().serve(random, 4);
        let items = items();
        let item = items[random.below(items.len())].clone();
        check(seed, args, item);
    }
}

#[test]
fn mangled_text_gives_tokens() {
    for seed in 0..20_000 {
        let random = &mut Random::new(seed);
        let (args, items) = (legal_args(), items());
        let args = args[random.below(args.len())].clone();
        let item = items[random.below(items.len())].clone();
        let args = soup().mangle(args, random);
        let item = if random.below(2) == 0 { soup().mangle(item, random) } else { item };
        check(seed, args, item);
    }
}

#[test]
fn the_stock_of_the_soup_is_legal() {
    for args in legal_args() {
        let output = expand(
            args.clone(),
            quote!(
                struct G;
            ),
        )
        .to_string();
        assert!(output.contains("Registration"), "{args}: {output}");
    }
}
