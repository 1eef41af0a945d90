//! How a user proves who it is: a key pair, a password, or a token that somebody else has made.
//! `session` signs in with it; which one it is follows from what the task and the operator bring.

use connector_core::prelude::*;
use serde_json::{Map, Value, json};

use crate::config::Place;
use crate::key_pair;

/// How the task's user signs in, or whom the operator lends.
#[derive(Debug, TaskConnection)]
pub struct Access {
    /// The user's private key in PEM: RSA, PKCS #8, encrypted or not.
    #[secret]
    snowflake_private_key: Option<Secret>,
    /// The passphrase of the key.
    #[secret]
    snowflake_private_key_passphrase: Option<Secret>,
    /// The user's password, where neither the task nor anybody else brings a key.
    #[secret]
    snowflake_password: Option<Secret>,
    /// A token, where the task says `"authenticator": "oauth"` or `"programmatic_access_token"`.
    #[secret]
    snowflake_token: Option<Secret>,
}

impl Access {
    /// What the operator lends, for calls that bring no connection.
    pub(crate) fn of_operator(settings: &Settings) -> Self {
        Self {
            snowflake_private_key: settings.secret("snowflake_private_key"),
            snowflake_private_key_passphrase: settings.secret("snowflake_private_key_passphrase"),
            snowflake_password: settings.secret("snowflake_password"),
            snowflake_token: settings.secret("snowflake_token"),
        }
    }
}

/// One of the ways.
#[derive(Debug, Clone)]
pub(crate) enum Credential {
    KeyPair { key: Secret, passphrase: Option<Secret> },
    Password(Secret),
    Token { authenticator: &'static str, token: Secret },
}

/// What is said at the door, and what must not be seen in any answer.
#[derive(Debug)]
pub(crate) struct Said {
    /// Members of the login request.
    pub(crate) members: Map<String, Value>,
    /// The secret ones among them, and what they were made of.
    pub(crate) hidden: Vec<Secret>,
}

impl Credential {
    /// The credential of a task, or of the operator; `None` if there is none.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: the task asks for a way that is not to be had here.
    pub(crate) fn of(place: &Place, access: &Access) -> Result<Option<Self>> {
        let own = |name: &str| place.kwarg(name).map(Secret::new);
        let key = || {
            access.snowflake_private_key.clone().map(|key| Self::KeyPair {
                key,
                passphrase: access.snowflake_private_key_passphrase.clone(),
            })
        };
        let lent = || access.snowflake_password.clone();
        let token = |authenticator| {
            let token = own("token").or_else(|| access.snowflake_token.clone())?;
            Some(Self::Token { authenticator, token })
        };
        Ok(match place.authenticator().as_deref() {
            // What the task itself says goes before what may be the operator's.
            None | Some("SNOWFLAKE") => own("password")
                .map(Self::Password)
                .or_else(key)
                .or_else(|| lent().map(Self::Password)),
            Some("SNOWFLAKE_JWT") => key(),
            Some("OAUTH") => token("OAUTH"),
            Some("PROGRAMMATIC_ACCESS_TOKEN") => token("PROGRAMMATIC_ACCESS_TOKEN"),
            Some(other) => {
                return Err(ConnectorError::invalid_task(format!(
                    "nobody can sign in by `{other}` here; there is a key pair (the secret \
                     `snowflake_private_key`), a password, and with a token `oauth` and \
                     `programmatic_access_token`"
                )));
            }
        })
    }

    /// The texts of it, for the host that they are sent to.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: it is the operator's and not for that host.
    pub(crate) fn texts(&self, host: &str) -> Result<Vec<&str>> {
        let secrets = match self {
            Self::KeyPair { key, passphrase } => [Some(key), passphrase.as_ref()],
            Self::Password(secret) | Self::Token { token: secret, .. } => [Some(secret), None],
        };
        secrets.into_iter().flatten().map(|secret| secret.expose_for(host)).collect()
    }

    /// What is said to sign in. A key signs anew each time.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`]: it is no good; [`ErrorKind::Permanent`]: it is the operator's and
    /// not for that host.
    pub(crate) fn said(&self, place: &Place, host: &str) -> Result<Said> {
        let texts = self.texts(host)?;
        let text = texts.first().copied().unwrap_or_default();
        let (members, made) = match self {
            Self::KeyPair { .. } => {
                let key = key_pair::read(text, texts.get(1).copied())?;
                let token = key_pair::web_token(&key, &place.account, &place.user)?;
                (json!({"AUTHENTICATOR": "SNOWFLAKE_JWT", "TOKEN": token}), Some(token))
            }
            Self::Password(_) => (json!({"PASSWORD": text}), None),
            Self::Token { authenticator, .. } => {
                (json!({"AUTHENTICATOR": authenticator, "TOKEN": text}), None)
            }
        };
        let lines = texts.iter().flat_map(|text| text.lines());
        let hidden = lines.filter(|line| !line.starts_with("-----")).map(Secret::new);
        Ok(Said {
            members: members.as_object().cloned().unwrap_or_default(),
            hidden: hidden.chain(made.map(Secret::new)).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use connector_core::custom_info::json_to_struct;
    use connector_core::prelude::*;
    use serde_json::json;

    use super::{Access, Credential};
    use crate::config::{Place, QueryTask};

    fn of(kwargs: &serde_json::Value, secrets: &[&str]) -> String {
        let custom = json!({
            "account": "a", "user": "u", "database": "d", "warehouse": "w", "connection_kwargs": kwargs,
        });
        let custom = QueryTask::from_custom(json_to_struct(custom).unwrap()).unwrap();
        let secrets = secrets.iter().map(|name| ((*name).to_owned(), format!("the {name}")));
        let connection = pb::Connection { secrets: secrets.collect(), ..Default::default() };
        let access = Access::from_connection(connection).unwrap();
        match Credential::of(&Place::read(&custom, &BTreeMap::new()).unwrap(), &access) {
            Err(error) => error.to_string(),
            Ok(None) => "none".to_owned(),
            Ok(Some(credential)) => {
                let texts = credential.texts("a.example").unwrap().join(", ");
                let way = match credential {
                    Credential::KeyPair { .. } => "key",
                    Credential::Password(_) => "password",
                    Credential::Token { authenticator, .. } => authenticator,
                };
                format!("{way}: {texts}")
            }
        }
    }

    #[test]
    fn what_the_task_says_goes_before_what_may_be_lent() {
        let all = [
            "snowflake_private_key",
            "snowflake_private_key_passphrase",
            "snowflake_password",
            "snowflake_token",
        ];
        let key = "key: the snowflake_private_key, the snowflake_private_key_passphrase";
        assert_eq!(of(&json!({}), &[]), "none");
        assert_eq!(of(&json!({}), &all), key);
        assert_eq!(of(&json!({"authenticator": "snowflake_jwt", "password": "p"}), &all), key);
        assert_eq!(of(&json!({"password": "own"}), &all), "password: own");
        assert_eq!(of(&json!({}), &all[2..]), "password: the snowflake_password");
        assert_eq!(of(&json!({"authenticator": "oauth", "token": "t"}), &all), "OAUTH: t");
        assert_eq!(of(&json!({"authenticator": "oauth"}), &all), "OAUTH: the snowflake_token");
        assert_eq!(of(&json!({"authenticator": "oauth"}), &all[..1]), "none");
        let browser = of(&json!({"authenticator": "externalbrowser"}), &all);
        assert!(browser.contains("`EXTERNALBROWSER`") && browser.contains("key pair"), "{browser}");
    }
}
