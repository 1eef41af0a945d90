//! The connector `typed_echo` in the running binary, asked and judged with the official type engine.
//! `typed_echo.py` makes the calls and prints what it meant and what it read; every expectation
//! stands here. One run of the script serves all tests of this file.

use std::path::Path;
use std::process::Stdio;
use std::sync::OnceLock;

use interop_tests::peer::Server;
use interop_tests::script::Transcript;
use interop_tests::venv::Venv;
use serde_json::{Value, json};

const NAMES: [&str; 15] = [
    "i", "f", "s", "b", "at", "took", "xs", "m", "opt", "mode", "point", "points", "file", "dir",
    "df",
];
const SUCCEEDED: u64 = 3;
const FAILED: u64 = 5;

/// What the script saw; nothing if the official SDK cannot be had here.
fn seen() -> Option<&'static Transcript> {
    static SEEN: OnceLock<Option<Transcript>> = OnceLock::new();
    SEEN.get_or_init(drive).as_ref()
}

fn drive() -> Option<Transcript> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let venv = Venv::official_sdk(target, "typed values through the binary")?;
    let server = Server::rust(target).unwrap_or_else(|error| panic!("{error}"));
    Some(driven(&venv, &server))
}

/// What the script sees of a server.
pub(crate) fn driven(venv: &Venv, server: &Server) -> Transcript {
    let output =
        venv.script("typed_echo.py").arg(server.address()).stdin(Stdio::null()).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}\nthe server printed:\n{}", server.output());
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    Transcript::new(document["steps"].as_array().unwrap().clone())
}

/// Sees to it that every value came back as it was meant, and gives what was read.
pub(crate) fn echoed<'a>(seen: &'a Transcript, case: &str) -> &'a Value {
    let step = seen.only(case).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(step["phase"], SUCCEEDED, "{case}: {}", failure(seen, case));
    let (meant, read) = (&step["meant"], &step["read"]);
    for name in NAMES {
        let expected = match (name, meant.get(name)) {
            // The one that may be left out comes back all the same.
            ("opt", None) => &json!({ "none": null }),
            (_, meant) => meant.unwrap(),
        };
        assert_eq!(&read[name], expected, "{case}: {name}");
        assert_eq!(step["equal"][name], true, "{case}: Python finds {name} unequal");
    }
    assert_eq!(read.as_object().unwrap().len(), NAMES.len(), "{case}: {read}");
    read
}

/// What the calls of a case said, for messages.
fn failure(seen: &Transcript, case: &str) -> String {
    let calls = seen.steps().iter().filter(|step| {
        step["case"].as_str().is_some_and(|name| name.starts_with(&format!("{case}: ")))
    });
    calls.map(|step| format!("{} {}; ", step["code"], step["details"])).collect()
}

#[test]
fn dataclasses_and_pydantic_models_come_back_as_dataclasses() {
    let Some(seen) = seen() else { return };
    let dataclass = echoed(seen, "dataclass");
    assert_eq!(echoed(seen, "pydantic"), dataclass);
    // Otherwise the test would show little.
    assert_eq!(dataclass["i"], json!({ "int": i64::MIN.to_string() }));
    assert_eq!(dataclass["at"], json!({ "datetime": "1704177245678901" }));
    assert_eq!(dataclass["mode"], json!({ "enum": "SLOW" }));
    assert_eq!(dataclass["points"]["list"].as_array().unwrap().len(), 2);
    assert_eq!(dataclass["point"]["object"][0], "Point");
}

#[test]
fn the_least_values_come_back() {
    let Some(seen) = seen() else { return };
    let read = echoed(seen, "small");
    assert_eq!(read["f"], json!({ "float": "7ff8000000000000" }), "a NaN");
    assert_eq!(read["opt"], json!({ "none": null }));
    assert_eq!(read["xs"], json!({ "list": [] }));
    // An int in a field of floats.
    assert_eq!(read["point"]["object"][1][0], json!(["x", { "float": "4008000000000000" }]));
}

#[test]
fn the_last_moments_of_python_come_back() {
    let Some(seen) = seen() else { return };
    let read = echoed(seen, "ends");
    assert_eq!(echoed(seen, "pydantic ends"), read);
    assert_eq!(read["at"], json!({ "datetime": "253402300799999999" }));
    assert_eq!(read["took"], json!({ "duration": "86399999999999999999" }));
    // Half a day into the year 10000 of UTC.
    assert_eq!(read["point"]["object"][1][4], json!(["at", { "datetime": "253402343999999999" }]));
}

#[test]
fn digits_as_text_are_read_where_an_int_is_declared() {
    let Some(seen) = seen() else { return };
    assert_eq!(echoed(seen, "digits"), echoed(seen, "dataclass"));
}

#[test]
fn forms_of_the_user_interface_are_read_like_objects() {
    let Some(seen) = seen() else { return };
    assert_eq!(echoed(seen, "form"), echoed(seen, "dataclass"));
    assert_eq!(echoed(seen, "pydantic form"), echoed(seen, "dataclass"));
}

#[test]
fn datetimes_without_a_zone_are_utc() {
    let Some(seen) = seen() else { return };
    let read = echoed(seen, "naive");
    assert_eq!(echoed(seen, "naive pydantic"), read);
    assert_eq!(read["at"], json!({ "datetime": "1704164645678901" }));
}

#[test]
fn unions_are_unwrapped_and_plain_values_taken_for_unions() {
    let Some(seen) = seen() else { return };
    let dataclass = echoed(seen, "dataclass");
    assert_eq!(echoed(seen, "unions"), dataclass);
    assert_eq!(echoed(seen, "plain for a union"), dataclass);
    assert_eq!(echoed(seen, "left out")["opt"], json!({ "none": null }));
}

#[test]
fn enums_are_read_by_value_and_written_by_name() {
    let Some(seen) = seen() else { return };
    // Python's own reader knows names only.
    assert_eq!(echoed(seen, "enum by value")["mode"], json!({ "enum": "SLOW" }));
}

/// What people get to see for wrong inputs: on the first poll, so that no attempt is burnt.
fn refusal<'a>(seen: &'a Transcript, case: &str) -> Vec<&'a str> {
    let step = seen.only(case).unwrap_or_else(|error| panic!("{error}"));
    let created = seen.only(&format!("{case}: create")).unwrap();
    assert_eq!(created["code"], "OK", "{case}: {created}");
    assert_eq!(step["phase"], FAILED, "{case}");
    let text = step["text"].as_str().unwrap();
    let (title, list) = text.split_once("the task's inputs do not fit:").unwrap_or_else(|| {
        panic!("{case}: this does not say that the inputs are wrong: {text}");
    });
    assert!(!title.contains('`'), "{case}: {text}");
    list.trim_end_matches('.').split("\n - ").skip(1).collect()
}

#[test]
fn a_mistake_is_told_with_its_place_what_was_expected_and_what_came() {
    let Some(seen) = seen() else { return };
    let cases: [(&str, &[&str]); 20] = [
        (
            "unknown tag",
            &["`opt`: it is wrapped for a union as \"integer\", which is the name of no type of \
            Flyte"],
        ),
        (
            "tag of another value",
            &["`opt`: it is wrapped for a union as \"int\", but holds a string"],
        ),
        (
            "value of another tag",
            &["`opt`: it is wrapped for a union as \"str\", but holds an integer (5)"],
        ),
        (
            "nothing under a tag",
            &["`opt`: it is wrapped for a union as \"int\", but holds nothing (None)"],
        ),
        ("tag of another type", &["`opt`: expected int | None, found a value tagged \"str\""]),
        (
            "too long",
            &["`took`: expected a duration, found one longer than Python's timedelta can be \
            (999999999 days)"],
        ),
        ("too late", &["`at`: expected a datetime, found one outside the years 1 to 9999"]),
        (
            "inexact",
            &["`i`: a float cannot say which integer is meant from 2^53 (9007199254740992) on, \
            and found is 9007199254740992.0; give the digits as text, such as \
            \"9007199254740993\""],
        ),
        ("missing input", &["`s`: is missing; it must be a str"]),
        ("input without a value", &["`s`: it came without a value"]),
        ("integer for bool", &["`b`: expected a boolean, found an integer (1)"]),
        ("fraction for int", &["`i`: expected an integer, found a float (5.7)"]),
        (
            "wrong item and entry",
            &[
                "`xs[1]`: expected an integer, found a string",
                "`m[pi]`: expected a float, found a string",
            ],
        ),
        ("unknown member", &["`mode`: expected one of \"FAST\", \"SLOW\", found \"MEDIUM\""]),
        (
            "pickle for a list",
            &["`xs`: expected a list, found a Python pickle, which only Python \
            can read; declare the value as a type Flyte knows, for example `list[int]` instead of \
            `list`, `str` or an enum instead of `Literal`, or a dataclass"],
        ),
        ("file for a directory", &["`dir`: expected Dir, found a file"]),
        (
            "missing and wrong field",
            &[
                "`point.x`: is missing; it must be a float",
                "`point.label`: expected a string, found an integer (7)",
            ],
        ),
        (
            "datetime that is none",
            &[
                "`points[1].at`: expected a datetime such as \"2024-01-02T03:04:05Z\", found other text",
            ],
        ),
        (
            "offloaded",
            &["`s`: its value is stored at \"s3://bucket/big.pb\" because it is large, \
            and this connector does not read storage; pass it as a file or data frame"],
        ),
        (
            "other binary format",
            &["`point`: Unsupported binary format \"json\"; `msgpack` is the one that can be read"],
        ),
    ];
    for (case, expected) in cases {
        assert_eq!(refusal(seen, case), expected, "{case}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let Some(seen) = seen() else { return };
    let expected = [
        "`i`: a float cannot say which integer is meant from 2^53 (9007199254740992) on, and found is \
         1e300; give the digits as text, such as \"9007199254740993\"",
        "`s`: is missing; it must be a str",
        "`b`: expected a boolean, found a string",
        "`point.x`: is missing; it must be a float",
        "`point.label`: expected a string, found an integer (7)",
        "`points[1].at`: expected a datetime such as \"2024-01-02T03:04:05Z\", found other text",
    ];
    assert_eq!(refusal(seen, "several"), expected);
}
