//! Texts of a request that must not be seen in what the vendor answers, in every form it may quote them.
//! `request` hides them before anybody reads an answer. What a task brought as a secret is hidden once
//! more by the server; what a connector got for it, such as an access token, only here.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use bytes::Bytes;
use lru::LruCache;
use memchr::memmem;
use serde_json::Value;

/// What is hidden has that many bytes at the least.
const SHORTEST: usize = 8;
/// So many texts are remembered with their forms.
const MOST_KNOWN: NonZeroUsize = NonZeroUsize::new(128).unwrap();
/// What stands in its place.
const STARS: &str = "***";

/// The forms of a text, the longest first.
pub(crate) type Forms = Arc<[Form]>;

/// One form, ready to be looked for: to get ready takes longer than to look through an answer.
#[derive(Debug)]
pub(crate) struct Form {
    text: String,
    finder: memmem::Finder<'static>,
}

impl Form {
    fn new(text: String) -> Self {
        let finder = memmem::Finder::new(&text).into_owned();
        Self { text, finder }
    }

    fn is_in(&self, text: &[u8]) -> bool {
        self.finder.find(text).is_some()
    }
}

/// What must not be seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hidden(Vec<Forms>);

/// Forms of texts that were hidden lately: a credential is sent many times.
#[derive(Debug)]
pub(crate) struct KnownForms(Mutex<LruCache<String, Forms>>);

impl Default for KnownForms {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MOST_KNOWN)))
    }
}

impl KnownForms {
    /// The forms of that text.
    pub(crate) fn of(&self, text: &str) -> Forms {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.get_or_insert_ref(text, || forms(text)))
    }
}

impl Hidden {
    /// Hides one more text in all its forms.
    pub(crate) fn add(&mut self, forms: Forms) {
        self.0.push(forms);
    }

    fn forms(&self) -> impl Iterator<Item = &Form> {
        self.0.iter().flat_map(|forms| forms.iter())
    }

    /// The text with stars; `None` if there is nothing to hide in it.
    pub(crate) fn clean(&self, text: &str) -> Option<String> {
        let mut clean: Option<String> = None;
        for form in self.forms() {
            let now = clean.as_deref().unwrap_or(text);
            if form.is_in(now.as_bytes()) {
                clean = Some(now.replace(&form.text, STARS));
            }
        }
        clean
    }

    /// The body with stars.
    pub(crate) fn clean_body(&self, body: Bytes) -> Bytes {
        let mut body = match self.forms().any(|form| form.is_in(&body)) {
            true => {
                self.clean(&String::from_utf8_lossy(&body)).map_or_else(Bytes::new, Bytes::from)
            }
            false => body,
        };
        // JSON may spell any letter as a number; whoever reads it would see the letter.
        if !self.0.is_empty()
            && memmem::find(&body, b"\\u").is_some()
            && let Ok(mut json) = serde_json::from_slice(&body)
            && self.clean_json(&mut json)
        {
            body = json.to_string().into();
        }
        body
    }

    /// Puts stars into every text of a JSON value. Whether there was anything to hide.
    fn clean_json(&self, json: &mut Value) -> bool {
        match json {
            Value::String(text) => self.clean(text).map(|clean| *text = clean).is_some(),
            Value::Array(items) => {
                items.iter_mut().fold(false, |found, item| self.clean_json(item) | found)
            }
            Value::Object(members) => {
                let named = members.keys().any(|name| self.clean(name).is_some());
                if named {
                    let all = std::mem::take(members);
                    let clean = |name: String| self.clean(&name).unwrap_or(name);
                    members.extend(all.into_iter().map(|(name, member)| (clean(name), member)));
                }
                members.values_mut().fold(named, |found, member| self.clean_json(member) | found)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
}

/// The text as it is, escaped for JSON and for URLs, in hex, in numbers of letters and in base64.
fn forms(text: &str) -> Forms {
    if text.len() < SHORTEST {
        return Arc::default();
    }
    let json = Value::from(text).to_string();
    let json = json.trim_matches('"').to_owned();
    let hex = |byte: u8| format!("{byte:02x}");
    let in_url = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    let url: String = text.bytes().map(in_url).collect();
    let hex: String = text.bytes().map(hex).collect();
    let numbered = |letter: fn(u16) -> String| text.encode_utf16().map(letter).collect::<String>();
    let mut forms = vec![
        text.to_owned(),
        json.replace('/', "\\/"),
        json,
        lower_escapes(&url),
        url,
        hex.to_uppercase(),
        hex,
        numbered(|letter| format!("\\u{letter:04x}")),
        numbered(|letter| format!("\\u{letter:04X}")),
    ];
    for engine in [&STANDARD, &URL_SAFE] {
        forms.extend((0..3).map(|before| inside_base64(engine, before, text)));
    }
    forms.retain(|form| form.len() >= SHORTEST);
    forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    forms.dedup();
    forms.into_iter().map(Form::new).collect()
}

/// `%2F` as `%2f`.
fn lower_escapes(url: &str) -> String {
    let mut parts = url.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |lower, part| {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        lower + "%" + &digits.to_lowercase() + rest
    })
}

/// The letters of base64 that only the text decides, where that many bytes stand before it.
fn inside_base64(engine: &GeneralPurpose, before: usize, text: &str) -> String {
    let bytes: Vec<u8> = std::iter::repeat_n(0, before).chain(text.bytes()).collect();
    let encoded = engine.encode(&bytes);
    let (start, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    encoded.get(start..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use bytes::Bytes;

    use super::{Hidden, KnownForms};

    const SECRET: &str = "dapi/x+y=\"z\" of 2026";

    fn hidden() -> Hidden {
        let mut hidden = Hidden::default();
        hidden.add(KnownForms::default().of(SECRET));
        hidden
    }

    fn clean(body: &str) -> String {
        let body = hidden().clean_body(Bytes::copy_from_slice(body.as_bytes()));
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[test]
    fn every_form_of_a_secret_is_hidden() {
        assert_eq!(clean(&format!("token {SECRET}!")), "token ***!");
        let json = serde_json::json!({"message": format!("no: {SECRET}")}).to_string();
        assert_eq!(clean(&json), r#"{"message":"no: ***"}"#);
        assert_eq!(clean("a dapi%2Fx%2By%3D%22z%22%20of%202026 b"), "a *** b");
        assert_eq!(clean("a dapi%2fx%2by%3d%22z%22%20of%202026 b"), "a *** b");
        let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(clean(&format!("<{hex}>{}", hex.to_uppercase())), "<***>***");
    }

    #[test]
    fn base64_is_seen_wherever_the_secret_stands_in_it() {
        for before in ["", "u", "us", "user:", "a longer one"] {
            for engine in [&STANDARD, &URL_SAFE_NO_PAD] {
                let encoded = engine.encode(format!("{before}{SECRET}"));
                let clean = clean(&format!("basic {encoded}."));
                assert!(clean.contains("***"), "{before}: {clean}");
                let left = clean.trim_start_matches("basic ").len();
                assert!(left < before.len() * 4 / 3 + 12, "{before}: {clean}");
            }
        }
    }

    #[test]
    fn letters_spelled_as_numbers_are_read() {
        let spelled = r#"\u0064api\/x+y=\"z\" of 202\u0036"#;
        let body =
            format!(r#"{{"{spelled}": [1, {{"a": "x{spelled}"}}], "big": 9007199254740993}}"#);
        assert_eq!(clean(&body), r#"{"***":[1,{"a":"x***"}],"big":9007199254740993}"#);
    }

    #[test]
    fn what_hides_nothing_stays_as_it_is() {
        let numbered: String = SECRET.bytes().map(|byte| format!("\\u{byte:04X}")).collect();
        assert_eq!(clean(&format!("no JSON: {numbered}")), "no JSON: ***");
        for body in ["", "{\"a\": \"\\u003cb\"}", "dapi/x", "\\u00"] {
            assert_eq!(clean(body), body);
        }
        let mut short = Hidden::default();
        short.add(KnownForms::default().of("abc"));
        assert_eq!(short.clean("abc"), None);
    }
}
