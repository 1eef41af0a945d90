//! Random tokens for tests: soup made of nothing, and legal text with a few tokens mangled.
//! The soup tests of every macro cook with it, from fixed seeds: a failure names the seed and repeats.
//! What a macro makes of its soup is checked there.

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

/// Marsaglia's xorshift: enough to stir soup.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound.max(1) as u64).unwrap()
    }

    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

const WORDS: [&str; 30] = [
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
    "doc",
    "secret",
];
const SIGNS: [char; 20] = [
    '=', ',', ':', ';', '<', '>', '&', '!', '#', '|', '-', '+', '*', '.', '?', '@', '$', '\'', '/',
    '^',
];
const DELIMITERS: [Delimiter; 4] =
    [Delimiter::Parenthesis, Delimiter::Brace, Delimiter::Bracket, Delimiter::None];

/// What soup is made of: Rust's own words and signs, and the words of one macro.
pub(crate) struct Soup {
    pub(crate) words: Vec<&'static str>,
}

impl Soup {
    fn token(&self, random: &mut Random, depth: usize) -> TokenTree {
        let span = Span::call_site();
        match random.below(if depth == 0 { 8 } else { 9 }) {
            0 | 1 => Ident::new(random.pick(&self.words), span).into(),
            2 => Ident::new(random.pick(&WORDS), span).into(),
            3..=5 => {
                let spacing = random.pick(&[Spacing::Alone, Spacing::Joint]);
                Punct::new(random.pick(&SIGNS), spacing).into()
            }
            6 => {
                let texts = ["", "a", "big query", "G::connect", "größe", "\n", "<"];
                Literal::string(random.pick(&texts)).into()
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
            _ => Group::new(random.pick(&DELIMITERS), self.serve(random, depth - 1)).into(),
        }
    }

    /// Up to eight tokens and groups of tokens.
    pub(crate) fn serve(&self, random: &mut Random, depth: usize) -> TokenStream {
        let length = random.below(9);
        (0..length).map(|_| self.token(random, depth)).collect()
    }

    /// Leaves most of the tokens alone and drops, doubles, replaces or adds a few.
    pub(crate) fn mangle(&self, tokens: TokenStream, random: &mut Random) -> TokenStream {
        let mut output = TokenStream::new();
        for tree in tokens {
            let tree = match tree {
                TokenTree::Group(group) if random.below(2) == 0 => {
                    let inner = self.mangle(group.stream(), random);
                    TokenTree::Group(Group::new(group.delimiter(), inner))
                }
                tree => tree,
            };
            match random.below(24) {
                0 => {}
                1 => output.extend([tree.clone(), tree]),
                2 => output.extend([self.token(random, 2)]),
                3 => output.extend([tree, self.token(random, 2)]),
                _ => output.extend([tree]),
            }
        }
        output
    }
}
