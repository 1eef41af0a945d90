//! Doc comments as descriptions: what stands above a field in Rust is what people read in Flyte.
//! `item.rs` calls it for the type and for each field.
//! Nothing is reported here: a doc comment can be anything.

use syn::{Attribute, Expr, Lit, Meta};

use crate::arguments::value::bare;

/// The text of all doc comments, without the margin.
pub(super) fn parse_description(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes {
        lines.extend(text(attribute).iter().flat_map(|text| dedent(text)));
    }
    lines.join("\n").trim().to_owned()
}

/// The text of `#[doc = "…"]`; `#[doc(hidden)]` and the like have none.
fn text(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    match bare(&pair.value) {
        Expr::Lit(literal) if pair.path.is_ident("doc") => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// Without the space before each line and the stars down the side of a block comment.
fn dedent(text: &str) -> Vec<String> {
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    if text.is_empty() {
        lines.push("");
    }
    let (first, rest) = lines.split_first().unwrap_or((&"", &[]));
    let starred = !rest.is_empty()
        && rest.iter().all(|line| line.is_empty() || line.trim_start().starts_with('*'));
    let rest: Vec<&str> = rest
        .iter()
        .map(|line| match line.trim_start().strip_prefix('*') {
            Some(line) if starred => line,
            _ => line,
        })
        .collect();
    // A block comment begins beside its opening sign, so its first line has no margin to measure.
    let margin = rest.iter().filter(|line| !line.trim().is_empty()).map(|line| indent(line)).min();
    let mut output = vec![first.strip_prefix(' ').unwrap_or(first).to_owned()];
    for line in rest {
        let shown = line.char_indices().nth(margin.unwrap_or_default());
        output.push(shown.and_then(|(at, _)| line.get(at..)).unwrap_or_default().to_owned());
    }
    output
}

fn indent(line: &str) -> usize {
    line.chars().take_while(|c| c.is_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::parse_description;

    fn description(source: &str) -> String {
        let item: syn::ItemStruct = syn::parse_str(source).unwrap();
        parse_description(&item.attrs)
    }

    #[test]
    fn joins_lines_and_drops_the_margin() {
        for (source, text) in [
            ("struct A;", ""),
            ("/// One line.\nstruct A;", "One line."),
            ("/// Two\n/// lines.\nstruct A;", "Two\nlines."),
            ("/// First.\n///\n///   - more\n///\nstruct A;", "First.\n\n  - more"),
            ("///No space.\nstruct A;", "No space."),
            ("/** Block. */ struct A;", "Block."),
            ("/**\n * Starred\n *   more\n */\nstruct A;", "Starred\n  more"),
            ("/** Plain\n    block */ struct A;", "Plain\nblock"),
            ("#[doc = \"By hand.\"] struct A;", "By hand."),
            ("#[doc(hidden)] #[doc = include_str!(\"x\")] #[doc = 5] struct A;", ""),
            ("/// Größe in µm.\nstruct A;", "Größe in µm."),
            ("/**\n\u{e4}\n \u{e4}*/ struct A;", "\u{e4}\n \u{e4}"),
        ] {
            assert_eq!(description(source), text, "{source}");
        }
    }
}
