//! Who a call is made as: a token, an OAuth client, or a workload whose identity Databricks trusts.
//! What the task brings is used alone; only where it brings nothing does the operator's count, so that
//! no task has a part of the operator's credentials used with a part of its own.

use std::io;
use std::time::Duration;

use connector_core::prelude::*;
use connector_core::typed::FieldDescription;
use connector_core::{OperatorSecrets, TaskConnection};
use connector_http::{AccessToken, Endpoint, HttpClient, Reading, Refusal, Request, TokenCache};

use crate::workspace::Workspace;

/// What a token of Databricks' own sign-in is for.
const SCOPE: &str = "all-apis";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
/// How long signing in may take, with its repetitions.
const SIGN_IN_FOR: Duration = Duration::from_secs(20);

/// The secrets that a task, or the operator, may have.
#[derive(Debug, Default, TaskConnection)]
pub(crate) struct Secrets {
    /// A personal access token, or any other that Databricks takes as it is.
    #[secret]
    databricks_token: Option<Secret>,
    /// The same, under the name that an installation of Flyte 1 has it.
    #[secret]
    flyte_databricks_access_token: Option<Secret>,
    /// The client id of a service principal.
    #[secret]
    databricks_client_id: Option<Secret>,
    /// Its OAuth secret, to sign in by client credentials.
    #[secret]
    databricks_client_secret: Option<Secret>,
    /// A token of another identity provider that Databricks is told to trust, to be exchanged.
    #[secret]
    databricks_oidc_token: Option<Secret>,
}

const NAMES: [&str; 5] = [
    "databricks_token",
    "flyte_databricks_access_token",
    "databricks_client_id",
    "databricks_client_secret",
    "databricks_oidc_token",
];

/// The secrets of one owner.
#[derive(Debug, Default)]
pub struct Access {
    secrets: Secrets,
    is_tasks: bool,
}

impl Access {
    /// What the operator lends, for calls that bring no connection.
    pub(crate) fn of_operator(settings: &Settings) -> Self {
        let [
            databricks_token,
            flyte_databricks_access_token,
            databricks_client_id,
            databricks_client_secret,
            databricks_oidc_token,
        ] = NAMES.map(|name| settings.secret(name));
        let secrets = Secrets {
            databricks_token,
            flyte_databricks_access_token,
            databricks_client_id,
            databricks_client_secret,
            databricks_oidc_token,
        };
        Self { secrets, is_tasks: false }
    }
}

impl Access {
    /// The token that the operator lends to tasks of that namespace of Kubernetes: the secret
    /// `databricks-token.NAMESPACE`. Flyte 1's connector reads `databricks-token` in the namespace itself.
    pub(crate) fn of_namespace(namespace: &str, settings: &Settings) -> Option<Self> {
        let databricks_token = Some(settings.secret(&format!("databricks-token.{namespace}"))?);
        let secrets = Secrets { databricks_token, ..Secrets::default() };
        Some(Self { secrets, is_tasks: false })
    }

    /// Whether the task brought it.
    pub(crate) const fn is_tasks(&self) -> bool {
        self.is_tasks
    }

    /// That token and nothing else.
    pub(crate) fn of_token(token: &str) -> Self {
        let secrets = Secrets { databricks_token: Some(Secret::new(token)), ..Secrets::default() };
        Self { secrets, is_tasks: true }
    }

    /// Whether there is nothing in it to sign in with.
    pub(crate) const fn is_nothing(&self) -> bool {
        let Secrets {
            databricks_token,
            flyte_databricks_access_token,
            databricks_client_id: _,
            databricks_client_secret,
            databricks_oidc_token,
        } = &self.secrets;
        databricks_token.is_none()
            && flyte_databricks_access_token.is_none()
            && databricks_client_secret.is_none()
            && databricks_oidc_token.is_none()
    }

    /// What Flyte 1's connector calls this way to sign in.
    pub(crate) const fn name_of_flyte_1(&self) -> &'static str {
        let Secrets {
            databricks_token,
            flyte_databricks_access_token,
            databricks_client_secret,
            ..
        } = &self.secrets;
        match (databricks_token, flyte_databricks_access_token, databricks_client_secret) {
            (None, None, Some(_)) => "oauth_m2m",
            (None, None, None) => "oidc_federation",
            _ => "pat",
        }
    }
}

impl TaskConnection for Access {
    fn from_connection(mut connection: pb::Connection) -> Result<Self> {
        // A name without a value is what becomes of `databricks_token=None`.
        connection.secrets.retain(|_, value| !value.is_empty());
        let is_tasks = NAMES.iter().any(|name| connection.secrets.contains_key(*name));
        Ok(Self { secrets: Secrets::from_connection(connection)?, is_tasks })
    }

    fn with_operator(connection: pb::Connection, operator: &OperatorSecrets) -> Result<Self> {
        let own = Self::from_connection(connection)?;
        if own.is_tasks {
            return Ok(own);
        }
        let secrets = Secrets::with_operator(pb::Connection::default(), operator)?;
        Ok(Self { secrets, is_tasks: false })
    }

    fn describe() -> Option<Vec<FieldDescription>> {
        Secrets::describe()
    }
}

/// How a call shows who makes it.
enum Credential<'a> {
    /// By this token.
    Token(&'a Secret),
    /// By a token that this client signs in for.
    Client { id: &'a Secret, secret: &'a Secret },
    /// By a token that another provider's is exchanged for.
    Exchanged { id: Option<&'a Secret>, subject: Subject<'a> },
}

/// Where another provider's token is.
enum Subject<'a> {
    Told(&'a Secret),
    /// In a file that the operator named; its path is bound to hosts as the operator's secrets are.
    InFile(&'a Secret),
}

impl Access {
    fn credential<'a>(&'a self, file: Option<&'a Secret>) -> Result<Credential<'a>> {
        let Secrets {
            databricks_token: token,
            flyte_databricks_access_token: of_flyte_1,
            databricks_client_id: id,
            databricks_client_secret: secret,
            databricks_oidc_token: subject,
        } = &self.secrets;
        let file = file.filter(|_| !self.is_tasks);
        match (token.as_ref().or(of_flyte_1.as_ref()), id, secret) {
            (Some(token), ..) => Ok(Credential::Token(token)),
            (None, Some(id), Some(secret)) => Ok(Credential::Client { id, secret }),
            (None, None, Some(_)) => Err(ConnectorError::unauthenticated(
                "there is a `databricks_client_secret`, and no `databricks_client_id` that it belongs to",
            )),
            (None, id, None) => {
                let subject = subject.as_ref().map(Subject::Told).or(file.map(Subject::InFile));
                let subject = subject.ok_or_else(|| nothing(id.is_some()))?;
                Ok(Credential::Exchanged { id: id.as_ref(), subject })
            }
        }
    }
}

fn nothing(has_id: bool) -> ConnectorError {
    let what = if has_id { "only a `databricks_client_id`" } else { "no `databricks_token`" };
    ConnectorError::unauthenticated(format!(
        "there are no credentials for Databricks: the task brings {what}, and the operator lends nothing. \
         Name a secret in the task, `Databricks(databricks_token=\"…\")`, or set \
         CONNECTOR__DATABRICKS__SECRET__DATABRICKS_TOKEN and CONNECTOR__DATABRICKS__SECRET_HOSTS"
    ))
}

/// The tokens of all who call.
#[derive(Debug)]
pub(crate) struct Tokens {
    http: HttpClient,
    endpoint: Endpoint,
    cache: TokenCache,
    /// The path of the operator's token of another provider.
    file: Option<Secret>,
}

/// A token, and whether there may be another one.
pub(crate) struct Bearer {
    pub(crate) token: Secret,
    /// What it was signed in for with; `None` if it came as it is.
    signed_in: Option<Vec<String>>,
    /// Of that, what the workspace has seen and must not be heard to say.
    said: Vec<String>,
}

impl Bearer {
    /// Whether signing in again may give another token.
    pub(crate) const fn is_renewable(&self) -> bool {
        self.signed_in.is_some()
    }

    /// The request made as its bearer: neither the token nor what it was signed in for with is in the
    /// answer.
    pub(crate) fn of(&self, request: Request, workspace: &Workspace) -> Result<Request> {
        let request = request.authorization_for(workspace.host(), "Bearer", &self.token)?;
        Ok(self.said.iter().fold(request, |request, said| request.hiding(said)))
    }
}

/// What of a sign-in is secret.
fn secrets<'a>(form: &'a [(&str, String)]) -> impl Iterator<Item = &'a String> {
    let secret = |name: &str| matches!(name, "client_secret" | "subject_token");
    form.iter().filter(move |(name, _)| secret(name)).map(|(_, value)| value)
}

impl Tokens {
    /// # Errors
    /// [`ErrorKind::Permanent`]: there can be no client.
    pub(crate) fn new(endpoint: Endpoint, settings: &Settings) -> Result<Self> {
        let http = HttpClient::builder("Databricks' sign-in").dialect(read_sign_in).build()?;
        let file = settings.secret("oidc_token_file");
        Ok(Self { http, endpoint, cache: TokenCache::default(), file })
    }

    /// A token for that workspace, other than the one that was refused.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`]: there are no credentials, or none that are taken;
    /// [`ErrorKind::Permanent`]: the operator's may not be sent to that workspace.
    pub(crate) async fn bearer(
        &self,
        access: &Access,
        workspace: &Workspace,
        refused: Option<&Bearer>,
    ) -> Result<Bearer> {
        let host = workspace.host();
        let form = match access.credential(self.file.as_ref())? {
            Credential::Token(token) => {
                // Bound to its hosts still, and checked when it is sent.
                return Ok(Bearer { token: token.clone(), signed_in: None, said: Vec::new() });
            }
            Credential::Client { id, secret } => vec![
                ("grant_type", "client_credentials".to_owned()),
                ("client_id", id.expose_for(host)?.to_owned()),
                ("client_secret", secret.expose_for(host)?.to_owned()),
            ],
            Credential::Exchanged { id, subject } => {
                let mut form = vec![
                    ("grant_type", EXCHANGE.to_owned()),
                    ("subject_token", subject.read(host)?),
                    ("subject_token_type", JWT.to_owned()),
                ];
                if let Some(id) = id {
                    form.push(("client_id", id.expose_for(host)?.to_owned()));
                }
                form
            }
        };
        let parts: Vec<String> = std::iter::once(host.to_owned())
            .chain(form.iter().map(|(_, part)| part.clone()))
            .collect();
        let named: Vec<&str> = parts.iter().map(String::as_str).collect();
        let token = self.cache.token(&named, self.sign_in(workspace, &form, refused)).await?;
        Ok(Bearer { token, signed_in: Some(parts), said: secrets(&form).cloned().collect() })
    }

    /// A token was refused: the next call signs in again.
    pub(crate) async fn refused(&self, bearer: &Bearer) {
        let Some(parts) = &bearer.signed_in else { return };
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        self.cache.refused(&parts, &bearer.token).await;
    }

    async fn sign_in(
        &self,
        workspace: &Workspace,
        form: &[(&str, String)],
        refused: Option<&Bearer>,
    ) -> Result<AccessToken> {
        let url = self.endpoint.of(workspace.url(&["oidc", "v1", "token"])?);
        let pairs = form.iter().map(|(name, value)| (*name, value.as_str()));
        let pairs: Vec<(&str, &str)> = pairs.chain([("scope", SCOPE)]).collect();
        let mut request = self.http.post(url).form(&pairs).repeatable().attempts(3);
        for value in secrets(form) {
            request = request.hiding(value);
        }
        // It may be good for something still.
        if let Some(refused) = refused {
            request = request.hiding(refused.token.expose_for(workspace.host())?);
        }
        let answer = request.for_at_most(SIGN_IN_FOR).send().await;
        let answer = answer.map_err(|error| match error.kind() {
            ErrorKind::Transient { .. } => error,
            _ => {
                let message = format!("signing in at {} has failed: {error}", workspace.host());
                ConnectorError::unauthenticated(message).with_source(error)
            }
        })?;
        answer.secret_json()
    }
}

impl Subject<'_> {
    fn read(&self, host: &str) -> Result<String> {
        let path = match self {
            Self::Told(token) => return Ok(token.expose_for(host)?.to_owned()),
            Self::InFile(path) => path.expose_for(host)?,
        };
        // A small file of this machine; it is read anew each time, because it is replaced every hour.
        let read = std::fs::read_to_string(path).and_then(|text| match text.trim() {
            "" => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it is empty")),
            token => Ok(token.to_owned()),
        });
        read.map_err(|error| {
            ConnectorError::unauthenticated(format!(
                "the file of the setting `oidc_token_file` cannot be read: {error}"
            ))
            .with_source(error)
        })
    }
}

/// How the token endpoint says no: `{"error", "error_description"}`.
fn read_sign_in(refusal: &Refusal<'_>) -> Reading {
    let text = |name: &str| refusal.body.get(name)?.as_str().map(str::to_owned);
    Reading { code: text("error"), message: text("error_description"), ..Reading::default() }
}
