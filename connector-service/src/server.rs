//! A server: a registry, limits, two listeners, an end.
//! `app` builds one from the command line; tests and embedders build their own.
//! It binds nothing itself, so a caller knows the ports before anything is served.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use connector_core::Registry;
use connector_gate::state_store::StateStore;
use connector_gate::{Dispatcher, Gates, KnownSecrets, Observer, Rotation};
use connector_state::Store;
use futures_util::Stream;
use http::{Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tonic::body::Body;
use tonic::codegen::{Body as HttpBody, StdError};
use tonic::transport::server::Connected;
use tower::{Layer, Service};

use crate::admission::{Door, Pages};
use crate::callers::CallersLayer;
use crate::connection::Bounds;
use crate::grpc::health::HealthTable;
use crate::grpc::{Front, Listing, WireLayer};
use crate::layers::{LayeredService, Layers};
use crate::limits::{Limits, LiveLimits};
use crate::metrics::{DoorMetrics, Metrics, Remembered};
use crate::reload::{Live, Reload};
use crate::roster::Roster;
use crate::shutdown::{Ended, Ending};
use crate::status_page::StatusPage;
use crate::trust::Trust;
use crate::upstream::Upstreams;
use crate::{admin, grpc, shutdown};

/// How many connections the operators' port may have.
const MOST_READERS: usize = 256;

/// A server ready to serve.
#[derive(Debug)]
pub struct Server {
    registry: Arc<Registry>,
    limits: LiveLimits,
    layers: Layers,
    isolated: bool,
    upstreams: Upstreams,
    trust: Trust,
    state: Option<Store>,
    reload: Option<Reload>,
    /// The metrics of the door that it stands behind, if it has one.
    door: Option<DoorMetrics>,
}

/// Builds a [`Server`].
#[derive(Debug)]
pub struct ServerBuilder {
    registry: Arc<Registry>,
    limits: Limits,
    layers: Layers,
    isolated: bool,
    upstreams: Upstreams,
    trust: Trust,
    state: Option<Store>,
    reload: Option<Reload>,
}

impl Default for ServerBuilder {
    fn default() -> Self {
        Self {
            registry: Arc::default(),
            limits: Limits::default(),
            layers: Layers::none(),
            isolated: true,
            upstreams: Upstreams::default(),
            trust: Trust::default(),
            state: None,
            reload: None,
        }
    }
}

impl ServerBuilder {
    /// The connectors to serve. Servers that share them are as replicas: each remembers by itself.
    #[must_use]
    pub fn registry(mut self, registry: impl Into<Arc<Registry>>) -> Self {
        self.registry = registry.into();
        self
    }

    /// Limits other than the default ones.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Puts a layer in front of every service of the gRPC port, health and reflection included: to say
    /// who may call, to trace, to count. The first one added sees a request first.
    ///
    /// It sees HTTP/2 requests as they came; an error that it answers with becomes a gRPC status.
    #[must_use]
    pub fn layer<L, B>(mut self, layer: L) -> Self
    where
        L: Layer<LayeredService> + Send + Sync + 'static,
        L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Error: Into<StdError>,
        <L::Service as Service<Request<Body>>>::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<StdError>,
    {
        self.layers.push(layer);
        self
    }

    /// Runs every connector on the threads that serve, whatever its policy says: for tests on
    /// paused time. A connector that blocks then holds up everything.
    #[must_use]
    pub const fn without_isolation(mut self) -> Self {
        self.isolated = false;
        self
    }

    /// Other services, whose connectors join those of the registry as they become known.
    #[must_use]
    pub(crate) fn upstreams(mut self, upstreams: Upstreams) -> Self {
        self.upstreams = upstreams;
        self
    }

    /// TLS, and who may call.
    #[must_use]
    pub(crate) fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Where attempts and jobs are kept that must outlive the process.
    #[must_use]
    pub(crate) fn state(mut self, state: Option<Store>) -> Self {
        self.state = state;
        self
    }

    /// What is read again while it serves.
    #[must_use]
    pub(crate) fn reload(mut self, reload: Reload) -> Self {
        self.reload = Some(reload);
        self
    }

    /// The server.
    #[must_use]
    pub fn build(self) -> Server {
        let Self { registry, limits, layers, isolated, upstreams, trust, state, reload } = self;
        let limits = LiveLimits::new(limits);
        Server { registry, limits, layers, isolated, upstreams, trust, state, reload, door: None }
    }
}

/// Why a server could not serve, or stopped serving.
#[derive(Debug)]
pub struct ServerError(Box<dyn std::error::Error + Send + Sync>);

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ServerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl ServerError {
    pub(crate) fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

impl Server {
    /// Starts building a server.
    #[must_use]
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// Serves gRPC on `grpc` and the operators' pages on `admin` until `stop` completes; then
    /// reports `NOT_SERVING`, after the lame-duck time takes no new calls, and lets running ones finish
    /// within the grace time. The answer says what was cut off.
    ///
    /// # Errors
    /// The listeners cannot be used.
    ///
    /// # Cancel safety
    /// Dropping the future closes every connection at once.
    pub async fn serve(
        self,
        grpc: TcpListener,
        admin: Option<TcpListener>,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<Ended, ServerError> {
        self.serve_listeners(grpc, admin, stop, std::future::pending()).await
    }

    /// Like [`Server::serve`], and waits for nothing any more once `hurry` completes.
    pub(crate) async fn serve_listeners(
        mut self,
        grpc: TcpListener,
        admin: Option<TcpListener>,
        stop: impl Future<Output = ()> + Send,
        hurry: impl Future<Output = ()> + Send,
    ) -> Result<Ended, ServerError> {
        let metrics = DoorMetrics::new().map_err(ServerError::new)?;
        let (places, limits) = (self.limits.connections(), self.limits.clone());
        let door = Door::new(self.trust.tls.take(), places, limits, metrics.clone());
        self.door = Some(metrics);
        self.serve_until(door.incoming(grpc), admin, stop, hurry).await
    }

    /// Like [`Server::serve`], on connections from anywhere: over memory, for example, which is how
    /// tests run a server on paused time.
    ///
    /// # Errors
    /// The stream of connections fails, or the listener cannot be used.
    ///
    /// # Cancel safety
    /// Dropping the future closes every connection at once.
    pub async fn serve_connections<IO, E>(
        self,
        connections: impl Stream<Item = Result<IO, E>>,
        admin: Option<TcpListener>,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<Ended, ServerError>
    where
        IO: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
        IO::ConnectInfo: Clone + Send + Sync + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.serve_until(connections, admin, stop, std::future::pending()).await
    }

    /// Serves until `stop` completes, and waits for nothing any more once `hurry` does.
    pub(crate) async fn serve_until<IO, E>(
        self,
        connections: impl Stream<Item = Result<IO, E>>,
        admin: Option<TcpListener>,
        stop: impl Future<Output = ()> + Send,
        hurry: impl Future<Output = ()> + Send,
    ) -> Result<Ended, ServerError>
    where
        IO: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
        IO::ConnectInfo: Clone + Send + Sync + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let Self { registry, limits, mut layers, isolated, upstreams, trust, state, reload, door } =
            self;
        let metrics = Arc::new(Metrics::new(&registry).map_err(ServerError::new)?);
        let door = door.map_or_else(DoorMetrics::new, Ok).map_err(ServerError::new)?;
        metrics.watch_door(&door).map_err(ServerError::new)?;
        if let Some(store) = &state {
            metrics.watch_state(store.clone()).map_err(ServerError::new)?;
        }
        if !trust.callers.is_anybody() {
            layers.push(CallersLayer::new(trust.callers, door.clone()));
        }
        let health = HealthTable::new(
            grpc::health_names().chain(registry.entries().map(|entry| &*entry.name)),
            registry.failures().iter().map(|failure| failure.name),
        );
        let _rotation = Rotation::start(&registry);
        let observers =
            |task_type: Option<&str>| Arc::clone(metrics.of(task_type)) as Arc<dyn Observer>;
        let store = state.map(|store| Arc::new(store) as Arc<dyn StateStore>);
        let server = Handle::current();
        let gates =
            Gates::with_store(&registry, isolated, limits.now().texts(), &server, observers, store);
        let remembered = Arc::clone(&gates);
        let remembered = Remembered::new(move || {
            let readings = remembered.remembered();
            let readings =
                readings.map(|(task_type, what, reading)| (task_type.to_owned(), what, reading));
            let secrets = (String::new(), "secrets", KnownSecrets::of_process().reading());
            readings.chain([secrets]).collect()
        });
        remembered.and_then(|it| metrics.watch(it)).map_err(ServerError::new)?;
        let dispatcher = Arc::new(Dispatcher::new(Arc::clone(&gates), limits.now().max_call));
        let live = Live {
            registry: Arc::clone(&registry),
            gates: Arc::clone(&gates),
            dispatcher: Arc::clone(&dispatcher),
            limits: limits.clone(),
            metrics: metrics.watch_reloads().map_err(ServerError::new)?,
        };
        let reloading = reload.map(|reload| tokio::spawn(reload.watch(live)));
        let listing = Listing::of(&registry);
        // Only where requests and log pages are passed on are they kept in their own bytes.
        let passes_on = !upstreams.is_empty();
        let wire = passes_on.then_some(WireLayer { most: limits.now().max_request_bytes });
        let services =
            grpc::services(dispatcher, listing.clone(), health.clone(), &limits, passes_on);
        let served = registry.entries().map(|entry| (entry.key.clone(), entry.origin.clone()));
        let status = Arc::new(StatusPage::new(
            &registry,
            Arc::clone(&metrics),
            health.clone(),
            Arc::clone(&gates),
            listing.clone(),
            door,
        ));
        let roster = Roster {
            metrics: Arc::clone(&metrics),
            health: health.clone(),
            gates: Arc::clone(&gates),
            listing,
            served: Arc::new(Mutex::new(served.collect())),
        };
        let watched = tokio::spawn(upstreams.watch(roster));

        // The operators' pages stay up while calls drain, so that the drain can be watched.
        let pages_metrics = DoorMetrics::new().map_err(ServerError::new)?;
        let places = Arc::new(Semaphore::new(MOST_READERS));
        let pages = Door::new(trust.pages, places, limits.clone(), pages_metrics);
        let admin_pages = admin.map(|listener| {
            let routes = admin::routes(Arc::clone(&metrics), Arc::clone(&status));
            tokio::spawn(Pages::new(pages, listener, limits.clone()).serve(routes))
        });
        let ending = Ending { limits: limits.clone(), stop, hurry };
        let front = (Front::new(services, &layers, wire), Bounds::of(limits));
        let served = shutdown::serve(front, connections, health, &metrics, gates, ending).await;
        watched.abort();
        if let Some(reloading) = reloading {
            reloading.abort();
        }
        if let Some(pages) = admin_pages {
            pages.abort();
        }
        Ok(served)
    }
}
