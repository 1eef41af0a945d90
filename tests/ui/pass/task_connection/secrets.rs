//! Secrets and settings are apart, typed, and never shown.

use connector_core::ErrorKind;
use connector_core::prelude::*;

#[derive(Debug, TaskConnection)]
struct RenderAccess {
    /// The farm's key.
    #[secret]
    api_key: Secret,
    #[secret(rename = "fallback")]
    token: Option<Secret>,
    endpoint: Option<String>,
    #[connection(default = 443)]
    port: u16,
    #[connection(rename = "Verify", default = true)]
    verify: bool,
    #[connection(optional)]
    weight: Option<f64>,
    /// A setting may have the name of a secret.
    #[connection(rename = "api_key", default)]
    key_name: String,
}

fn connection(secrets: &[(&str, &str)], configs: &[(&str, &str)]) -> pb::Connection {
    let map = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    pb::Connection { secrets: map(secrets), configs: map(configs), ..Default::default() }
}

fn main() {
    let access = RenderAccess::from_connection(connection(
        &[("api_key", "hunter2"), ("fallback", "swordfish")],
        &[("port", "8080"), ("Verify", "false"), ("weight", "0.5"), ("api_key", "main")],
    ))
    .unwrap();
    assert_eq!(access.api_key.expose().unwrap(), "hunter2");
    let token = access.token.as_ref().map(|token| token.expose().unwrap());
    assert_eq!(token, Some("swordfish"));
    assert_eq!((access.port, access.verify, access.weight), (8080, false, Some(0.5)));
    assert_eq!((access.endpoint.as_deref(), access.key_name.as_str()), (None, "main"));
    let shown = format!("{access:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("swordfish"), "{shown}");

    let least = RenderAccess::from_connection(connection(&[("api_key", "k")], &[])).unwrap();
    assert_eq!((least.port, least.verify, least.token.is_none()), (443, true, true));

    let error = RenderAccess::from_connection(connection(&[], &[("port", "hunter2")])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidTask);
    assert_eq!(
        error.message(),
        "the task's secrets and configs do not fit:\n \
         - `api_key`: is missing; name it under `secrets` in the task's settings, or ask the \
         operator for it\n \
         - `port`: expected an int, found other text"
    );

    // The operator's secrets stand in for what the task did not bring, and go to named hosts only.
    let variables = [
        ("CONNECTOR__RENDER__SECRET__API_KEY", "operators"),
        ("CONNECTOR__RENDER__SECRET__FALLBACK", "operators"),
        ("CONNECTOR__RENDER__SECRET_HOSTS", "farm.example"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let operator = connector_core::OperatorSecrets::read("render", &variables).unwrap();
    let brought = connection(&[("fallback", "swordfish")], &[]);
    let access = RenderAccess::with_operator(brought, &operator).unwrap();
    assert_eq!(access.token.unwrap().expose().unwrap(), "swordfish");
    assert_eq!(access.api_key.expose_for("farm.example").unwrap(), "operators");
    let error = access.api_key.expose_for("evil.example").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permanent);

    let fields = RenderAccess::describe().unwrap();
    let seen: Vec<(bool, bool)> = fields.iter().map(|f| (f.secret, f.required)).collect();
    assert_eq!(seen[..4], [(true, true), (true, false), (false, false), (false, false)]);
    assert_eq!(fields[0].description, "The farm's key.");
    let defaults: Vec<String> =
        fields.iter().flat_map(|field| &field.default).map(ToString::to_string).collect();
    assert_eq!(defaults, ["443", "true", "\"\""]);
}
