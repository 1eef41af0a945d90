//! What a legal task type is, and which names types and variants have outside Rust.
//! `connector/value.rs` judges task types with it, both `model.rs` take names from it.
//! Pure functions on `&str`: no tokens, no messages.

/// The longest legal task type.
pub(crate) const MAX_TASK_TYPE_LENGTH: usize = 128;

/// Why a text cannot be a task type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Illegal {
    Empty,
    TooLong {
        length: usize,
    },
    /// Each illegal character once, in order of appearance.
    Characters(Vec<char>),
}

/// Whether `name` is 1 to 128 ASCII letters, digits, `_`, `-` or `.`, and if not, why.
pub(crate) fn judge_task_type(name: &str) -> Result<(), Illegal> {
    let mut wrong: Vec<char> = Vec::new();
    for c in name.chars().filter(|c| !is_legal(*c)) {
        if !wrong.contains(&c) {
            wrong.push(c);
        }
    }
    if name.is_empty() {
        Err(Illegal::Empty)
    } else if !wrong.is_empty() {
        Err(Illegal::Characters(wrong))
    } else if name.len() > MAX_TASK_TYPE_LENGTH {
        Err(Illegal::TooLong { length: name.len() })
    } else {
        Ok(())
    }
}

/// The legal name next to an illegal one, where it is plain which one that is.
///
/// A letter outside ASCII has no obvious replacement, so such a name has none either.
pub(crate) fn correct_task_type(name: &str) -> Option<String> {
    let mut corrected = String::new();
    let mut gap = false;
    for c in name.trim().chars() {
        if is_legal(c) {
            if gap && !corrected.is_empty() && !corrected.ends_with(['_', '-', '.']) {
                corrected.push('_');
            }
            corrected.push(c);
            gap = false;
        } else if c.is_ascii() || c.is_whitespace() {
            gap = true;
        } else {
            return None;
        }
    }
    judge_task_type(&corrected).ok().map(|()| corrected)
}

const fn is_legal(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// The default name of a connector: the words of its type's name, then "Connector".
pub(crate) fn display_name(type_name: &str) -> String {
    let mut words = words(type_name.trim_start_matches("r#"));
    if words.last().is_none_or(|last| last != "Connector") {
        words.push("Connector".to_owned());
    }
    words.join(" ")
}

/// The default name of a Python enum's member: `FAST_MODE` for `FastMode`.
pub(crate) fn member_name(variant: &str) -> String {
    words(variant.trim_start_matches("r#")).join("_").to_uppercase()
}

/// The default value of a Python enum's member: `fast_mode` for `FastMode`.
pub(crate) fn member_value(variant: &str) -> String {
    words(variant.trim_start_matches("r#")).join("_").to_lowercase()
}

/// Splits at underscores, before a capital after a small letter or digit, and before the last
/// capital of a run that a small letter follows: "`HTTPSink`" is "`HTTP`", "`Sink`".
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut before: Option<char> = None;
    let mut letters = name.chars().peekable();
    while let Some(c) = letters.next() {
        let after_small = before.is_some_and(|b| b.is_lowercase() || b.is_numeric());
        let ends_run = before.is_some_and(char::is_uppercase)
            && letters.peek().is_some_and(|next| next.is_lowercase());
        if c == '_' || (c.is_uppercase() && (after_small || ends_run)) {
            push_word(&mut words, &mut word);
        }
        if c != '_' {
            word.push(c);
        }
        before = Some(c);
    }
    push_word(&mut words, &mut word);
    words
}

fn push_word(words: &mut Vec<String>, word: &mut String) {
    let mut letters = word.chars();
    if let Some(first) = letters.next() {
        words.push(first.to_uppercase().chain(letters).collect());
    }
    word.clear();
}

#[cfg(test)]
mod tests {
    use super::{
        Illegal, correct_task_type, display_name, judge_task_type, member_name, member_value,
    };

    /// Undoes the escapes of the shared list: `""` is the empty name, `\u{20}` a space.
    fn unescape(written: &str) -> String {
        if written == r#""""# {
            return String::new();
        }
        let mut name = String::new();
        let mut rest = written;
        while let Some((plain, tail)) = rest.split_once(r"\u{") {
            let (code, tail) = tail.split_once('}').expect("a closed escape");
            let code = u32::from_str_radix(code, 16).expect("hexadecimal digits");
            name.push_str(plain);
            name.push(char::from_u32(code).expect("a character"));
            rest = tail;
        }
        name.push_str(rest);
        name
    }

    #[test]
    fn agrees_with_the_shared_list() {
        let list = include_str!("../../tests/data/task_types.txt");
        let mut seen = [0; 4];
        for line in list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let mut words = line.split(' ');
            let (verdict, name) = (words.next().expect("a verdict"), words.next().expect("a name"));
            let (name, reason) = (unescape(name), words.next());
            assert_eq!(words.next(), None, "{line}");
            let place = match (verdict, reason, judge_task_type(&name)) {
                ("legal", None, Ok(())) => 0,
                ("illegal", Some("empty"), Err(Illegal::Empty)) => 1,
                ("illegal", Some("too_long"), Err(Illegal::TooLong { length })) => {
                    assert_eq!(length, name.len());
                    2
                }
                ("illegal", Some("character"), Err(Illegal::Characters(wrong))) => {
                    assert!(wrong.iter().all(|c| name.contains(*c)), "{line}");
                    3
                }
                (_, _, judged) => panic!("{line}: judged {judged:?}"),
            };
            seen[place] += 1;
        }
        assert!(seen[0] >= 10 && seen[1] == 1 && seen[2] >= 2 && seen[3] >= 10, "{seen:?}");
    }

    #[test]
    fn names_each_illegal_character_once() {
        assert_eq!(judge_task_type("a/b c/d"), Err(Illegal::Characters(vec!['/', ' '])));
    }

    #[test]
    fn corrects_what_has_one_plain_correction() {
        for (name, corrected) in [
            ("big query", Some("big_query")),
            (" bigquery ", Some("bigquery")),
            ("spark/sql", Some("spark_sql")),
            ("a :: b", Some("a_b")),
            ("a_ b", Some("a_b")),
            ("a\tb", Some("a_b")),
            ("a\u{a0}b", Some("a_b")),
            ("/spark", Some("spark")),
            ("spark!", Some("spark")),
            ("größe", None),
            ("///", None),
            ("", None),
        ] {
            assert_eq!(correct_task_type(name).as_deref(), corrected, "{name:?}");
        }
        assert_eq!(correct_task_type(&"a b".repeat(60)), None);
    }

    #[test]
    fn names_a_connector_after_its_type() {
        for (type_name, name) in [
            ("RenderFarm", "Render Farm Connector"),
            ("BatchJobConnector", "Batch Job Connector"),
            ("HTTPSink", "HTTP Sink Connector"),
            ("BigQuery", "Big Query Connector"),
            ("S3Copy", "S3 Copy Connector"),
            ("Connector", "Connector"),
            ("Disconnector", "Disconnector Connector"),
            ("Simulator", "Simulator Connector"),
            ("render_farm", "Render Farm Connector"),
            ("r#Box", "Box Connector"),
            ("A", "A Connector"),
            ("_", "Connector"),
            ("ÄußereFarm", "Äußere Farm Connector"),
        ] {
            assert_eq!(display_name(type_name), name);
        }
    }

    #[test]
    fn names_members_as_python_does() {
        for (variant, name, value) in [
            ("Fast", "FAST", "fast"),
            ("VerySlow", "VERY_SLOW", "very_slow"),
            ("HTTPSink", "HTTP_SINK", "http_sink"),
            ("Utf8", "UTF8", "utf8"),
            ("V2Beta", "V2_BETA", "v2_beta"),
            ("r#Self_", "SELF", "self"),
            ("FAST", "FAST", "fast"),
            ("Größe", "GRÖSSE", "größe"),
        ] {
            assert_eq!((member_name(variant), member_value(variant)), (name.into(), value.into()));
        }
    }
}
