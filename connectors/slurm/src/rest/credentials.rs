//! The token that opens slurmrestd, and whose it is. The daemon does not tell a token that it does not take from a
//! controller that does not answer, so what a token says of itself is read here.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use connector_core::prelude::*;

/// The secret of a task, or of the operator.
#[derive(Debug, Default, TaskConnection)]
pub struct RestAccess {
    /// A JSON web token, as `scontrol token` makes them.
    #[secret]
    pub(crate) slurm_token: Option<Secret>,
}

/// What a token says of itself. Nobody has verified it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Claims {
    /// The user it is for.
    sun: Option<String>,
    /// When it runs out, in seconds since 1970.
    exp: Option<u64>,
}

/// A token for one daemon, and the user that goes with it.
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    pub(crate) user: String,
}

impl<'a> Token<'a> {
    /// The token for the daemon at that address. Who calls is the user that the operator names, or else the one that
    /// the token names. A task cannot say it: with a token of Slurm's own user it could be anybody.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`]: there is none, it has run out, or it does not say whose it is.
    pub(crate) fn of(access: &'a RestAccess, address: &str, user: Option<&str>) -> Result<Self> {
        let token =
            access.slurm_token.as_ref().map(|token| token.expose_for(address)).transpose()?;
        let text = token.map(str::trim).filter(|token| !token.is_empty()).ok_or_else(|| {
            ConnectorError::unauthenticated(
                "there is no token for slurmrestd. Give the task the secret `slurm_token`, or have the operator lend \
                 it; `scontrol token` makes one",
            )
        })?;
        let claims = claims(text);
        let ends = claims.exp.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
        if let Some(ended) = ends.and_then(|end| SystemTime::now().duration_since(end).ok()) {
            return Err(ConnectorError::unauthenticated(format!(
                "the token for slurmrestd ran out {} s ago. Have a new one made, as with `scontrol token lifespan=…`",
                ended.as_secs()
            )));
        }
        let user = user.map(str::to_owned).or(claims.sun).ok_or_else(|| {
            ConnectorError::unauthenticated(
                "the token for slurmrestd does not say whose it is (claim `sun`), and the operator has not set \
                 CONNECTOR__SLURM_REST__USERNAME",
            )
        })?;
        Ok(Self { text, user })
    }
}

fn claims(token: &str) -> Claims {
    let read = || {
        let part = token.split('.').nth(1)?;
        let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?;
        serde_json::from_slice(&bytes).ok()
    };
    read().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use connector_core::prelude::*;

    use super::{RestAccess, Token};

    const PLACE: &str = "http://slurm.example:6820";

    fn access(claims: &str) -> RestAccess {
        let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        RestAccess { slurm_token: Some(Secret::new(&token)) }
    }

    #[test]
    fn the_user_is_the_operators_or_the_tokens() {
        let access = access(r#"{"sun": "ann", "exp": 99999999999}"#);
        assert_eq!(Token::of(&access, PLACE, None).unwrap().user, "ann");
        assert_eq!(Token::of(&access, PLACE, Some("flyte")).unwrap().user, "flyte");
    }

    #[test]
    fn what_is_wrong_with_a_token_is_told_without_it() {
        let refused = |access: &RestAccess| {
            let Err(error) = Token::of(access, PLACE, None) else { panic!("it is no good") };
            assert_eq!(error.kind(), ErrorKind::Unauthenticated);
            error.message().to_owned()
        };
        assert!(refused(&access(r#"{"sun": "ann", "exp": 1}"#)).contains("ran out"));
        assert!(refused(&access("{}")).contains("CONNECTOR__SLURM_REST__USERNAME"));
        let odd = RestAccess { slurm_token: Some(Secret::new("no-jwt")) };
        assert!(!refused(&odd).contains("no-jwt"));
        assert!(refused(&RestAccess::default()).contains("`slurm_token`"));
    }
}
