//! What of a secret is looked for: the value, and the parts of it that are secrets by themselves.
//! `index` makes needles of them. A private key leaks line by line, and a service account's JSON by
//! its fields.

use serde_json::Value;

/// The shortest secret that is looked for, in characters. Shorter values are settings rather than
/// secrets (`on`, `443`); starring them out of every text would tell more than it hides.
pub(super) const SHORTEST: usize = 4;
/// The shortest line or word of a longer secret that is looked for by itself.
const SHORTEST_LINE: usize = 16;
/// The shortest field of a longer secret that is looked for by itself.
const SHORTEST_FIELD: usize = 6;
/// How many parts one secret may have.
const MOST: usize = 1_024;

/// A text to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) text: std::borrow::Cow<'a, str>,
    /// Whether its hex and base64 are looked for, too.
    pub(super) encoded: bool,
}

/// Everything to look for because of a secret; nothing if it is too short.
pub(super) fn parts(value: &str) -> Vec<Part<'_>> {
    // What an editor leaves around a text is no part of the secret, and connectors do not see it.
    let value = value.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if value.chars().nth(SHORTEST - 1).is_none() {
        return Vec::new();
    }
    let mut parts = vec![Part { text: value.into(), encoded: true }];
    let fields: Vec<String> = match json(value) {
        // The rest of a document is no secret: links and messages name the same project.
        Some(json) => json_fields(json),
        None => {
            add_lines(value, &mut parts);
            pairs(value).chain(password(value)).collect()
        }
    };
    for field in fields.into_iter().take(MOST) {
        if field.chars().nth(SHORTEST_FIELD - 1).is_some() && field != value {
            let mut lines = Vec::new();
            add_lines(&field, &mut lines);
            let lines: Vec<Part<'_>> = lines.into_iter().map(Part::owned).collect();
            parts.extend(lines);
            parts.push(Part { text: field.into(), encoded: true });
        }
    }
    parts.truncate(MOST);
    parts
}

impl Part<'_> {
    fn owned(self) -> Part<'static> {
        Part { text: self.text.into_owned().into(), encoded: self.encoded }
    }
}

/// Long lines, and long words such as the token in `Bearer …`, unless they are the whole value.
fn add_lines<'a>(value: &'a str, parts: &mut Vec<Part<'a>>) {
    let long = |text: &&str| text.chars().nth(SHORTEST_LINE - 1).is_some() && *text != value;
    for line in value.lines().map(str::trim) {
        parts.extend(Some(line).filter(long).map(Part::of_line));
        let words = line.split_whitespace().filter(|word| *word != line).filter(long);
        parts.extend(words.map(Part::of_line));
        if parts.len() > MOST {
            break;
        }
    }
}

impl<'a> Part<'a> {
    fn of_line(line: &'a str) -> Self {
        Self { text: line.into(), encoded: false }
    }
}

fn json(value: &str) -> Option<Value> {
    // serde_json bounds the depth.
    if value.starts_with(['{', '[']) { serde_json::from_str(value).ok() } else { None }
}

/// The secret fields of a JSON document, at any depth.
fn json_fields(json: Value) -> Vec<String> {
    let mut fields = Vec::new();
    let mut open = vec![(false, json)];
    while let Some((is_secret, json)) = open.pop() {
        match json {
            Value::String(text) if is_secret => fields.push(text.trim().to_owned()),
            Value::Array(values) => open.extend(values.into_iter().map(|value| (is_secret, value))),
            Value::Object(members) => {
                open.extend(
                    members.into_iter().map(|(name, value)| (names_a_secret(&name), value)),
                );
            }
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    fields
}

/// The secret fields of a connection string such as `Host=db;Password=…`.
fn pairs(value: &str) -> impl Iterator<Item = String> {
    value.split([';', '\n']).filter_map(|pair| {
        let (name, field) = pair.split_once('=')?;
        names_a_secret(name.trim()).then(|| field.trim().trim_matches(['"', '\'']).to_owned())
    })
}

/// The password of a URL such as `postgres://user:password@host`.
fn password(value: &str) -> Option<String> {
    let (_, rest) = value.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user, _host) = authority.rsplit_once('@')?;
    user.split_once(':').map(|(_, password)| password.to_owned())
}

/// Whether a field of that name holds a secret: of a service account's JSON the private key does,
/// the project, which stands in every link, does not.
fn names_a_secret(name: &str) -> bool {
    const NAMES: [&str; 3] = ["auth", "authorization", "pass"];
    const WORDS: [&str; 6] = ["key", "secret", "token", "passw", "pwd", "credential"];
    const NOT: [&str; 4] = ["id", "uri", "url", "type"];
    let name = name.to_ascii_lowercase();
    if NAMES.contains(&name.as_str()) {
        return true;
    }
    WORDS.iter().any(|word| name.contains(word)) && !NOT.iter().any(|word| name.ends_with(word))
}

#[cfg(test)]
mod tests {
    use super::parts;

    fn texts(value: &str) -> Vec<String> {
        parts(value).into_iter().map(|part| part.text.into_owned()).collect()
    }

    #[test]
    fn short_values_are_left_alone_and_white_space_around_does_not_count() {
        assert_eq!(texts("abc"), Vec::<String>::new());
        assert_eq!(texts(" abc\n"), Vec::<String>::new());
        assert_eq!(texts("hunter2\n"), ["hunter2"]);
        assert_eq!(texts("\u{feff}hunter2\u{feff}\r\n"), ["hunter2"]);
        assert_eq!(texts("äöüß"), ["äöüß"]);
    }

    #[test]
    fn a_private_key_leaks_line_by_line() {
        let key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\nshort\n-----END KEY-----\n";
        let texts = texts(key);
        assert!(texts.contains(&"MIIEvQIBADANBgkqhkiG".to_owned()), "{texts:?}");
        assert!(!texts.contains(&"short".to_owned()), "{texts:?}");
    }

    #[test]
    fn a_header_leaks_its_token() {
        let texts = texts("Bearer abcdefghijklmnop");
        assert_eq!(texts, ["Bearer abcdefghijklmnop", "abcdefghijklmnop"]);
    }

    #[test]
    fn of_documents_only_the_secret_fields_are_looked_for() {
        let json = r#"{"project_id": "render-farm", "private_key_id": "0123456789",
            "private_key": "BEGIN\nMIIEvQIBADANBgkqhkiG\n", "auth_uri": "https://a.example",
            "db": {"password": "hunter2!"}}"#;
        let found = texts(json);
        for secret in ["BEGIN\nMIIEvQIBADANBgkqhkiG", "MIIEvQIBADANBgkqhkiG", "hunter2!"] {
            assert!(found.contains(&secret.to_owned()), "{secret} in {found:?}");
        }
        for public in ["render-farm", "0123456789", "https://a.example"] {
            assert!(!found.contains(&public.to_owned()), "{public} in {found:?}");
        }
        let string = texts("Endpoint=a.example;AccountName=farm;AccountKey=c2VjcmV0==");
        assert!(string.contains(&"c2VjcmV0==".to_owned()), "{string:?}");
        assert!(!string.contains(&"farm".to_owned()), "{string:?}");
        let url = texts("postgres://me:hunter2@db.example/x");
        assert!(url.contains(&"hunter2".to_owned()), "{url:?}");
    }
}
