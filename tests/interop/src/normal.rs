//! Takes out of a transcript's steps what is another in every run: new job identities and times.
//! `differential.rs` calls it for both sides before it compares them.
//! Nothing that a server could get wrong may be taken out here; what is replaced is checked first.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::{HarnessError, Result};

/// How long before now a job of a transcript may have been created.
const RECENT_SECONDS: f64 = 600.0;
const CONNECTORS: &str = "/messages/0/connectors";

/// The step without what is random. Its `bytes` are dropped if they no longer say what `messages` says.
///
/// # Errors
/// If the identity of a new job does not have the form that it must have.
pub(crate) fn normal(step: &Value) -> Result<Value> {
    let mut normal = step.clone();
    if let Some(text) = step["meta"].as_str() {
        // The text says the same as the message, and shows where two of them differ.
        normal["meta"] = Value::from(normal_meta(text)?);
        normal["messages"] = Value::Null;
    }
    if let Some(literals) = normal.pointer_mut("/messages/0/resource/outputs/literals")
        && let Some(literals) = literals.as_array_mut()
    {
        // Outputs are found by name, and Python lists them in an order of the moment.
        literals.sort_by_key(|literal| literal["name"].to_string());
    }
    if let Some(samples) = normal.get_mut("samples").and_then(Value::as_object_mut) {
        let timed =
            |name: &str| name.contains("_latency_seconds_sum{") || name.contains("_created{");
        for (_, value) in samples.iter_mut().filter(|(name, _)| timed(name)) {
            *value = Value::from("<a time>");
        }
    }
    if normal["messages"] != step["messages"] {
        drop_bytes(&mut normal);
    }
    Ok(normal)
}

/// Leaves in `ours` only the connectors that `theirs` has as well: the binary links more of them.
pub(crate) fn keep_common_connectors(ours: &mut Value, theirs: &Value) {
    let Some(theirs) = theirs.pointer(CONNECTORS).and_then(Value::as_array) else {
        return;
    };
    let Some(connectors) = ours.pointer_mut(CONNECTORS).and_then(Value::as_array_mut) else {
        return;
    };
    let names: Vec<&Value> = theirs.iter().map(|connector| &connector["name"]).collect();
    let all = connectors.len();
    connectors.retain(|connector| names.contains(&&connector["name"]));
    if connectors.len() != all {
        drop_bytes(ours);
    }
}

pub(crate) fn drop_bytes(step: &mut Value) {
    if let Some(step) = step.as_object_mut() {
        step.remove("bytes");
    }
}

/// The metadata of a new batch job, its random parts replaced; other metadata as it is.
fn normal_meta(text: &str) -> Result<String> {
    let Some(rest) = text.strip_prefix("{\"job_id\": \"") else {
        return Ok(text.to_owned());
    };
    let strange = || HarnessError::new(format!("this is not the metadata of a new job: {text}"));
    let (id, rest) = rest.split_once("\", \"created_at\": ").ok_or_else(strange)?;
    let (created, rest) = rest.split_once(',').ok_or_else(strange)?;
    let hexadecimal = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let seconds: f64 = created.parse().map_err(|_| strange())?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| strange())?.as_secs_f64();
    let recent = (now - RECENT_SECONDS..now + 1.0).contains(&seconds);
    // A float has a point even if its value is whole, here as in Python.
    if !matches!(id.len(), 8 | 24)
        || !id.chars().all(hexadecimal)
        || !created.contains('.')
        || !recent
    {
        return Err(strange());
    }
    Ok(format!("{{\"job_id\": \"<hex digits>\", \"created_at\": <now>,{rest}"))
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use serde_json::json;

    use super::{keep_common_connectors, normal, normal_meta};

    #[test]
    fn a_new_job_is_told_by_its_form_and_time() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let meta = |id: &str, created: &str| {
            normal_meta(&format!(
                "{{\"job_id\": \"{id}\", \"created_at\": {created}, \"duration_seconds\": 5.0}}"
            ))
        };
        assert_eq!(
            meta("00c0ffee", &format!("{now}.25")).unwrap(),
            "{\"job_id\": \"<hex digits>\", \"created_at\": <now>, \"duration_seconds\": 5.0}"
        );
        assert!(meta("00C0FFEE", &format!("{now}.25")).is_err(), "upper-case digits");
        assert!(meta("00c0ffe", &format!("{now}.25")).is_err(), "seven digits");
        assert!(meta("00c0ffee", &now.to_string()).is_err(), "a time without a fraction");
        assert!(meta("00c0ffee", "1700000000.25").is_err(), "a time long ago");
        assert_eq!(normal_meta("{\"inputs\": []}").unwrap(), "{\"inputs\": []}");
    }

    #[test]
    fn bytes_go_when_the_messages_were_touched() {
        let named = |names: &[&str]| {
            let literals: Vec<_> = names.iter().map(|name| json!({ "name": name })).collect();
            json!({"messages": [{"resource": {"outputs": {"literals": literals}}}], "bytes": ["eA=="]})
        };
        let sorted = normal(&named(&["a", "b"])).unwrap();
        assert_eq!(sorted, named(&["a", "b"]));
        let reordered = normal(&named(&["b", "a"])).unwrap();
        assert_eq!(reordered["messages"], sorted["messages"]);
        assert_eq!(reordered.get("bytes"), None);
    }

    #[test]
    fn only_times_are_taken_out_of_the_samples() {
        let step = normal(&json!({"samples": {
            "x_request_latency_seconds_sum{a=b}": 0.5,
            "x_request_latency_seconds_count{a=b}": 3.0,
            "x_requests_success_created{a=b}": 1.7e9,
            "x_requests_success_total{a=b}": 2.0,
        }}));
        let expected = json!({"samples": {
            "x_request_latency_seconds_sum{a=b}": "<a time>",
            "x_request_latency_seconds_count{a=b}": 3.0,
            "x_requests_success_created{a=b}": "<a time>",
            "x_requests_success_total{a=b}": 2.0,
        }});
        assert_eq!(step.unwrap(), expected);
    }

    #[test]
    fn surplus_connectors_go_and_lacking_ones_do_not_come() {
        let list = |names: &[&str]| {
            let connectors: Vec<_> = names.iter().map(|name| json!({ "name": name })).collect();
            json!({"messages": [{ "connectors": connectors }]})
        };
        let mut ours = list(&["a", "b", "c"]);
        keep_common_connectors(&mut ours, &list(&["a", "c"]));
        assert_eq!(ours, list(&["a", "c"]));
        let mut ours = list(&["a"]);
        keep_common_connectors(&mut ours, &list(&["a", "c"]));
        assert_eq!(ours, list(&["a"]));
    }
}
