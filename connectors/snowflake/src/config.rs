//! What the official task class serialises: where a query runs and how to get there.
//! The same comes back in the metadata of a job, without what is secret.

use std::collections::BTreeMap;

use connector_core::prelude::*;
use connector_http::Url;
use serde_json::{Map, Value};

/// Members of `connection_kwargs` that are secret, beside those whose names say so.
const SECRET: [&str; 6] = ["password", "passcode", "token", "private_key", "id_token", "mfa_token"];
/// Ends of names that say so.
const SECRET_ENDS: [&str; 5] = ["_password", "_passphrase", "_secret", "_pwd", "_refresh_token"];

/// The settings of one task.
#[derive(Debug, Default, TaskConfig)]
pub struct QueryTask {
    /// The account, such as `myorg-myaccount`.
    account: Option<String>,
    /// The user that the query runs as.
    user: Option<String>,
    /// The database that names in the statement belong to.
    database: Option<String>,
    /// The schema that names in the statement belong to; `PUBLIC` if none is given.
    schema: Option<String>,
    /// The warehouse that runs the query.
    warehouse: Option<String>,
    /// Whether inputs are lists, and the one `VALUES (…)` of the statement has a row for each index.
    pub(crate) batch: Option<bool>,
    /// Further parameters of the Python client's `connect`. These take effect: `role`,
    /// `session_parameters`, `authenticator`, `password`, `token`, `host`, `port`, `protocol`, `region`.
    connection_kwargs: Option<Value>,
}

/// Whose account, and the session that a query runs in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Place {
    pub(crate) account: String,
    pub(crate) user: String,
    pub(crate) database: String,
    pub(crate) schema: String,
    pub(crate) warehouse: String,
    /// Further parameters of the Python client's `connect`; those that it has here are read, the others
    /// are left alone.
    pub(crate) kwargs: Map<String, Value>,
}

impl Place {
    /// Reads it from the settings of a task; what they do not say may stand in its template's `config`,
    /// where tasks of Flyte 1 have it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: something is missing.
    pub(crate) fn read(task: &QueryTask, of_flyte_1: &BTreeMap<String, String>) -> Result<Self> {
        let text = |said: &Option<String>, key: &str| {
            let said = said.as_ref().filter(|text| !text.is_empty());
            said.or_else(|| of_flyte_1.get(key)).filter(|text| !text.is_empty()).cloned()
        };
        let account = text(&task.account, "account").ok_or_else(|| {
            ConnectorError::invalid_task(
                "Missing Snowflake account. Set it through task configuration.",
            )
        })?;
        let (Some(user), Some(database), Some(warehouse)) = (
            text(&task.user, "user"),
            text(&task.database, "database"),
            text(&task.warehouse, "warehouse"),
        ) else {
            return Err(ConnectorError::invalid_task(
                "User, database and warehouse must be specified in the task configuration.",
            ));
        };
        let schema = text(&task.schema, "schema").unwrap_or_else(|| "PUBLIC".to_owned());
        let kwargs = match task.connection_kwargs.clone().map(as_python_reads) {
            Some(Value::Object(kwargs)) => kwargs,
            None | Some(Value::Null) => Map::new(),
            Some(_) => {
                return Err(ConnectorError::invalid_task(
                    "`custom.connection_kwargs` must be an object",
                ));
            }
        };
        Ok(Self { account, user, database, schema, warehouse, kwargs })
    }

    /// What of `connection_kwargs` may be kept: all but what is secret.
    pub(crate) fn kept(&self) -> Map<String, Value> {
        without_secrets(&self.kwargs)
    }

    /// A parameter that is a text and not empty.
    pub(crate) fn kwarg(&self, name: &str) -> Option<&str> {
        self.kwargs.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// How the user signs in, in upper case, if the task says it.
    pub(crate) fn authenticator(&self) -> Option<String> {
        self.kwarg("authenticator").map(str::to_ascii_uppercase)
    }

    /// Parameters of the session, numbers as whole ones where they are.
    pub(crate) fn session_parameters(&self) -> Map<String, Value> {
        let given = self.kwargs.get("session_parameters").and_then(Value::as_object);
        let mut parameters = given.cloned().unwrap_or_default();
        parameters.values_mut().for_each(whole);
        parameters
    }

    /// Where calls go.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: the account, or `host`, `port`, `protocol` or `region` of
    /// `connection_kwargs`, make no URL.
    pub(crate) fn url(&self) -> Result<Url> {
        let host = match self.kwarg("host") {
            Some(host) => host.to_owned(),
            None => self.host_of_account()?,
        };
        let protocol = self.kwarg("protocol").unwrap_or("https");
        let port = match self.kwargs.get("port") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(port)) => format!(":{port}"),
            Some(port) => format!(":{}", port.as_f64().unwrap_or(-1.0)),
        };
        let url = Url::parse(&format!("{protocol}://{host}{port}/")).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.host_str().is_some_and(|read| read.eq_ignore_ascii_case(&host))
                && url.path() == "/"
                && url.username().is_empty()
                && url.query().is_none()
        });
        url.ok_or_else(|| {
            ConnectorError::invalid_task(
                "`host`, `port` and `protocol` of `connection_kwargs` make no URL; write them like \
                 `acme.snowflakecomputing.com`, `443` and `https`",
            )
        })
    }

    fn host_of_account(&self) -> Result<String> {
        let account = self.account.as_str();
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !account.chars().all(legal) {
            return Err(ConnectorError::invalid_task(format!(
                "the Snowflake account {account:?} is none; it looks like `myorg-myaccount`, without a \
                 host"
            )));
        }
        let (account, region) = match self.kwarg("region").filter(|region| *region != "us-west-2") {
            Some(region) => (self.account_name(), Some(region)),
            None => (account, account.split('.').nth(1)),
        };
        let region_given = self.kwarg("region").and(region).map(|region| format!(".{region}"));
        let is_china = region.is_some_and(|region| region.to_ascii_lowercase().starts_with("cn-"));
        let top = if is_china { "cn" } else { "com" };
        Ok(format!("{account}{}.snowflakecomputing.{top}", region_given.unwrap_or_default()))
    }

    /// The account without its region.
    pub(crate) fn account_name(&self) -> &str {
        self.account.split('.').next().unwrap_or_default()
    }
}

/// Objects as Python reads them out of protobuf: every number is a float.
fn as_python_reads(value: Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().map_or(Value::Null, Value::from),
        Value::Array(items) => items.into_iter().map(as_python_reads).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(key, value)| (key, as_python_reads(value))).collect()
        }
        value => value,
    }
}

fn whole(value: &mut Value) {
    #[expect(clippy::cast_possible_truncation, reason = "it is compared with what it was")]
    if let Some(float) = value.as_f64()
        && float.fract() == 0.0
        && float.abs() < 9e15
    {
        *value = (float as i64).into();
    }
}

fn without_secrets(members: &Map<String, Value>) -> Map<String, Value> {
    let kept = members.iter().filter(|(key, _)| !is_secret(key)).map(|(key, value)| {
        let value = match value {
            Value::Object(members) => Value::Object(without_secrets(members)),
            value => value.clone(),
        };
        (key.clone(), value)
    });
    kept.collect()
}

fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRET.contains(&key.as_str()) || SECRET_ENDS.iter().any(|end| key.ends_with(end))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use connector_core::custom_info::json_to_struct;
    use connector_core::prelude::*;
    use serde_json::{Value, json};

    use super::{Place, QueryTask};

    fn read(custom: Value) -> Result<Place> {
        let task = QueryTask::from_custom(json_to_struct(custom).unwrap())?;
        Place::read(&task, &BTreeMap::new())
    }

    fn with(kwargs: &Value) -> Place {
        let custom = json!({
            "account": "myorg-acc", "user": "flyte", "database": "DB", "warehouse": "WH",
            "connection_kwargs": kwargs,
        });
        read(custom).unwrap()
    }

    fn url(kwargs: &Value) -> String {
        with(kwargs).url().map_or_else(|error| error.to_string(), |url| url.to_string())
    }

    #[test]
    fn what_is_missing_is_named_in_the_official_words() {
        let error = read(json!({"user": "u"})).unwrap_err();
        assert_eq!(
            error.message(),
            "Missing Snowflake account. Set it through task configuration."
        );
        for custom in [
            json!({"account": "a", "user": "u", "database": "d"}),
            json!({"account": "a", "user": "", "database": "d", "warehouse": "w"}),
        ] {
            assert_eq!(
                read(custom).unwrap_err().message(),
                "User, database and warehouse must be specified in the task configuration."
            );
        }
        assert_eq!(with(&json!({})).schema, "PUBLIC");
        assert_eq!(with(&Value::Null).kwargs.len(), 0);
    }

    #[test]
    fn calls_go_to_the_accounts_host_or_to_the_one_named() {
        assert_eq!(url(&json!({})), "https://myorg-acc.snowflakecomputing.com/");
        assert_eq!(
            url(&json!({"region": "cn-north-1"})),
            "https://myorg-acc.cn-north-1.snowflakecomputing.cn/"
        );
        let local = json!({"host": "127.0.0.1", "port": 8080, "protocol": "http"});
        assert_eq!(url(&local), "http://127.0.0.1:8080/");
        assert_eq!(url(&json!({"host": "a.example", "port": "8443"})), "https://a.example:8443/");
        for bad in [
            json!({"host": "evil.example/x"}),
            json!({"host": "u@evil.example"}),
            json!({"host": "evil.example?"}),
            json!({"host": "a", "port": "x"}),
            json!({"host": "a", "port": 1.5}),
            json!({"protocol": "ftp"}),
        ] {
            assert!(url(&bad).contains("make no URL"), "{bad}");
        }
        let custom =
            json!({"account": "evil.example/", "user": "u", "database": "d", "warehouse": "w"});
        assert!(read(custom).unwrap().url().unwrap_err().message().contains("without a host"));
    }

    #[test]
    fn secrets_are_not_kept_and_the_rest_is_spelled_as_in_python() {
        let kept = with(&json!({
            "role": "R", "port": 8080, "password": "hunter2!", "token": "t", "proxy_password": "p",
            "session_parameters": {"STATEMENT_TIMEOUT_IN_SECONDS": 60, "X_SECRET": "s"},
        }))
        .kept();
        assert_eq!(
            Value::Object(kept).to_string(),
            r#"{"port":8080.0,"role":"R","session_parameters":{"STATEMENT_TIMEOUT_IN_SECONDS":60.0}}"#
        );
    }

    #[test]
    fn parameters_of_the_session_are_whole_numbers() {
        let place = with(&json!({"session_parameters": {"A": 60, "B": 1.5, "C": "x", "D": true}}));
        let sent = Value::Object(place.session_parameters());
        assert_eq!(sent, json!({"A": 60, "B": 1.5, "C": "x", "D": true}));
    }

    #[test]
    fn a_task_of_flyte_1_has_its_settings_in_the_template() {
        let old = ["account", "user", "database", "schema", "warehouse"];
        let old: BTreeMap<String, String> =
            old.iter().map(|key| ((*key).to_owned(), format!("the {key}"))).collect();
        let place = Place::read(&QueryTask::default(), &old).unwrap();
        assert_eq!((&*place.account, &*place.schema), ("the account", "the schema"));
        assert!(place.kwargs.is_empty());
        let said = json_to_struct(json!({"user": "said"})).unwrap();
        let said = QueryTask::from_custom(said).unwrap();
        assert_eq!(Place::read(&said, &old).unwrap().user, "said", "the task's own goes first");
    }
}
