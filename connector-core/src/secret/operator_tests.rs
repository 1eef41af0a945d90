//! Where an operator may put secrets, which place goes first, and what is read again.

use std::fs;

use super::{OperatorSecrets, Refreshed};
use crate::settings::Settings;

fn read(variables: &[(&str, &str)]) -> Result<OperatorSecrets, String> {
    let variables: Vec<(String, String)> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    OperatorSecrets::read("my-task", &variables).map_err(|error| error.to_string())
}

fn text(secrets: &OperatorSecrets, name: &str) -> Option<String> {
    secrets.get(name).map(|secret| secret.expose_for("a.example").unwrap().to_owned())
}

const HOSTS: (&str, &str) = ("CONNECTOR__MY_TASK__SECRET_HOSTS", "a.example");

#[test]
fn variables_are_found_by_any_spelling_of_the_name() {
    let secrets = read(&[
        HOSTS,
        ("CONNECTOR__MY_TASK__SECRET__API_KEY", "k1"),
        ("CONNECTOR__MY_TASK__SECRET__EMPTY", ""),
        ("CONNECTOR__OTHER__SECRET__TOKEN", "k2"),
    ])
    .unwrap();
    for name in ["api_key", "API-KEY", "api.key"] {
        assert_eq!(text(&secrets, name).as_deref(), Some("k1"), "{name}");
    }
    assert!(secrets.get("token").is_none() && secrets.get("empty").is_none());
    assert_eq!(format!("{secrets:?}"), r#"{"api_key"}"#);
    let error = secrets.get("api_key").unwrap().expose_for("b.example").unwrap_err();
    assert!(error.message().contains("CONNECTOR__MY_TASK__SECRET_HOSTS"), "{error}");
    assert!(!error.message().contains("k1"), "{error}");
}

#[test]
fn without_hosts_nothing_is_shown() {
    let secrets = read(&[("CONNECTOR__MY_TASK__SECRET__KEY", "k1")]).unwrap();
    let secret = secrets.get("key").unwrap();
    let error = secret.expose_for("a.example").unwrap_err();
    assert!(error.message().contains("set CONNECTOR__MY_TASK__SECRET_HOSTS to"), "{error}");
    assert!(secret.expose().is_err());
    assert!(OperatorSecrets::default().is_never_any());
}

#[test]
fn mounted_files_go_before_variables_and_are_read_again() {
    let root = tempfile::tempdir().unwrap();
    let own = root.path().join("my-task");
    fs::create_dir_all(own.join("..data")).unwrap();
    fs::write(own.join("api_key"), "\u{feff}f1\r\n").unwrap();
    fs::write(own.join("empty"), "\n").unwrap();
    fs::write(own.join("pem"), "a\nb\n").unwrap();
    fs::write(own.join(".hidden"), "x").unwrap();
    let secrets = read(&[
        HOSTS,
        ("CONNECTOR_SECRETS_DIR", root.path().to_str().unwrap()),
        ("CONNECTOR__MY_TASK__SECRET__API_KEY", "v1"),
        ("CONNECTOR__MY_TASK__SECRET__TOKEN", "\u{feff}v2\n"),
    ])
    .unwrap();
    let now = |name| text(&secrets, name);
    assert_eq!(now("api_key").as_deref(), Some("f1"));
    assert_eq!(now("pem").as_deref(), Some("a\nb\n"));
    assert_eq!(now("token").as_deref(), Some("v2"));
    assert_eq!((now(".hidden"), now("empty")), (None, None));
    assert_eq!(secrets.refresh(), Refreshed::default());

    let held = secrets.get("api_key").unwrap();
    fs::write(own.join("api_key"), "f2").unwrap();
    fs::remove_file(own.join("pem")).unwrap();
    fs::write(own.join("token"), [0xff, 0xfe]).unwrap();
    let version = secrets.version();
    let second = secrets.refresh();
    assert!(second.changed && secrets.version() > version);
    assert_eq!(second.problems.len(), 1);
    assert!(second.problems[0].ends_with("token: it is no text"), "{second:?}");
    assert_eq!(now("api_key").as_deref(), Some("f2"));
    assert_eq!(now("pem"), None);
    assert_eq!(now("token").as_deref(), Some("v2"));
    assert_eq!(held.expose_for("a.example").unwrap(), "f1", "a call keeps what it has");
    let mut seen = Vec::new();
    secrets.each_value(|value| seen.push(value.to_owned()));
    assert_eq!(seen, ["v1", "v2", "f2", "f1", "a\nb\n"]);

    // Half written: what was read before stays.
    fs::write(own.join("api_key"), [0xff]).unwrap();
    assert_eq!((secrets.refresh().changed, now("api_key").as_deref()), (false, Some("f2")));
}

#[test]
fn what_cannot_be_meant_stops_the_start() {
    let error = read(&[("CONNECTOR__MY_TASK__SECRET_HOSTS", "https://a/x")]).unwrap_err();
    assert!(
        error.contains("CONNECTOR__MY_TASK__SECRET_HOSTS: `https://a/x` is no host"),
        "{error}"
    );
    let error = read(&[("CONNECTOR_SECRETS_DIR", "/no/such/directory")]).unwrap_err();
    assert!(error.contains("`/no/such/directory` is no directory"), "{error}");
}

#[test]
fn settings_hold_the_same_secrets() {
    let secrets = read(&[HOSTS, ("CONNECTOR__MY_TASK__SECRET__KEY", "k1")]).unwrap();
    let values = [("token".to_owned(), "t1\n".to_owned())];
    let settings = Settings::from_iter(values).with_operator(secrets.into());
    for (name, value) in [("key", "k1"), ("token", "t1")] {
        let secret = settings.secret(name).unwrap();
        assert_eq!(secret.expose_for("a.example").unwrap(), value);
        assert!(secret.expose_for("b.example").is_err() && secret.expose().is_err());
    }
}

#[test]
fn the_places_of_flyte_1_come_after_our_own_and_are_bound_to_hosts_too() {
    let root = tempfile::tempdir().unwrap();
    let old = root.path().join("old");
    fs::create_dir_all(&old).unwrap();
    for (name, value) in [("api_key", "of the file"), ("only_here", "f"), ("token", "f")] {
        fs::write(old.join(name), value).unwrap();
    }
    let secrets = read(&[
        HOSTS,
        ("FLYTE_SECRETS_DEFAULT_DIR", old.to_str().unwrap()),
        ("_FSEC_API_KEY", "of Flyte 1"),
        ("_FSEC_TOKEN", "v"),
        ("CONNECTOR__MY_TASK__SECRET__TOKEN", "own"),
    ])
    .unwrap();
    let now = |name| text(&secrets, name);
    assert_eq!(now("token").as_deref(), Some("own"));
    assert_eq!(now("api_key").as_deref(), Some("of Flyte 1"));
    assert_eq!(now("ONLY_HERE").as_deref(), Some("f"), "files have lower-case names there");
    let elsewhere = secrets.get("api_key").unwrap();
    assert!(elsewhere.expose_for("b.example").is_err() && elsewhere.expose().is_err());
    fs::write(old.join("only_here"), "g").unwrap();
    assert!(secrets.refresh().changed);
    assert_eq!(now("only_here").as_deref(), Some("g"));
    let mut seen = Vec::new();
    secrets.each_value(|value| seen.push(value.to_owned()));
    seen.sort();
    assert_eq!(seen, ["f", "f", "g", "of Flyte 1", "of the file", "own"]);
}
