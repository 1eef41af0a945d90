//! A secret in resource metadata, and in which field: Flyte stores the metadata and shows it.
//! Create asks before it hands metadata out. What is done about it is not decided here.

use serde_json::Value;

use super::Scrubber;

/// From how many bytes on a secret counts as a part of a longer value. Short ones stand in names and
/// paths by chance, so they count only as the whole value of a field.
const LONG: usize = 8;

/// Where in the metadata a secret stands, for people: a field such as `auth.token`, or the whole where
/// the metadata is no JSON.
pub(crate) fn secret_in(metadata: &[u8], scrubber: &Scrubber) -> Option<String> {
    let Ok(json) = serde_json::from_slice(metadata) else {
        return shows(scrubber, metadata).then(|| "the resource metadata".to_owned());
    };
    let mut open: Vec<(String, Value)> = vec![(String::new(), json)];
    while let Some((path, value)) = open.pop() {
        let found = match value {
            Value::String(text) => shows(scrubber, text.as_bytes()),
            Value::Number(number) => shows(scrubber, number.to_string().as_bytes()),
            Value::Array(values) => {
                // A list of numbers may be a secret, byte by byte.
                let listed = Value::Array(values.clone()).to_string();
                let numbers = values.iter().all(Value::is_number);
                let values = values.into_iter().enumerate();
                open.extend(values.map(|(at, value)| (format!("{path}[{at}]"), value)));
                numbers && shows(scrubber, listed.as_bytes())
            }
            Value::Object(members) => {
                if members.keys().any(|key| shows(scrubber, key.as_bytes())) {
                    return Some(field(&path, " (a key in it)"));
                }
                let dot = if path.is_empty() { "" } else { "." };
                let members = members.into_iter();
                open.extend(members.map(|(key, value)| (format!("{path}{dot}{key}"), value)));
                false
            }
            Value::Null | Value::Bool(_) => false,
        };
        if found {
            return Some(field(&path, ""));
        }
    }
    None
}

fn field(path: &str, which: &str) -> String {
    match path {
        "" => format!("the resource metadata{which}"),
        path => format!("the field `{path}`{which} of the resource metadata"),
    }
}

fn shows(scrubber: &Scrubber, text: &[u8]) -> bool {
    // What is too costly to look through may hold anything.
    let Ok(found) = scrubber.found(text) else { return true };
    found.iter().any(|range| range.len() >= LONG || range.len() == text.trim_ascii().len())
}

#[cfg(test)]
mod tests {
    use connector_core::pb::Connection;
    use serde_json::json;

    use super::{Scrubber, secret_in};
    use crate::scrub::BroughtSecrets;

    fn found(metadata: &[u8]) -> Option<String> {
        let secrets = [("key", "hunter2-and-more"), ("pin", "1234"), ("user", "render")];
        let secrets = secrets.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let connection = Connection { secrets, ..Default::default() };
        secret_in(metadata, &Scrubber::of(Some(&connection), &BroughtSecrets::new(), None).unwrap())
    }

    #[test]
    fn the_field_is_named() {
        for (metadata, place) in [
            (json!({"job_id": "j", "token": "hunter2-and-more"}), "the field `token` of"),
            (json!({"auth": {"header": "Bearer hunter2-and-more"}}), "the field `auth.header` of"),
            (json!({"urls": ["a", "https://a/?k=hunter2%2Dand-more"]}), "the field `urls[1]` of"),
            (json!({"raw": b"hunter2-and-more"}), "the field `raw` of"),
            (json!({"hex": "68756e746572322d616e642d6d6f7265"}), "the field `hex` of"),
            (json!({"pin": "1234"}), "the field `pin` of"),
            (json!({"pin": 1234}), "the field `pin` of"),
            (json!({"by": {"hunter2-and-more": 1}}), "the field `by` (a key in it) of"),
            (json!("hunter2-and-more"), "the resource metadata"),
        ] {
            let told = found(metadata.to_string().as_bytes());
            assert!(
                told.as_deref().is_some_and(|it| it.starts_with(place)),
                "{metadata}: {told:?}"
            );
        }
        let raw = b"\x80\x04hunter2-and-more\xff";
        assert_eq!(found(raw).as_deref(), Some("the resource metadata"));
    }

    #[test]
    fn names_and_numbers_that_hold_a_short_one_are_no_secrets() {
        for metadata in [
            json!({"job_id": "render-1234", "path": "s3://render/1234/out"}),
            json!({"job_id": "j-1", "created_at": 17_123_456.5, "ok": true, "none": null}),
        ] {
            assert_eq!(found(metadata.to_string().as_bytes()), None, "{metadata}");
        }
        assert_eq!(found(b""), None);
        assert_eq!(found(b"\x80render1234"), None);
    }
}
