//! Gives over-size requests the code gRPC has for them.
//! tonic answers `OUT_OF_RANGE`; other servers, Python's among them, `RESOURCE_EXHAUSTED`.
//! The connection lives on: only this one response is changed.

use http::Response;
use http_body::Body as _;
use tonic::{Code, Status, body::Body};

/// How tonic's messages for an over-size request start: for one that came as it is, and for one that came
/// compressed. A test sends both, so a change shows.
const AS_IT_IS: &str = "Error, decoded message length too large: ";
const COMPRESSED: &str = "Error decompressing: size limit, of ";

/// The answer as it is to be sent.
pub(super) fn translate(response: Response<Body>) -> Response<Body> {
    // Only an answer without a body carries its status in the headers.
    if !response.body().is_end_stream() {
        return response;
    }
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
