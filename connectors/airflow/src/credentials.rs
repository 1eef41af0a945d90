//! Who a call is made as: a token, or a user whom Airflow gives one.
//! What the task brings is used alone; only where it brings nothing does the operator's count, so that no task
//! has a part of the operator's credentials used with a part of its own.

use std::time::Duration;

use connector_core::prelude::*;
use connector_core::typed::FieldDescription;
use connector_core::{OperatorSecrets, TaskConnection};
use connector_http::{AccessToken, BaseUrl, HttpClient, Request, TokenCache};
use serde_json::json;

/// How long signing in may take, with its repetitions.
const SIGN_IN_FOR: Duration = Duration::from_secs(20);

/// The secrets that a task, or the operator, may have.
#[derive(Debug, Default, TaskConnection)]
pub(crate) struct Secrets {
    /// A token of Airflow's, as `POST /auth/token` gives one.
    #[secret]
    airflow_token: Option<Secret>,
    /// The user who is signed in where there is no token.
    #[secret]
    airflow_username: Option<Secret>,
    /// The password of that user.
    #[secret]
    airflow_password: Option<Secret>,
}

const NAMES: [&str; 3] = ["airflow_token", "airflow_username", "airflow_password"];

/// The secrets of one owner.
#[derive(Debug, Default)]
pub struct Access(Secrets);

impl Access {
    /// What the operator lends, for calls that bring no connection.
    pub(crate) fn of_operator(settings: &Settings) -> Self {
        let [airflow_token, airflow_username, airflow_password] =
            NAMES.map(|name| settings.secret(name));
        Self(Secrets { airflow_token, airflow_username, airflow_password })
    }
}

impl TaskConnection for Access {
    fn from_connection(mut connection: pb::Connection) -> Result<Self> {
        // A name without a value is what becomes of `None` in Python.
        connection.secrets.retain(|_, value| !value.is_empty());
        Secrets::from_connection(connection).map(Self)
    }

    fn with_operator(connection: pb::Connection, operator: &OperatorSecrets) -> Result<Self> {
        let own = Self::from_connection(connection)?;
        let Secrets { airflow_token, airflow_username, airflow_password } = &own.0;
        if [airflow_token, airflow_username, airflow_password].into_iter().any(Option::is_some) {
            return Ok(own);
        }
        Secrets::with_operator(pb::Connection::default(), operator).map(Self)
    }

    fn describe() -> Option<Vec<FieldDescription>> {
        Secrets::describe()
    }
}

/// A token, and whether there may be another one.
pub(crate) struct Bearer {
    token: Secret,
    /// What it was signed in for with; `None` if it came as it is.
    signed_in: Option<[String; 3]>,
}

impl Bearer {
    pub(crate) const fn is_renewable(&self) -> bool {
        self.signed_in.is_some()
    }

    /// The request made as its bearer.
    pub(crate) fn of(&self, request: Request) -> Result<Request> {
        let request = request.authorization("Bearer", &self.token)?;
        Ok(match &self.signed_in {
            Some([_, _, password]) => request.hiding(password),
            None => request,
        })
    }
}

/// The tokens of all who call.
#[derive(Debug)]
pub(crate) struct Tokens {
    http: HttpClient,
    cache: TokenCache,
}

impl Tokens {
    pub(crate) fn new(http: HttpClient) -> Self {
        Self { http, cache: TokenCache::default() }
    }

    /// A token for that Airflow.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`]: there are no credentials, or none that are taken;
    /// [`ErrorKind::Permanent`]: the operator's may not be sent there.
    pub(crate) async fn bearer(&self, access: &Access, base: &BaseUrl) -> Result<Bearer> {
        let Secrets { airflow_token, airflow_username, airflow_password } = &access.0;
        let (user, password) = match (airflow_token, airflow_username, airflow_password) {
            (Some(token), ..) => return Ok(Bearer { token: token.clone(), signed_in: None }),
            (None, Some(user), Some(password)) => (user, password),
            (None, user, password) => return Err(missing(user.is_some(), password.is_some())),
        };
        let host = base.authority();
        let user = user.expose_for(&host)?.to_owned();
        let password = password.expose_for(&host)?.to_owned();
        let parts = [base.as_str().to_owned(), user, password];
        let [_, user, password] = &parts;
        let sign_in = self.sign_in(base, user, password);
        let token = self.cache.token(&parts.each_ref().map(String::as_str), sign_in).await?;
        Ok(Bearer { token, signed_in: Some(parts) })
    }

    /// A token was refused: the next call signs in again.
    pub(crate) async fn refused(&self, bearer: &Bearer) {
        let Some(parts) = &bearer.signed_in else { return };
        self.cache.refused(&parts.each_ref().map(String::as_str), &bearer.token).await;
    }

    async fn sign_in(&self, base: &BaseUrl, user: &str, password: &str) -> Result<AccessToken> {
        let request = self.http.post(base.url(&["auth", "token"]));
        let request = request.json(&json!({"username": user, "password": password}))?;
        let request = request.hiding(password).repeatable().attempts(3).for_at_most(SIGN_IN_FOR);
        let answer = request.send().await.map_err(|error| match error.kind() {
            ErrorKind::Transient { .. } => error,
            _ => {
                let message = format!("signing in at {} has failed: {error}", base.authority());
                ConnectorError::unauthenticated(message).with_source(error)
            }
        })?;
        answer.secret_json()
    }
}

fn missing(has_user: bool, has_password: bool) -> ConnectorError {
    let what = match (has_user, has_password) {
        (true, _) => "only an `airflow_username`, and no `airflow_password`",
        (_, true) => "only an `airflow_password`, and no `airflow_username`",
        _ => "neither an `airflow_token` nor an `airflow_username` with an `airflow_password`",
    };
    ConnectorError::unauthenticated(format!(
        "there are no credentials for Airflow: task and operator give {what}. Name secrets in the task's \
         connection, or set CONNECTOR__AIRFLOW_DAG__SECRET__AIRFLOW_TOKEN (or …_USERNAME and …_PASSWORD) and \
         CONNECTOR__AIRFLOW_DAG__SECRET_HOSTS"
    ))
}
