//! What a hostile connector might try, and every form of random secrets in random surroundings.
//! The encoders here are not those of the code: crates of others and the standard library.

use std::collections::BTreeMap;
use std::error::Error;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use connector_core::host::{CallError, ErasedResource};
use connector_core::logs::{LogLine, LogPage};
use connector_core::metrics::{Metric, Series};
use connector_core::{
    ConnectorError, ErrorKind, MetaError, Outputs, Resource, TaskLog, literal, pb,
};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use serde_json::json;

use super::{BroughtSecrets, Scrub, Scrubber};

fn scrubber(secrets: &[&str]) -> Scrubber {
    let secrets = secrets.iter().enumerate().map(|(n, value)| (n.to_string(), (*value).to_owned()));
    let connection = pb::Connection { secrets: secrets.collect(), ..Default::default() };
    Scrubber::of(Some(&connection), &BroughtSecrets::new(), None).expect("something to hide")
}

fn scrubbed(secrets: &[&str], text: &str) -> String {
    let mut text = text.to_owned();
    scrubber(secrets).text(&mut text);
    text
}

/// Only what must not stand in a query; `/`, `:` and others stay.
const RESERVED: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b'&').add(b'+').add(b'"').add(b'=');

#[test]
fn without_secrets_there_is_nothing_to_do() {
    assert!(Scrubber::of(None, &BroughtSecrets::new(), None).is_none());
    assert!(Scrubber::of(Some(&pb::Connection::default()), &BroughtSecrets::new(), None).is_none());
    let short = BTreeMap::from([("pin".to_owned(), "123".to_owned())]);
    let connection = pb::Connection { secrets: short, ..Default::default() };
    assert!(Scrubber::of(Some(&connection), &BroughtSecrets::new(), None).is_none());
}

#[test]
fn every_common_spelling_is_hidden_and_what_stands_around_stays() {
    let secret = "p@ss w/rd+\"é\"";
    let basic = STANDARD.encode(format!("user:{secret}"));
    for (text, left) in [
        (format!("key {secret} refused"), "key *** refused".to_owned()),
        (
            "https://a/?k=p%40ss%20w%2Frd%2B%22%C3%A9%22&x=1".to_owned(),
            "https://a/?k=***&x=1".into(),
        ),
        ("https://a/?k=p%40ss+w%2frd%2b%22%c3%a9%22&x=1".to_owned(), "https://a/?k=***&x=1".into()),
        ("k=p@ss%20w/rd%2B%22é%22;".to_owned(), "k=***;".into()),
        ("k=p%2540ss%2520w%252Frd%252B%2522%25C3%25A9%2522;".to_owned(), "k=***;".into()),
        (json!({ "k": secret }).to_string(), r#"{"k":"***"}"#.into()),
        (json!(json!({ "k": secret }).to_string()).to_string(), r#""{\"k\":\"***\"}""#.into()),
        (format!("{:?}", Some(secret)), r#"Some("***")"#.into()),
        ("p@ss w\\/rd+\\u0022\\u00e9\\u0022!".to_owned(), "***!".into()),
        ("<k>p@ss w/rd+&quot;&#233;&quot;</k>".to_owned(), "<k>***</k>".into()),
        ("p\\x40ss w/rd+\\\"\\xc3\\xa9\\\"!".to_owned(), "***!".into()),
        ("704073732077".to_owned() + "2f72642b22c3a922.", "***.".into()),
        (format!("Authorization: Basic {basic}"), "Authorization: Basic dXNlcj***".into()),
    ] {
        assert_eq!(scrubbed(&[secret], &text), left, "{text}");
    }
}

#[test]
fn bytes_shown_one_by_one_are_hidden() {
    let secret = "s3cr/t é";
    let bytes = secret.as_bytes();
    for text in [
        format!("{bytes:?}"),
        format!("{bytes:#?}"),
        format!("{bytes:x?}"),
        format!("{bytes:02X?}"),
        format!("{:?}", format!("{bytes:#?}")),
        format!("{:?}", bytes::Bytes::from(secret)),
        format!("Err(Auth({:?}))", [b"key=", bytes].concat()),
        json!({ "key": bytes }).to_string(),
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":"),
        bytes.iter().map(|byte| format!("\\{byte:03o}")).collect(),
        format!("b'{}'", bytes.escape_ascii()),
    ] {
        let told = scrubbed(&[secret], &text);
        assert!(told.contains("***"), "{text} became {told}");
        let traces = ["99, 114", "63, 72", "63:72", "99,114", "s3cr", "99,\n", "162\\057"];
        assert!(traces.iter().all(|trace| !told.contains(trace)), "{text} became {told}");
    }
    assert_eq!(scrubbed(&[secret], &format!("<{bytes:?}>")), "<[***]>");
    // Lists of other numbers stay.
    let other = format!("{:?} 2026-11-27 10:20:30", b"nothing of the kind");
    assert_eq!(scrubbed(&[secret], &other), other);
}

#[test]
fn a_secret_that_was_cut_off_is_hidden() {
    let secret = "sk-live-0123456789abcdefghij";
    let basic = STANDARD.encode(format!("u:{secret}"));
    let beginning = |text: &str, most| text.chars().take(most).collect::<String>();
    let listed = format!("{:?}", secret.as_bytes());
    for (text, left) in [
        ("bad key sk-live-01...".to_owned(), "bad key ***...".to_owned()),
        ("bad key sk-live-0123456789…, try again".to_owned(), "bad key ***…, try again".into()),
        ("bad key \"sk-live-0123\"...".to_owned(), "bad key \"***\"...".into()),
        ("bad key sk-live-0123 [truncated]".to_owned(), "bad key *** [truncated]".into()),
        ("key=sk-live-0123456789abcdef".to_owned(), "key=***".into()),
        ("Err(\"key=sk-live-0123456789abcdef\")".to_owned(), "Err(\"key=***\")".into()),
        ("k: sk-live-0123456789abcdef\nnext".to_owned(), "k: ***\nnext".into()),
        (format!("Basic {}...", beginning(&basic, 20)), "Basic dT***...".into()),
        (beginning(&listed, 80), "[***, 9".into()),
        // What could be meant otherwise stays.
        ("keys of the form sk-live-".to_owned(), "keys of the form sk-live-".into()),
        ("keys begin with sk-...".to_owned(), "keys begin with sk-...".into()),
        ("sk-live-0123 is unknown".to_owned(), "sk-live-0123 is unknown".into()),
    ] {
        assert_eq!(scrubbed(&[secret], &text), left, "{text}");
    }
}

#[test]
fn a_secret_is_hidden_as_the_connector_sees_it() {
    for given in ["hunter2", "hunter2\r\n", "\u{feff}hunter2\n", "hunter2\u{feff}"] {
        assert_eq!(scrubbed(&[given], "key hunter2 refused"), "key *** refused", "{given:?}");
        assert_eq!(scrubbed(&[given], &format!("[{given}]")).matches("***").count(), 1);
    }
}

#[test]
fn secrets_that_overlap_are_hidden_to_their_ends() {
    assert_eq!(scrubbed(&["abcd", "bcdefgh"], "xabcdefghx"), "x***x");
    assert_eq!(scrubbed(&["abcd", "abcdefgh"], "xabcdefghx abcd"), "x***x ***");
    assert_eq!(scrubbed(&["abab"], "ababab"), "***");
    assert_eq!(scrubbed(&["abcd"], "abcdabcd"), "***");
}

#[test]
fn a_key_is_hidden_when_only_one_of_its_lines_is_told() {
    let key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nBAQEFAASCBKcwggSjAgEA\n\
               -----END PRIVATE KEY-----\n";
    assert_eq!(scrubbed(&[key], "line 2: MIIEvQIBADANBgkqhkiG9w0?"), "line 2: ***?");
    let account = json!({ "project_id": "render-farm", "private_key": key }).to_string();
    let text = "render-farm: BAQEFAASCBKcwggSjAgEA";
    assert_eq!(scrubbed(&[&account], text), "render-farm: ***");
    assert_eq!(scrubbed(&[&account], &format!("in {account}")), "in ***");
    let wrapped: Vec<String> = STANDARD
        .encode(&account)
        .as_bytes()
        .chunks(76)
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect();
    assert_eq!(scrubbed(&[&account], &format!("key:\n  {}", wrapped.join("\n  "))), "key:\n  ***");
}

#[test]
fn a_resource_is_clean_but_its_outputs_are_data() {
    let secret = "hunter2-and-more";
    let outputs = [("o", literal::string(secret))].into_iter().collect();
    let mut link = TaskLog::new(format!("log {secret}"), format!("https://a/?k={secret}"));
    link.icon_uri = format!("https://a/{secret}.png");
    let mut resource = ErasedResource::succeeded(Outputs::Inline(outputs))
        .message(format!("done with {secret}"))
        .log_link(link)
        .info("nested", json!({"list": [{"k": secret, secret: 1, "x hunter2-and-more": 2}]}))
        .info("pin", 271_828_182)
        .info(secret, true);
    resource.unknown_state = Some(secret.to_owned());
    let before = resource.outputs.clone();
    scrubber(&[secret, "271828182"]).resource(&mut resource);
    assert_eq!(resource.outputs, before);
    resource.outputs = Outputs::None;
    let told = format!("{resource:?}");
    assert!(!told.contains("hunter2") && !told.contains("271828182"), "{told}");
    assert_eq!(resource.custom_info.fields.len(), 3);
    assert!(told.contains("\"x ***\""), "{told}");
}

#[test]
fn keys_that_become_the_same_are_all_kept() {
    let info = Resource::<()>::running().info("abcd", 1).info("%61bcd", 2).info("***", 3);
    let mut object = info.custom_info;
    scrubber(&["abcd"]).object(&mut object);
    let keys: Vec<&str> = object.fields.keys().map(String::as_str).collect();
    assert_eq!(keys, ["***", "*** (2)", "*** (3)"]);
}

#[test]
fn logs_and_metrics_are_clean() {
    let scrubber = scrubber(&["hunter2"]);
    let line = LogLine::user(std::time::SystemTime::now(), "password hunter2");
    let mut page = LogPage::new([line]).next_token("page-hunter2".to_owned());
    scrubber.log_page(&mut page);
    assert_eq!(page.lines[0].message, "password ***");
    assert_eq!(page.next_token.as_deref(), Some("page-***"));
    let series = Series::new([]).label("key", "hunter2");
    let mut metrics = [Metric::range("hunter2", [series])];
    scrubber.metrics(&mut metrics);
    assert!(!format!("{metrics:?}").contains("hunter2"));
}

#[test]
fn a_page_goes_on_as_it_was_sent_only_without_a_secret() {
    let scrubber = scrubber(&["hunter2-and-more"]);
    let sent = |text: &'static str, message: &'static [u8]| {
        let mut page = LogPage::new([LogLine::user(None, text)]).as_sent(message.into());
        scrubber.log_page(&mut page);
        page
    };
    let clean = sent("fine", b"\x12\x06\x12\x04\x12\x02ok\xff\x7f");
    assert_eq!(clean.sent().unwrap(), &b"\x12\x06\x12\x04\x12\x02ok\xff\x7f"[..]);
    let in_a_line = sent("it is hunter2-and-more", b"\x12\x00");
    assert_eq!((in_a_line.lines[0].message.as_str(), in_a_line.sent()), ("it is ***", None));
    // In the name of a pod, and in what nobody knows; a beginning that was cut off is one, too.
    for message in [&b"\x22\x10hunter2-and-more"[..], b"\x22\x0fhunter2-and-mor\x12\x00"] {
        assert_eq!(sent("fine", message).sent(), None, "{}", message.escape_ascii());
    }
}

#[test]
fn an_error_is_clean_down_to_its_last_cause() {
    let secret = "hunter2";
    let root = std::io::Error::other(format!("refused {secret}"));
    let middle = ConnectorError::transient("no answer").with_source(root);
    let kind = ErrorKind::Transient { retry_after: Some(std::time::Duration::from_secs(3)) };
    let error = ConnectorError::new(kind, "call failed").with_source(middle);
    let CallError::Connector(error) = scrubber(&[secret]).error(CallError::Connector(error)) else {
        panic!("another variant");
    };
    assert_eq!((error.kind(), error.message()), (kind, "call failed"));
    let first = error.source().expect("a cause");
    let second = first.source().expect("its cause");
    assert_eq!((first.to_string(), second.to_string()), ("no answer".into(), "refused ***".into()));
    assert!(second.source().is_none());
    assert!(!format!("{error:?}").contains(secret));

    let meta = scrubber(&[secret]).error(CallError::Meta(MetaError::new("at hunter2")));
    assert_eq!(meta.to_string(), "at ***");
}

#[test]
fn an_error_without_a_secret_stays_itself() {
    let error = ConnectorError::permanent("no").with_source(std::io::Error::other("why"));
    let CallError::Connector(error) = scrubber(&["hunter2"]).error(error.into()) else {
        panic!("another variant");
    };
    assert!(error.source().is_some_and(|cause| cause.is::<std::io::Error>()));
}

#[test]
fn a_text_that_would_cost_too_much_is_withheld() {
    let secret = "a".repeat(10_000) + "b";
    // Half a billion comparisons, were they all made.
    let left = scrubbed(&[&secret], &"a".repeat(50_000));
    assert!(left.starts_with("*** (withheld"), "{}", left.len());
    // Backslashes can be read in many ways.
    let slashes = "\\".repeat(30) + "x";
    assert_eq!(scrubbed(&[&slashes], &format!("{slashes} {slashes}")), "*** ***");
    let left = scrubbed(&[&slashes], &"\\".repeat(10_000));
    assert!(left.starts_with("*** (withheld"), "{}", left.len());
}

fn secret() -> impl Strategy<Value = String> {
    let tricky = "[A-Za-z0-9%+\\\\/\"'&=_~ \n:;é😀-]{4,40}";
    prop_oneof![tricky, "[A-Za-z0-9_-]{8,64}", "[A-Za-z0-9+/]{40}={0,2}"]
        .prop_filter("white space around is no secret", |text| text.trim().chars().count() >= 4)
}

/// Every form of a secret, with the most text of it that may stay beside the stars.
fn forms(secret: &str, before: &str, after: &str) -> Vec<(String, usize)> {
    let whole = format!("{before}{secret}{after}");
    let encoded = (before.len() + after.len()).div_ceil(3) * 4 + 12;
    let url = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let json = json!(secret).to_string();
    let ascii: String = secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    vec![
        (secret.to_owned(), 0),
        (url(secret), 0),
        (url(secret).replace("%20", "+"), 0),
        (utf8_percent_encode(secret, RESERVED).to_string(), 0),
        (url(&url(secret)), 0),
        (json.clone(), 2),
        (json!(json).to_string(), 6),
        (format!("{secret:?}"), 2),
        (ascii, 0),
        (hex.to_uppercase(), 0),
        (STANDARD.encode(secret), 0),
        (URL_SAFE_NO_PAD.encode(secret), 0),
        (STANDARD.encode(&whole), encoded),
        (STANDARD_NO_PAD.encode(&whole), encoded),
        (URL_SAFE.encode(&whole), encoded),
        (url(&STANDARD.encode(&whole)), encoded * 3),
        (json!(STANDARD.encode(&whole)).to_string().replace('/', "\\/"), encoded * 2),
        (hex, 0),
        (format!("{:?}", secret.as_bytes()), 2),
        (format!("{:#x?}", secret.as_bytes()), 10),
        (json!(format!("{:#?}", secret.as_bytes())).to_string(), 20),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_form_of_a_secret_survives(
        secret in secret(),
        others in prop::collection::vec(secret(), 0..3),
        left in "[ -~\n\\\\%]{0,12}",
        right in "[ -~\n\\\\%]{0,12}",
        before in "[a-z:]{0,4}",
        after in "[a-z:]{0,4}",
    ) {
        let mut secrets: Vec<&str> = others.iter().map(String::as_str).collect();
        secrets.push(&secret);
        let bare = secret.trim();
        for (form, room) in forms(bare, &before, &after) {
            let text = format!("{left}{form}{right}");
            let scrubbed = scrubbed(&secrets, &text);
            prop_assert!(scrubbed.contains("***"), "{form:?} stayed in {scrubbed:?}");
            // What is left is what stood around, and nothing of the secret beyond the stars.
            let most = left.len() + right.len() + room + 3 * (1 + secrets.len());
            prop_assert!(
                !scrubbed.contains(form.as_str()) && scrubbed.len() <= most,
                "{form:?} became {scrubbed:?}",
            );
        }
    }

    #[test]
    fn no_long_beginning_of_a_secret_survives_a_cut(
        secret in "[A-Za-z0-9+/]{12,64}",
        shown in 8_usize..64,
        left in "[ -~\n\\\\%]{0,12}",
        right in "[ -~\n\\\\%]{0,12}",
    ) {
        let beginning = |text: &str, most| text.chars().take(most).collect::<String>();
        let plain = beginning(&secret, shown.min(secret.len() - 1));
        // One number more, of which only a part may be there.
        let listed = format!("{:?}", &secret.as_bytes()[..=plain.len()]);
        let listed = beginning(&listed, listed.len() - 2);
        let encoded = beginning(&STANDARD.encode(&secret), (plain.len() + 1) * 4 / 3);
        for (form, trace) in [
            (plain.clone(), plain.clone()),
            (listed.clone(), beginning(&listed, 24)),
            (encoded.clone(), encoded.clone()),
        ] {
            let scrubbed = scrubbed(&[&secret], &format!("{left}{form}...{right}"));
            prop_assert!(!scrubbed.contains(&trace), "{form:?} stayed in {scrubbed:?}");
        }
    }

    #[test]
    fn texts_without_the_secret_stay_as_they_are(text in "[a-m0-4 %+\\\\&\n/-]{0,200}") {
        let left = scrubbed(&["zyxwvuts98765"], &text);
        prop_assert_eq!(left, text);
    }
}
