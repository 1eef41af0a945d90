//! A statement cut into what Snowflake sees as code, literals and comments, and into placeholders in
//! the style of Python's client, `%(name)s` and `%%`, which that client replaces wherever they stand.

/// What surrounds a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Within {
    Code,
    /// Inside `'…'`, `"…"` or `$$…$$`.
    Quotes,
    Comment,
}

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    Text,
    /// `%%`, which stands for one of them.
    Percent,
    /// `%(name)s`; another letter in place of the `s` is in `conversion`.
    Placeholder {
        name: &'a str,
        conversion: char,
    },
}

/// A piece of a statement. All pieces, one after another, are the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    /// Where it begins, in bytes.
    pub(crate) at: usize,
    pub(crate) text: &'a str,
    pub(crate) within: Within,
    pub(crate) kind: Kind<'a>,
}

/// What the text that comes next is inside of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Nothing,
    Quote(char),
    Dollars,
    Line,
    Block,
}

impl Inside {
    const fn within(self) -> Within {
        match self {
            Self::Nothing => Within::Code,
            Self::Quote(_) | Self::Dollars => Within::Quotes,
            Self::Line | Self::Block => Within::Comment,
        }
    }

    /// What `rest` begins with and ends what it is inside of, or begins something; how many bytes that
    /// takes, and what comes after it is inside of.
    fn step(self, rest: &str) -> Option<(usize, Self)> {
        let first = rest.chars().next()?;
        Some(match self {
            Self::Nothing if first == '\'' || first == '"' => (1, Self::Quote(first)),
            Self::Nothing if rest.starts_with("$$") => (2, Self::Dollars),
            Self::Nothing if rest.starts_with("--") || rest.starts_with("//") => (2, Self::Line),
            Self::Nothing if rest.starts_with("/*") => (2, Self::Block),
            // A backslash takes the next character along, in literals only.
            Self::Quote('\'') if first == '\\' => {
                (1 + rest.chars().nth(1).map_or(0, char::len_utf8), self)
            }
            // A doubled quote ends one literal and begins the next, which comes to the same.
            Self::Quote(quote) if first == quote => (1, Self::Nothing),
            Self::Dollars if rest.starts_with("$$") => (2, Self::Nothing),
            Self::Line if first == '\n' => (1, Self::Nothing),
            Self::Block if rest.starts_with("*/") => (2, Self::Nothing),
            _ => return None,
        })
    }
}

/// Cuts a statement.
pub(crate) fn scan(statement: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut inside, mut begin, mut at) = (Inside::Nothing, 0, 0);
    let mut push = |from: usize, to: usize, within: Within, kind| {
        let text = statement.get(from..to).unwrap_or_default();
        if !text.is_empty() {
            pieces.push(Piece { at: from, text, within, kind });
        }
    };
    while let Some(rest) = statement.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some((length, kind)) = replaced(rest) {
            push(begin, at, inside.within(), Kind::Text);
            push(at, at + length, inside.within(), kind);
            at += length;
            begin = at;
        } else if let Some((length, next)) = inside.step(rest) {
            // The marks belong to what they surround.
            let (first, last) = (at, at + length);
            if inside == Inside::Nothing {
                push(begin, first, Within::Code, Kind::Text);
                begin = first;
            } else if next == Inside::Nothing {
                push(begin, last, inside.within(), Kind::Text);
                begin = last;
            }
            (inside, at) = (next, last);
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    push(begin, statement.len(), inside.within(), Kind::Text);
    pieces
}

/// What Python would replace here, and how long it is.
fn replaced(rest: &str) -> Option<(usize, Kind<'_>)> {
    let after = rest.strip_prefix('%')?;
    if after.starts_with('%') {
        return Some((2, Kind::Percent));
    }
    let (name, rest) = after.strip_prefix('(')?.split_once(')')?;
    let conversion = rest.chars().next()?;
    Some((3 + name.len() + conversion.len_utf8(), Kind::Placeholder { name, conversion }))
}

#[cfg(test)]
mod tests {
    use super::{Kind, Within, scan};

    /// Pieces in brackets: code bare, `q` in quotes, `c` in comments, `%` and names marked.
    fn cut(statement: &str) -> String {
        let pieces = scan(statement);
        let whole: String = pieces.iter().map(|piece| piece.text).collect();
        assert_eq!(whole, statement, "nothing is lost");
        let place = |piece: &super::Piece<'_>| {
            statement.get(piece.at..piece.at + piece.text.len()) == Some(piece.text)
        };
        assert!(pieces.iter().all(place));
        let shown = pieces.iter().map(|piece| {
            let within = match piece.within {
                Within::Code => "",
                Within::Quotes => "q",
                Within::Comment => "c",
            };
            match piece.kind {
                Kind::Text => format!("[{within}{}]", piece.text),
                Kind::Percent => format!("[{within}%]"),
                Kind::Placeholder { name, conversion } => format!("[{within}:{name}/{conversion}]"),
            }
        });
        shown.collect()
    }

    #[test]
    fn placeholders_are_found_wherever_they_stand() {
        for (statement, pieces) in [
            ("SELECT %(a)s, 1", "[SELECT ][:a/s][, 1]"),
            ("a = 'x %(a)s %% y' AND", "[a = ][q'x ][q:a/s][q ][q%][q y'][ AND]"),
            ("\"t_%(a)s\"", "[q\"t_][q:a/s][q\"]"),
            ("$$ %(a)s $$%(b)s", "[q$$ ][q:a/s][q $$][:b/s]"),
            ("1 -- %(a)s\n%(b)s", "[1 ][c-- ][c:a/s][c\n][:b/s]"),
            ("1 // %(a)s", "[1 ][c// ][c:a/s]"),
            ("/* %(a)s */%(b)d", "[c/* ][c:a/s][c */][:b/d]"),
            ("'it\\'s' %(a)s", "[q'it\\'s'][ ][:a/s]"),
            ("'it''s %(a)s'", "[q'it'][q's ][q:a/s][q']"),
            ("\"a\\\" %(a)s", "[q\"a\\\"][ ][:a/s]"),
            ("a % b %% c", "[a % b ][%][ c]"),
            ("%(a", "[%(a]"),
            ("'open %(a)s", "[q'open ][q:a/s]"),
            ("ü'ö\\", "[ü][q'ö\\]"),
            ("%", "[%]"),
            ("", ""),
        ] {
            assert_eq!(cut(statement), pieces, "{statement}");
        }
    }
}
