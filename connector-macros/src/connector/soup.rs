//! Tests that no tokens, however mangled, make the macro panic or lose the item.
//! Random, but from fixed seeds: a failure names the seed and repeats.
//! What the messages say is not looked at here.

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::quote;

use super::expand;
use crate::words::Argument;

/// Marsaglia's xorshift: enough to stir soup.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound.max(1) as u64).unwrap()
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

const WORDS: [&str; 28] = [
    "struct",
    "enum",
    "union",
    "impl",
    "fn",
    "async",
    "unsafe",
    "trait",
    "mod",
    "type",
    "const",
    "pub",
    "where",
    "for",
    "dyn",
    "self",
    "Self",
    "super",
    "crate",
    "move",
    "extern",
    "as",
    "in",
    "G",
    "Vec",
    "RenderJob",
    "connector",
    "_",
];
const SIGNS: [char; 20] = [
    '=', ',', ':', ';', '<', '>', '&', '!', '#', '|', '-', '+', '*', '.', '?', '@', '$', '\'', '/',
    '^',
];
const DELIMITERS: [Delimiter; 4] =
    [Delimiter::Parenthesis, Delimiter::Brace, Delimiter::Bracket, Delimiter::None];

fn token(random: &mut Random, depth: usize) -> TokenTree {
    let span = Span::call_site();
    match random.below(if depth == 0 { 8 } else { 9 }) {
        0 | 1 => Ident::new(random.pick(&Argument::ALL).word(), span).into(),
        2 => Ident::new(random.pick(&WORDS), span).into(),
        3..=5 => {
            let spacing = random.pick(&[Spacing::Alone, Spacing::Joint]);
            Punct::new(random.pick(&SIGNS), spacing).into()
        }
        6 => {
            Literal::string(random.pick(&["", "a", "big query", "G::connect", "größe", "\n", "<"]))
                .into()
        }
        7 => match random.below(6) {
            0 => Literal::u64_unsuffixed(u64::MAX),
            1 => Literal::i32_suffixed(7),
            2 => Literal::f64_unsuffixed(1.5),
            3 => Literal::character('c'),
            4 => Literal::byte_string(b"bytes"),
            _ => Literal::i32_unsuffixed(1),
        }
        .into(),
        _ => Group::new(random.pick(&DELIMITERS), soup(random, depth - 1)).into(),
    }
}

fn soup(random: &mut Random, depth: usize) -> TokenStream {
    let length = random.below(9);
    (0..length).map(|_| token(random, depth)).collect()
}

/// Leaves most of the tokens alone and drops, doubles, replaces or adds a few.
fn mangle(tokens: TokenStream, random: &mut Random) -> TokenStream {
    let mut output = TokenStream::new();
    for tree in tokens {
        let tree = match tree {
            TokenTree::Group(group) if random.below(2) == 0 => {
                TokenTree::Group(Group::new(group.delimiter(), mangle(group.stream(), random)))
            }
            tree => tree,
        };
        match random.below(24) {
            0 => {}
            1 => output.extend([tree.clone(), tree]),
            2 => output.extend([token(random, 2)]),
            3 => output.extend([tree, token(random, 2)]),
            _ => output.extend([tree]),
        }
    }
    output
}

fn legal_args() -> Vec<TokenStream> {
    vec![
        quote!(task_type = "render", version = 1, name = "Render Farm"),
        quote!(task_type = ["render", "bake"], version = [0, 1, 2], init = G::connect),
        quote!(task_type = "render", meta = std::collections::HashMap<String, Vec<(u8, [i64; 4])>>),
        quote!(config = C, inputs = I, outputs = O<fn(&str) -> u8>, connection = K, task_type = "a"),
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
        let args = soup(random, 4);
        let item = soup(random, 4);
        check(seed, args, item);
    }
}

#[test]
fn soup_over_a_legal_item_gives_tokens() {
    for seed in 0..6_000 {
        let random = &mut Random::new(seed);
        let args = soup(random, 4);
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
        let args = mangle(args, random);
        let item = if random.below(2) == 0 { mangle(item, random) } else { item };
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
