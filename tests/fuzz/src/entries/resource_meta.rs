//! Metadata: as this project writes it, as Python writes it, and what is none.

use connector_core::{JobId, ResourceMeta, literal, pb};
use connector_examples::batch_job::BatchJob;
use prost::Message as _;

use super::entry;
use crate::corpus::Entry;
use crate::metadata::{Mode, Nested, Scalars, Tagged, Wrapped};

pub(super) fn entries() -> Vec<Entry> {
    let mut entries = vec![
        entry("empty", Vec::new()),
        entry("list", *b"[1, \"a\", null]"),
        entry("pickle", *b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00K\x05."),
        entry("latin", *b"{\"job_id\": \"caf\xe9\"}"),
        entry("batch_job-old", *b"{\"job_id\": \"ab\", \"created_at\": 1700000000}"),
        entry(
            "batch_job-newer",
            br#"{"job_id": "ab", "created_at": 1.5e9, "duration_seconds": 5, "new": {"a": [1, {}]}}"#
                .to_vec(),
        ),
        entry("batch_job-nan", *b"{\"job_id\": \"a\\u00e9\\ud83d\\ude00\", \"created_at\": NaN}"),
        entry("batch_job-infinity", *b"{\"job_id\": \"\", \"created_at\": -Infinity, \"x\": [[]]}"),
        echoed(),
    ];
    let batch_job = BatchJob {
        job_id: "0a1b2c3d".to_owned(),
        created_at: 1_700_000_000.123_456,
        duration_seconds: 5.0,
    };
    entries.push(written("batch_job", &batch_job));
    entries.push(written("job_id", &JobId::new("caf\u{e9} \u{1f600} \"\\/\n\u{7f}")));
    entries.push(written("scalars", &scalars()));
    entries.push(written("scalars-default", &Scalars::default()));
    entries.push(written("nested", &nested(Mode::Fast)));
    entries.push(written("nested-slow", &nested(Mode::Slow(f64::INFINITY))));
    entries.push(written("nested-pair", &Wrapped(nested(Mode::Pair(-1, "a".to_owned())))));
    let named = Mode::Named { x: f64::NAN, y: Some(u64::MAX) };
    entries.push(written("nested-named", &nested(named)));
    entries.push(written("tagged-fast", &Tagged::Fast { f: -1e-7 }));
    entries.push(written("tagged-slow", &Tagged::Slow { s: "a".to_owned(), xs: vec![1, -2] }));
    entries
}

fn written<M: ResourceMeta>(name: &str, meta: &M) -> Entry {
    entry(name, meta.encode().expect("metadata that JSON carries"))
}

/// What `echo` keeps: inputs as the wire has them.
fn echoed() -> Entry {
    let named = |name: &str, value| pb::task::NamedLiteral { name: name.to_owned(), value };
    let inputs = pb::task::Inputs {
        literals: vec![named("a", Some(literal::integer(5))), named("a", None)],
        ..Default::default()
    };
    entry("echo", inputs.encode_to_vec())
}

fn scalars() -> Scalars {
    Scalars {
        b: true,
        i: (i8::MIN, i16::MIN, i32::MIN, i64::MIN, i128::MIN),
        n: (u8::MAX, u16::MAX, u32::MAX, u64::MAX, u128::MAX),
        f: 5e-324,
        x: f32::MAX,
        y: '\u{1f600}',
        s: "\u{0}\u{8}\u{c}\r\t\u{2028}".to_owned(),
        value: (),
    }
}

fn nested(mode: Mode) -> Nested {
    Nested {
        name: "n".to_owned(),
        point: Some(scalars()),
        points: vec![Scalars { f: -0.0, x: 0.1, ..Scalars::default() }],
        m: [("a".to_owned(), 1e22), (String::new(), 1e-7)].into(),
        xs: [(i64::MIN, None), (5, Some("five".to_owned()))].into(),
        opt: [(true, vec![0.1]), (false, vec![])].into(),
        mode,
        value: serde_json::json!({"a": [1, -1.5, "b", null, true, {}]}),
    }
}
