//! Layers that an embedder puts in front of the services: who may call, what is traced.
//! `server` collects them and the front of `grpc` puts them around the services.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{Body as HttpBody, StdError};
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt, service_fn};

/// What a layer is put around: every service of the gRPC port, with those layers that were added later
/// already around it. It answers every request.
pub type LayeredService = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// The layers of a server, the first one outermost.
#[derive(Clone)]
pub(crate) struct Layers(Vec<Arc<Wrap>>);

type Wrap = dyn Fn(LayeredService) -> LayeredService + Send + Sync;

impl Layers {
    pub(crate) const fn none() -> Self {
        Self(Vec::new())
    }

    /// Adds a layer inside of those that are there.
    pub(crate) fn push<L, B>(&mut self, layer: L)
    where
        L: Layer<LayeredService> + Send + Sync + 'static,
        L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Error: Into<StdError>,
        <L::Service as Service<Request<Body>>>::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<StdError>,
    {
        self.0.push(Arc::new(move |inner| {
            let layered = layer.layer(inner);
            BoxCloneSyncService::new(service_fn(move |request| {
                let answered = layered.clone().oneshot(request);
                async move {
                    // Nobody may be left without an answer.
                    Ok(match answered.await {
                        Ok(response) => response.map(Body::new),
                        Err(error) => Status::from_error(error.into()).into_http(),
                    })
                }
            }))
        }));
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<S> Layer<S> for Layers
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
{
    type Service = LayeredService;

    fn layer(&self, services: S) -> LayeredService {
        let service = BoxCloneSyncService::new(services);
        self.0.iter().rev().fold(service, |inner, wrap| wrap(inner))
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Layers").field(&self.0.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use connector_core::Registry;
    use connector_examples::echo::Echo;
    use http::Request;
    use tonic::body::Body;
    use tonic::{Code, Status};
    use tonic_health::pb::HealthCheckRequest;
    use tonic_health::pb::health_client::HealthClient;
    use tower::{BoxError, ServiceExt, layer::layer_fn, service_fn};

    use super::LayeredService;
    use crate::pb::connector_metadata_service_client::ConnectorMetadataServiceClient;
    use crate::pb::{GetConnectorRequest, ListConnectorsRequest};
    use crate::{InProcess, Server};

    #[tokio::test]
    async fn layers_see_every_service_in_order_and_may_refuse() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noting = |name: &'static str| {
            let seen = Arc::clone(&seen);
            layer_fn(move |inner: LayeredService| {
                let seen = Arc::clone(&seen);
                inner.map_request(move |request: Request<Body>| {
                    let method = request.uri().path().rsplit('/').next().unwrap_or_default();
                    seen.lock().unwrap().push(format!("{name} {method}"));
                    request
                })
            })
        };
        let refusing = layer_fn(|inner: LayeredService| {
            service_fn(move |request: Request<Body>| {
                let inner = inner.clone();
                async move {
                    if request.uri().path().ends_with("/GetConnector") {
                        return Err(BoxError::from(Status::permission_denied("not you")));
                    }
                    Ok(inner.oneshot(request).await.unwrap_or_else(|never| match never {}))
                }
            })
        });
        let registry = Registry::builder().register(Echo).build().await.unwrap();
        let server = Server::builder().registry(registry);
        let server = server.layer(noting("outer")).layer(refusing).layer(noting("inner"));
        let server = InProcess::serve(server.build());

        let mut metadata = ConnectorMetadataServiceClient::new(server.channel());
        let listed = metadata.list_connectors(ListConnectorsRequest {}).await.unwrap();
        assert_eq!(listed.into_inner().connectors.len(), 1);
        let asked = metadata.get_connector(GetConnectorRequest { name: "Echo Connector".into() });
        let refused = asked.await.unwrap_err();
        assert_eq!((refused.code(), refused.message()), (Code::PermissionDenied, "not you"));
        HealthClient::new(server.channel()).check(HealthCheckRequest::default()).await.unwrap();
        server.stop().await.unwrap();
        assert_eq!(
            *seen.lock().unwrap(),
            [
                "outer ListConnectors",
                "inner ListConnectors",
                "outer GetConnector",
                "outer Check",
                "inner Check"
            ]
        );
    }
}
