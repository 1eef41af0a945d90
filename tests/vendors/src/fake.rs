//! A vendor on a port of this machine: it answers as its [`Vendor`] decides and writes down every call.
//! It speaks HTTP/1 itself, so that it can also break connections off, stay silent and cut answers.
//! What a vendor's jobs do stands in the vendor's module.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::task::JoinHandle;

/// One call, as it arrived.
#[derive(Debug, Clone)]
pub struct Call {
    /// `GET`, `POST`.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Decoded; of a name that comes twice the last.
    pub query: BTreeMap<String, String>,
    /// As sent.
    pub headers: HeaderMap,
    /// As sent.
    pub body: Bytes,
}

impl Call {
    /// The body as JSON; as a text where it is none, and null where there is none.
    #[must_use]
    pub fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        let text = || String::from_utf8_lossy(&self.body).into_owned().into();
        serde_json::from_slice(&self.body).unwrap_or_else(|_| text())
    }

    /// A header as text, empty if it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The path in parts.
    #[must_use]
    pub fn parts(&self) -> Vec<&str> {
        self.path.trim_start_matches('/').split('/').collect()
    }

    async fn read(request: Request<Incoming>) -> Option<Self> {
        let (parts, body) = request.into_parts();
        let query = parts.uri.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
        Some(Self {
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: pairs.collect(),
            headers: parts.headers,
            body: body.collect().await.ok()?.to_bytes(),
        })
    }
}

/// What a call gets.
#[derive(Debug, Clone)]
pub enum Answer {
    /// JSON with a status.
    Json(u16, Value),
    /// A page for people, as proxies write them.
    Page(u16),
    /// The connection is broken off; nothing is answered.
    Reset,
    /// The first half of an answer, and then the connection breaks.
    Cut(Value),
    /// Another answer, that much later.
    Late(Duration, Box<Self>),
}

impl From<Value> for Answer {
    fn from(body: Value) -> Self {
        Self::Json(200, body)
    }
}

/// How a vendor answers. Its state is the test's to change, through [`Fake::vendor`].
pub trait Vendor: Send + 'static {
    /// The answer to a call.
    fn answer(&mut self, call: &Call) -> Answer;

    /// The call as transcripts have it; `None` for one that is compared elsewhere, such as signing in.
    fn told(&self, call: &Call) -> Option<Value>;

    /// The name in that metadata that is another in every run: what the vendor calls the job.
    fn job_of(&self, resource_meta: &Value) -> Option<String>;

    /// Metadata as transcripts have them: as they are, unless something in them is in no order.
    fn told_meta(&self, resource_meta: &str) -> String {
        resource_meta.to_owned()
    }

    /// The name of that kind that the caller itself chose, in a call that makes a job.
    fn chosen(&self, call: &Call) -> Option<String>;
}

/// A vendor that is being served. It ends with its last handle.
#[derive(Debug)]
pub struct Fake<V> {
    address: SocketAddr,
    books: Arc<Mutex<Books<V>>>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Books<V> {
    vendor: V,
    calls: Vec<Call>,
}

impl<V: Vendor> Fake<V> {
    /// Serves the vendor on a free port, on the current runtime.
    ///
    /// # Panics
    /// There is no free port.
    pub fn open(vendor: V) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a listener that does not block");
        let address = listener.local_addr().expect("an address");
        let listener = tokio::net::TcpListener::from_std(listener).expect("a runtime");
        let books = Arc::new(Mutex::new(Books { vendor, calls: Vec::new() }));
        let kept = Arc::clone(&books);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).ok();
                let books = Arc::clone(&kept);
                let serve = service_fn(move |request| serve(Arc::clone(&books), request));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), serve);
                // A caller that leaves, or one that was reset, is no trouble of the vendor's.
                tokio::spawn(async move { connection.await.ok() });
            }
        });
        Self { address, books, serving }
    }

    /// Where it is: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The vendor, held for as long as the guard lives.
    pub fn vendor(&self) -> impl std::ops::DerefMut<Target = V> + '_ {
        Guarded(lock(&self.books))
    }

    /// The calls since the last time.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut lock(&self.books).calls)
    }
}

impl<V> Drop for Fake<V> {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

struct Guarded<'a, V>(MutexGuard<'a, Books<V>>);

impl<V> std::ops::Deref for Guarded<'_, V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.0.vendor
    }
}

impl<V> std::ops::DerefMut for Guarded<'_, V> {
    fn deref_mut(&mut self) -> &mut V {
        &mut self.0.vendor
    }
}

fn lock<V>(books: &Mutex<Books<V>>) -> MutexGuard<'_, Books<V>> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

type Body = BoxBody<Bytes, Broken>;

/// Why hyper drops a connection: it was told so.
#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken off")
    }
}

impl std::error::Error for Broken {}

async fn serve<V: Vendor>(
    books: Arc<Mutex<Books<V>>>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Broken> {
    let call = Call::read(request).await.ok_or(Broken)?;
    let mut answer = {
        let mut books = lock(&books);
        let answer = books.vendor.answer(&call);
        books.calls.push(call);
        answer
    };
    while let Answer::Late(wait, later) = answer {
        tokio::time::sleep(wait).await;
        answer = *later;
    }
    let (status, kind, body) = match answer {
        Answer::Json(status, body) => {
            (status, "application/json; charset=UTF-8", whole(body.to_string()))
        }
        Answer::Page(status) => {
            let page =
                format!("<!DOCTYPE html><html><body>{status}: try again later</body></html>");
            (status, "text/html", whole(page))
        }
        Answer::Cut(body) => (200, "application/json", half(&body)),
        Answer::Reset | Answer::Late(..) => return Err(Broken),
    };
    let status = StatusCode::from_u16(status).map_err(|_| Broken)?;
    Response::builder().status(status).header(CONTENT_TYPE, kind).body(body).map_err(|_| Broken)
}

fn whole(text: String) -> Body {
    Full::from(text).map_err(|never: Infallible| match never {}).boxed()
}

fn half(body: &Value) -> Body {
    let text = body.to_string();
    let (half, _) = text.as_bytes().split_at(text.len() / 2);
    let frames = [Ok(Frame::data(Bytes::copy_from_slice(half))), Err(Broken)];
    StreamBody::new(futures_util::stream::iter(frames)).boxed()
}
