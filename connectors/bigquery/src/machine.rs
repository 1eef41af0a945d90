//! The credentials of the machine (application default credentials), for tasks that nobody brings a key
//! for: what google-cloud-auth finds, and what it says of a failure, in words that hold nothing secret.
//!
//! Its own texts are not passed on. They hold whole answers of token endpoints, which may quote a refresh
//! token, and whole answers of the places where workloads find their tokens (version 1.19).

use std::fmt;
use std::time::Duration;

use connector_core::prelude::*;
use google_cloud_auth::build_errors::Error as BuildError;
use google_cloud_auth::credentials::{AccessTokenCredentials, Builder};
use google_cloud_auth::errors::CredentialsError;
use tokio::sync::OnceCell;

/// What tokens are good for.
pub(crate) const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// How long they may take to answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

/// What token endpoints say: the codes of OAuth 2 (RFC 6749, 8693), and the statuses of Google's APIs.
const CODES: [&str; 16] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "access_denied",
    "server_error",
    "temporarily_unavailable",
    "INVALID_ARGUMENT",
    "UNAUTHENTICATED",
    "PERMISSION_DENIED",
    "NOT_FOUND",
    "RESOURCE_EXHAUSTED",
    "UNAVAILABLE",
];

/// The credentials, found once.
#[derive(Debug, Default)]
pub(crate) struct Machine(OnceCell<AccessTokenCredentials>);

impl Machine {
    /// A token of theirs.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`]: there are none, or they are refused; [`ErrorKind::Transient`]:
    /// whoever makes the token does not answer.
    pub(crate) async fn token(&self) -> Result<Secret> {
        let found = self.0.get_or_try_init(|| async {
            let builder = Builder::default().with_scopes([SCOPE]);
            builder.build_access_token_credentials().map_err(|error| none(&unbuilt(&error)))
        });
        let asked = tokio::time::timeout(ANSWERS_WITHIN, found.await?.access_token()).await;
        let token = asked.or_transient("the machine's credentials do not answer")?;
        token.map(|token| Secret::new(token.token)).map_err(|error| refused(&error))
    }
}

fn none(why: &dyn fmt::Display) -> ConnectorError {
    ConnectorError::unauthenticated(format!(
        "the task brings no `google_application_credentials`, the operator lends none, and the machine has \
         none either: {why}"
    ))
}

/// Why no credentials could be made.
fn unbuilt(error: &BuildError) -> &'static str {
    if error.is_loading() {
        "the file that GOOGLE_APPLICATION_CREDENTIALS names cannot be read"
    } else if error.is_parsing() {
        "the file of its credentials cannot be understood; it must be JSON as Google writes it"
    } else if error.is_unknown_type() || error.is_not_supported() {
        "the `type` in the file of its credentials is none that is known here"
    } else {
        "the file of its credentials is not complete"
    }
}

/// Why no token was made. The library tries again by itself what may pass.
fn refused(error: &CredentialsError) -> ConnectorError {
    let text = error.to_string();
    let said = CODES.into_iter().find(|code| text.contains(&format!("\"{code}\"")));
    let said = said.map(|code| format!(" ({code})")).unwrap_or_default();
    if error.is_transient() {
        return ConnectorError::transient(format!(
            "the task brings no `google_application_credentials`, the operator lends none, and the \
             machine's own credentials get no token for now{said}. Outside of Google Cloud there are none: \
             name a key file in the task, or lend one"
        ));
    }
    none(&format_args!("what it has gets no token{said}"))
}

#[cfg(test)]
mod tests {
    use connector_core::prelude::*;
    use google_cloud_auth::errors::CredentialsError;

    use super::refused;

    #[test]
    fn of_an_answer_only_its_code_is_told() {
        let body =
            r#"failed, body=<{"error": "invalid_grant", "error_description": "1//hunter2"}>"#;
        let error = refused(&CredentialsError::from_msg(false, body));
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        assert!(error.message().ends_with("what it has gets no token (invalid_grant)"), "{error}");
        let error = refused(&CredentialsError::from_msg(true, "failed, body=<hunter2>"));
        assert_eq!(error.kind(), ErrorKind::Transient { retry_after: None });
        assert!(error.message().contains("credentials get no token for now. Outside"), "{error}");
        assert!(!error.message().contains("hunter2"), "{error}");
    }
}
