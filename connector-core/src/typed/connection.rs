//! Secrets and settings of a connection as typed fields.
//! Derived `TaskConnection` uses these. Settings are text on the wire; secrets are never shown.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::describe::{FieldDescription, TypeDescription};
use super::mismatch::Mismatches;
use crate::error::Result;
use crate::pb;
use crate::secret::{Lent, OperatorSecrets, Secret};

/// A type that a setting of a connection can have; the wire carries text.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a setting of a connection",
    label = "not a setting",
    note = "settings are text: use `String`, `bool`, an integer from `i8` to `u64`, a float, or an `Option` of one; a `Secret` needs `#[secret]`"
)]
pub trait ConnectionValue: Sized + Send + Sync + 'static {
    /// Reads the text of a setting.
    ///
    /// # Errors
    /// The text is something else; it is not repeated in the message.
    fn from_text(text: &str) -> Result<Self, Mismatches>;

    /// The type for people.
    fn describe() -> TypeDescription;

    /// This value for people, where it is a default.
    fn to_json(&self) -> serde_json::Value;

    /// The value of a setting that did not come; `None` if one must come.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }
}

impl ConnectionValue for String {
    fn from_text(text: &str) -> Result<Self, Mismatches> {
        Ok(text.to_owned())
    }

    fn describe() -> TypeDescription {
        <Self as super::FlyteType>::describe()
    }

    fn to_json(&self) -> serde_json::Value {
        self.as_str().into()
    }
}

macro_rules! parsed {
    ($($type:ty),+) => {
        $(impl ConnectionValue for $type {
            fn from_text(text: &str) -> Result<Self, Mismatches> {
                text.parse().map_err(|_| {
                    let expected = <Self as ConnectionValue>::describe().article();
                    Mismatches::expected(&expected, "other text")
                })
            }

            fn describe() -> TypeDescription {
                <Self as super::FlyteType>::describe()
            }

            fn to_json(&self) -> serde_json::Value {
                (*self).into()
            }
        })+
    };
}

parsed!(bool, i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);

impl<T: ConnectionValue> ConnectionValue for Option<T> {
    fn from_text(text: &str) -> Result<Self, Mismatches> {
        T::from_text(text).map(Some)
    }

    fn describe() -> TypeDescription {
        TypeDescription::optional(&T::describe())
    }

    fn to_json(&self) -> serde_json::Value {
        self.as_ref().map_or(serde_json::Value::Null, T::to_json)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

/// A type that a secret of a connection can have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold a secret",
    label = "not a `Secret`",
    note = "a field with `#[secret]` is a `Secret` or an `Option<Secret>`: it prints as `***` and cannot be serialised"
)]
pub trait SecretValue: Sized + Send + Sync + 'static {
    /// Whether the secret must be there.
    const REQUIRED: bool;

    /// Takes the secret, if it is there.
    fn from_secret(secret: Option<Secret>) -> Option<Self>;
}

impl SecretValue for Secret {
    const REQUIRED: bool = true;

    fn from_secret(secret: Option<Secret>) -> Option<Self> {
        secret
    }
}

impl SecretValue for Option<Secret> {
    const REQUIRED: bool = false;

    fn from_secret(secret: Option<Secret>) -> Option<Self> {
        Some(secret)
    }
}

/// A connection being read; every problem is kept until the end.
#[derive(Debug)]
pub struct ConnectionFields {
    secrets: BTreeMap<String, Secret>,
    configs: BTreeMap<String, String>,
    lent: Arc<Lent>,
    problems: Mismatches,
}

impl ConnectionFields {
    /// Reads from this connection.
    #[must_use]
    pub fn new(connection: pb::Connection) -> Self {
        let secrets = connection.secrets.into_iter();
        Self {
            secrets: secrets.map(|(name, value)| (name, Secret::new(value))).collect(),
            configs: connection.configs,
            lent: Arc::default(),
            problems: Mismatches::default(),
        }
    }

    /// The same, with the operator's secrets for what is missing.
    #[must_use]
    pub fn with_operator(connection: pb::Connection, operator: &OperatorSecrets) -> Self {
        Self { lent: operator.lent(), ..Self::new(connection) }
    }

    /// Takes a setting; it must be there, unless its type can be absent.
    pub fn take<T: ConnectionValue>(&mut self, name: &str) -> Option<T> {
        match self.configs.get(name) {
            Some(_) => self.read(name),
            None => {
                let absent = T::absent();
                if absent.is_none() {
                    self.missing(name, "name it under `configs` in the task's settings");
                }
                absent
            }
        }
    }

    /// Takes a setting that has a default.
    pub fn take_or<T: ConnectionValue>(
        &mut self,
        name: &str,
        default: impl FnOnce() -> T,
    ) -> Option<T> {
        if self.configs.contains_key(name) { self.read(name) } else { Some(default()) }
    }

    /// Takes a secret.
    pub fn take_secret<T: SecretValue>(&mut self, name: &str) -> Option<T> {
        let own = self.secrets.remove(name);
        let lent = || self.lent.get(name).cloned();
        let found = match own {
            Some(own) if own.is_empty() => lent().or(Some(own)),
            Some(own) => Some(own),
            None => lent(),
        };
        let taken = T::from_secret(found);
        if taken.is_none() {
            self.missing(
                name,
                "name it under `secrets` in the task's settings, or ask the operator for it",
            );
        }
        taken
    }

    fn read<T: ConnectionValue>(&mut self, name: &str) -> Option<T> {
        let text = self.configs.get(name)?;
        T::from_text(text).map_err(|found| self.problems.extend(found.in_field(name))).ok()
    }

    fn missing(&mut self, name: &str, advice: &str) {
        let text = format!("is missing; {advice}");
        self.problems.extend(Mismatches::new(text).in_field(name));
    }

    /// The connection, if everything was fine.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidTask`], listing every problem, never a value.
    pub fn finish<T>(self, connection: Option<T>) -> Result<T> {
        match connection {
            Some(connection) if self.problems.is_empty() => Ok(connection),
            _ => Err(self.problems.into_error("the task's secrets and configs")),
        }
    }
}

impl FieldDescription {
    /// A setting of a connection.
    #[must_use]
    pub fn of_setting<T: ConnectionValue>(name: &str, description: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: T::describe(),
            declared: None,
            description: description.to_owned(),
            required: T::absent().is_none(),
            default: None,
            secret: false,
        }
    }

    /// A secret of a connection.
    #[must_use]
    pub fn of_secret<T: SecretValue>(name: &str, description: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: TypeDescription::plain("str", "string"),
            declared: None,
            description: description.to_owned(),
            required: T::REQUIRED,
            default: None,
            secret: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ConnectionFields;
    use crate::pb;
    use crate::secret::Secret;

    fn connection() -> pb::Connection {
        pb::Connection {
            secrets: [("api_key".to_owned(), "hunter2".to_owned())].into(),
            configs: [("port".to_owned(), "8080x".to_owned())].into(),
            ..Default::default()
        }
    }

    #[test]
    fn secrets_and_settings_are_apart_and_typed() {
        let mut fields = ConnectionFields::new(connection());
        assert_eq!(fields.take_secret::<Secret>("api_key").unwrap().expose().unwrap(), "hunter2");
        assert_eq!(fields.take::<String>("port").as_deref(), Some("8080x"));
        assert_eq!(fields.take::<Option<u16>>("other"), Some(None));
        assert_eq!(fields.take_or("retries", || 3_u8), Some(3));
        assert!(fields.finish(Some(())).is_ok());
    }

    #[test]
    fn problems_are_listed_without_values() {
        let mut fields = ConnectionFields::new(connection());
        fields.take::<u16>("port");
        fields.take_secret::<Secret>("token");
        let error = fields.finish(None::<()>).unwrap_err();
        assert_eq!(
            error.message(),
            "the task's secrets and configs do not fit:\n \
             - `port`: expected an int, found other text\n \
             - `token`: is missing; name it under `secrets` in the task's settings, or ask \
             the operator for it"
        );
    }
}
