//! Who may call the gRPC port: whoever brings a token, or has a certificate with a name that may.
//! `trust` opens it by its flags, and `server` puts it in front of every service. Health stays open: what
//! asks for it can bring neither, and learns no more than whether the server serves.

mod tokens;

use std::path::PathBuf;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::Either;
use http::{Request, Response, header};
use std::future::{Ready, ready};
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::admission::Peer;
use crate::metrics::DoorMetrics;
use crate::reread::Reread;
use crate::seldom::Seldom;
use crate::tls::Allowed;
use tokens::Tokens;

const HEALTH: &str = "/grpc.health.v1.Health/";

/// What is asked of callers.
#[derive(Debug, Default)]
pub(crate) struct Callers {
    tokens: Option<Reread<Tokens>>,
    names: Vec<Allowed>,
}

impl Callers {
    /// Asks for one of the tokens of that file, if there is one, and for one of those names, if there are
    /// any.
    ///
    /// # Errors
    /// The file cannot be used.
    pub(crate) fn open(tokens: Option<PathBuf>, names: Vec<Allowed>) -> Result<Self, String> {
        Ok(Self { tokens: tokens.map(Tokens::open).transpose()?, names })
    }

    /// Whether nothing is asked for.
    pub(crate) const fn is_anybody(&self) -> bool {
        self.tokens.is_none() && self.names.is_empty()
    }

    /// What a request is refused with, and for which reason.
    fn refusal<B>(&self, request: &Request<B>) -> Option<(&'static str, Status)> {
        if request.uri().path().starts_with(HEALTH) {
            return None;
        }
        if let Some(tokens) = &self.tokens {
            let said = match bearer(request) {
                None => Some("this server asks for a token: `authorization: Bearer TOKEN`"),
                Some(token) if tokens.now().has(token) => None,
                Some(_) => Some("the token is none of this server's"),
            };
            if let Some(said) = said {
                return Some(("token", Status::unauthenticated(said)));
            }
        }
        if self.names.is_empty() {
            return None;
        }
        let names = request.extensions().get::<Peer>().map(Peer::names).unwrap_or_default();
        if names.iter().any(|name| self.names.iter().any(|allowed| allowed.is(name))) {
            return None;
        }
        let said = format!(
            "the caller's certificate is for {}, and none of that may call here \
             (`--tls-client-name`)",
            if names.is_empty() { "no name".to_owned() } else { names.join(", ") }
        );
        Some(("name", Status::permission_denied(said)))
    }
}

/// The token of a request. The word before it is read as clients write it, in either case.
fn bearer<B>(request: &Request<B>) -> Option<&[u8]> {
    let value = request.headers().get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(b"Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token.trim_ascii())
}

/// Puts callers' checks in front of services.
#[derive(Debug, Clone)]
pub(crate) struct CallersLayer(Arc<Asked>);

#[derive(Debug)]
struct Asked {
    callers: Callers,
    metrics: DoorMetrics,
    told: Seldom,
}

impl CallersLayer {
    pub(crate) fn new(callers: Callers, metrics: DoorMetrics) -> Self {
        Self(Arc::new(Asked { callers, metrics, told: Seldom::default() }))
    }
}

impl<S> Layer<S> for CallersLayer {
    type Service = CallersService<S>;

    fn layer(&self, inner: S) -> CallersService<S> {
        CallersService { asked: Arc::clone(&self.0), inner }
    }
}

/// See [`CallersLayer`].
#[derive(Debug, Clone)]
pub(crate) struct CallersService<S> {
    asked: Arc<Asked>,
    inner: S,
}

impl<S, B> Service<Request<B>> for CallersService<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Response<Body>, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Asked { callers, metrics, told } = &*self.asked;
        let Some((reason, status)) = callers.refusal(&request) else {
            return Either::Left(self.inner.call(request));
        };
        metrics.caller_refused(reason);
        told.tell(|untold| {
            let peer = request.extensions().get::<Peer>().and_then(Peer::address);
            let peer = peer.map(|peer| peer.to_string()).unwrap_or_default();
            tracing::warn!(peer, untold, "a caller was refused: {}", status.message());
        });
        Either::Right(ready(Ok(status.into_http())))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use http::Request;
    use tonic::Code;

    use super::Callers;
    use crate::admission::Peer;
    use crate::tls::Allowed;

    const TOKEN: &str = "0123456789abcdef";

    fn request(path: &str, authorization: Option<&str>, names: &[&str]) -> Request<()> {
        let request = Request::builder().uri(path);
        let request = match authorization {
            Some(value) => request.header("authorization", value),
            None => request,
        };
        request.extension(Peer::named(names)).body(()).unwrap()
    }

    #[tokio::test]
    async fn all_that_is_asked_for_must_be_there_but_for_health() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), TOKEN).unwrap();
        let path = || file.path().to_owned();
        let names = vec![Allowed::parse("spiffe://c/ns/flyte/*").unwrap()];
        let both = Callers::open(Some(path()), names.clone()).unwrap();
        let tokens = Callers::open(Some(path()), Vec::new()).unwrap();
        let names = Callers::open(None, names).unwrap();
        let code = |callers: &Callers, request: &Request<()>| {
            callers.refusal(request).map(|(_, status)| status.code())
        };
        let list = "/flyteidl2.connector.ConnectorMetadataService/ListConnectors";
        let reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
        let (bearer, other) = (format!("Bearer {TOKEN}"), format!("Basic {TOKEN}"));
        let wrong = format!("Bearer {TOKEN}0");
        let flyte = ["x", "spiffe://c/ns/flyte/sa/executor"];
        let (token, name) = (Some(Code::Unauthenticated), Some(Code::PermissionDenied));
        for (callers, authorization, of, refused) in [
            (&tokens, None, &flyte[..], token),
            (&tokens, Some(bearer.as_str()), &[][..], None),
            (&tokens, Some(&*bearer.to_lowercase()), &[], None),
            (&tokens, Some(&other), &[], token),
            (&tokens, Some(&wrong), &[], token),
            (&tokens, Some("Bearer "), &[], token),
            (&tokens, Some("B"), &[], token),
            (&names, None, &flyte, None),
            (&names, Some(&bearer), &["spiffe://c/ns/other/sa/x"], name),
            (&names, Some(&bearer), &[], name),
            (&both, Some(&bearer), &flyte, None),
            (&both, None, &flyte, token),
            (&both, Some(&bearer), &[], name),
        ] {
            for path in [list, reflection] {
                let asked = request(path, authorization, of);
                assert_eq!(code(callers, &asked), refused, "{authorization:?} {of:?}");
            }
            let asked = request("/grpc.health.v1.Health/Check", authorization, of);
            assert_eq!(code(callers, &asked), None, "{authorization:?} {of:?}");
        }
        let asked = request(list, Some(&wrong), &[]);
        let (_, status) = both.refusal(&asked).unwrap();
        assert!(!status.message().contains(TOKEN), "{status}");
        assert!(Callers::default().is_anybody() && !names.is_anybody() && !tokens.is_anybody());
    }
}
