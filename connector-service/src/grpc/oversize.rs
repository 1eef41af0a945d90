//! Gives over-size requests the code gRPC has for them.
//! tonic answers `OUT_OF_RANGE`; other servers, Python's among them, `RESOURCE_EXHAUSTED`.
//! The connection lives on: only this one response is changed.

use std::task::{Context, Poll};

use futures_util::future::{MapOk, TryFutureExt};
use http::{Request, Response};
use tonic::{Code, Status, body::Body};
use tower::{Layer, Service};

/// How tonic's messages for an over-size request start: for one that came as it is, and for one that came
/// compressed. A test sends both, so a change shows.
const AS_IT_IS: &str = "Error, decoded message length too large: ";
const COMPRESSED: &str = "Error decompressing: size limit, of ";

/// Wraps the gRPC routes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OversizeLayer;

impl<S> Layer<S> for OversizeLayer {
    type Service = OversizeService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        OversizeService { inner }
    }
}

/// See [`OversizeLayer`].
#[derive(Debug, Clone)]
pub(crate) struct OversizeService<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for OversizeService<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = MapOk<S::Future, fn(Response<Body>) -> Response<Body>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.inner.call(request).map_ok(translate)
    }
}

fn translate(response: Response<Body>) -> Response<Body> {
    // Only an answer without a body carries its status in the headers.
    let refused = response
        .headers()
        .get("grpc-status")
        .is_some_and(|status| matches!(status.as_bytes(), b"8" | b"11"))
        .then(|| Status::from_header_map(response.headers()))
        .flatten();
    let sizes = refused.and_then(|status| match status.code() {
        Code::OutOfRange => status.message().strip_prefix(AS_IT_IS).map(str::to_owned),
        _ => {
            let (limit, _) = status.message().strip_prefix(COMPRESSED)?.split_once(',')?;
            Some(format!("it unpacks to more than {limit}"))
        }
    });
    match sizes {
        Some(sizes) => Status::resource_exhausted(format!(
            "the request is larger than this server takes ({sizes}); pass large values by \
             reference, or raise `--max-request-bytes`"
        ))
        .into_http(),
        None => response,
    }
}
