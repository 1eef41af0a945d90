//! Keeps a request in its own bytes, for connectors that pass it on: what this version does not know
//! of a message goes along. Only a server with other services behind it reads requests here; the
//! services find the bytes in the request's extensions.

use std::io::Read;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use connector_core::host::Wire;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, BodyStream, Full, StreamBody};
use tonic::body::Body;
use tower::{Layer, Service};

use crate::pb::async_connector_service_server::SERVICE_NAME;
use crate::pb::flyte1::async_agent_service_server::SERVICE_NAME as FLYTE_1;
use crate::unpacked;

/// What stands before a message: whether it is packed, and its length.
const PREFIX: usize = 5;

/// The methods whose requests are passed on.
const METHODS: [&str; 5] = ["CreateTask", "GetTask", "DeleteTask", "GetTaskMetrics", "GetTaskLogs"];

/// Those of Flyte 1 whose requests read as requests of Flyte 2 do; the others are made anew.
const METHODS_OF_FLYTE_1: [&str; 3] = ["CreateTask", "GetTaskMetrics", "GetTaskLogs"];

/// Wraps the gRPC routes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WireLayer {
    /// The largest message that the services take, in bytes.
    pub(crate) most: usize,
}

impl<S> Layer<S> for WireLayer {
    type Service = WireService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        WireService { inner, most: self.most }
    }
}

/// See [`WireLayer`].
#[derive(Debug, Clone)]
pub(crate) struct WireService<S> {
    inner: S,
    most: usize,
}

impl<S> Service<Request<Body>> for WireService<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        let Some(method) = method(request.uri().path()) else {
            return Box::pin(inner.call(request));
        };
        let most = self.most;
        Box::pin(async move { inner.call(kept(request, method, most).await).await })
    }
}

/// The method of a path, if its requests are passed on.
fn method(path: &str) -> Option<&'static str> {
    let (service, called) = path.strip_prefix('/')?.split_once('/')?;
    let methods: &[&'static str] = match service {
        SERVICE_NAME => &METHODS,
        FLYTE_1 => &METHODS_OF_FLYTE_1,
        _ => return None,
    };
    methods.iter().copied().find(|method| *method == called)
}

/// The same request with its message among the extensions, unless it is larger than anybody takes or
/// breaks off: then the services say what is wrong.
async fn kept(request: Request<Body>, method: &'static str, most: usize) -> Request<Body> {
    let (mut head, mut body) = request.into_parts();
    let mut read = BytesMut::new();
    loop {
        match body.frame().await {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) if read.len() + data.len() <= most.saturating_add(PREFIX) => {
                    read.extend_from_slice(&data);
                }
                Ok(data) => {
                    let so_far = stream::iter([read.freeze(), data].map(|it| Ok(frame_of(it))));
                    let whole = StreamBody::new(so_far.chain(BodyStream::new(body)));
                    return Request::from_parts(head, Body::new(whole));
                }
                // Trailers of a request mean nothing to gRPC.
                Err(_trailers) => {}
            },
            Some(Err(error)) => {
                let broken = stream::iter([Ok(frame_of(read.freeze())), Err(error)]);
                return Request::from_parts(head, Body::new(StreamBody::new(broken)));
            }
            None => break,
        }
    }
    let read = read.freeze();
    if let Some(message) = message(&read, &head.headers, most) {
        head.extensions.insert(Arc::new(Wire { method, message }));
    }
    Request::from_parts(head, Body::new(Full::new(read)))
}

fn frame_of(data: Bytes) -> http_body::Frame<Bytes> {
    http_body::Frame::data(data)
}

/// The one message of a body, unpacked.
fn message(body: &Bytes, headers: &HeaderMap, most: usize) -> Option<Bytes> {
    let mut prefix = body.get(..PREFIX)?;
    let is_packed = prefix.get_u8() == 1;
    let length = usize::try_from(prefix.get_u32()).ok()?;
    let message = body.slice(PREFIX..);
    if message.len() != length {
        return None;
    }
    if !is_packed {
        return Some(message);
    }
    let packed = message.reader();
    let limit = u64::try_from(most).ok()?.saturating_add(1);
    let mut unpacked = Vec::new();
    match headers.get("grpc-encoding")?.as_bytes() {
        b"gzip" => flate2::read::GzDecoder::new(packed).take(limit).read_to_end(&mut unpacked),
        b"deflate" => flate2::read::ZlibDecoder::new(packed).take(limit).read_to_end(&mut unpacked),
        _ => return None,
    }
    .ok()?;
    // Where there is no room the services say so.
    (unpacked.len() <= most && unpacked::take(unpacked.len()).is_ok()).then(|| unpacked.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::Arc;

    use bytes::Bytes;
    use connector_core::host::Wire;
    use http::{HeaderMap, Request};
    use http_body_util::BodyExt as _;
    use tonic::body::Body;

    use super::{kept, message, method};

    fn framed(packed: u8, message: &[u8]) -> Bytes {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        [&[packed], &length[..], message].concat().into()
    }

    #[test]
    fn only_calls_about_tasks_are_kept() {
        let service = "/flyteidl2.connector.AsyncConnectorService";
        assert_eq!(method(&format!("{service}/GetTask")), Some("GetTask"));
        // A poll of Flyte 1 may name its task type in a field that Flyte 2 has not.
        let agents = "/flyteidl.service.AsyncAgentService";
        assert_eq!(method(&format!("{agents}/CreateTask")), Some("CreateTask"));
        assert_eq!(method(&format!("{agents}/GetTask")), None);
        for path in [&format!("{service}/Other"), "/grpc.health.v1.Health/Check", "", "/"] {
            assert_eq!(method(path), None, "{path}");
        }
    }

    #[test]
    fn packed_messages_are_unpacked_up_to_the_limit() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&[7; 1_000]).unwrap();
        let body = framed(1, &packed.finish().unwrap());
        let headers = HeaderMap::from_iter([(
            http::HeaderName::from_static("grpc-encoding"),
            http::HeaderValue::from_static("gzip"),
        )]);
        assert_eq!(message(&body, &headers, 1_000).unwrap(), vec![7; 1_000]);
        assert_eq!(message(&body, &headers, 999), None);
        assert_eq!(message(&body, &HeaderMap::new(), 1_000), None, "packed, nobody says how");
        assert_eq!(message(&framed(0, b"ab").slice(..6), &headers, 9), None, "cut");
        assert_eq!(message(&Bytes::from_static(b"\0\0"), &headers, 9), None);
    }

    #[tokio::test]
    async fn the_body_stays_as_it_was() {
        let body = framed(0, b"abc");
        let request =
            |body: &Bytes| Request::new(Body::new(http_body_util::Full::new(body.clone())));
        let same = kept(request(&body), "GetTask", 3).await;
        let wire = same.extensions().get::<Arc<Wire>>().unwrap();
        assert_eq!((wire.method, &wire.message[..]), ("GetTask", &b"abc"[..]));
        assert_eq!(same.into_body().collect().await.unwrap().to_bytes(), body);

        let large = kept(request(&body), "GetTask", 2).await;
        assert!(large.extensions().get::<Arc<Wire>>().is_none());
        assert_eq!(large.into_body().collect().await.unwrap().to_bytes(), body);
    }
}
