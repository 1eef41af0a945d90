//! The health service: the server as a whole (`""`), each service, each connector by its name.
//! Orchestrators probe it; it answers from memory and never waits on a connector.
//! Unlike the stock implementation, watching an unknown name is allowed, as the protocol says.

use std::collections::BTreeMap;
use std::pin::Pin;

use futures_util::{Stream, StreamExt};
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::Health;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

/// Who is serving. Clones share one table.
#[derive(Debug, Clone)]
pub(crate) struct HealthTable {
    statuses: watch::Sender<BTreeMap<String, ServingStatus>>,
}

impl HealthTable {
    /// A table in which `serving` serve, `failed` do not, and the server as a whole does.
    pub(crate) fn new<'a>(
        serving: impl IntoIterator<Item = &'a str>,
        failed: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut statuses = BTreeMap::from([(String::new(), ServingStatus::Serving)]);
        statuses.extend(serving.into_iter().map(|name| (name.to_owned(), ServingStatus::Serving)));
        // A name can cover several connectors; one that failed makes it unhealthy.
        statuses
            .extend(failed.into_iter().map(|name| (name.to_owned(), ServingStatus::NotServing)));
        Self { statuses: watch::Sender::new(statuses) }
    }

    /// Whether the server as a whole serves.
    pub(crate) fn is_serving(&self) -> bool {
        self.statuses.borrow().get("") == Some(&ServingStatus::Serving)
    }

    /// Tells every prober and watcher that nothing is served any more.
    pub(crate) fn stop_serving(&self) {
        self.statuses.send_modify(|statuses| {
            statuses.values_mut().for_each(|status| *status = ServingStatus::NotServing);
        });
    }
}

/// The service over a table.
#[derive(Debug)]
pub(crate) struct HealthService {
    table: HealthTable,
}

impl HealthService {
    pub(crate) const fn new(table: HealthTable) -> Self {
        Self { table }
    }
}

fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

#[tonic::async_trait]
impl Health for HealthService {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let name = request.into_inner().service;
        match self.table.statuses.borrow().get(&name) {
            Some(status) => Ok(Response::new(answer(*status))),
            None => Err(Status::not_found(format!(
                "nothing here is named {name:?}; ask for \"\", a service or a connector name"
            ))),
        }
    }

    type WatchStream =
        Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send + 'static>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let name = request.into_inner().service;
        let mut last = None;
        let changes = WatchStream::new(self.table.statuses.subscribe())
            .map(move |statuses| {
                statuses.get(&name).copied().unwrap_or(ServingStatus::ServiceUnknown)
            })
            .filter_map(move |status| {
                let changed = last.replace(status) != Some(status);
                std::future::ready(changed.then(|| Ok(answer(status))))
            });
        Ok(Response::new(Box::pin(changes)))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use tonic::{Code, Request};
    use tonic_health::pb::HealthCheckRequest;
    use tonic_health::pb::health_check_response::ServingStatus;
    use tonic_health::pb::health_server::Health;

    use super::{HealthService, HealthTable};

    fn ask(service: &str) -> Request<HealthCheckRequest> {
        Request::new(HealthCheckRequest { service: service.to_owned() })
    }

    #[tokio::test]
    async fn checks_and_watches() {
        let table = HealthTable::new(["a", "b"], ["b"]);
        let service = HealthService::new(table.clone());
        let check = async |name: &str| {
            service.check(ask(name)).await.map(|answer| answer.into_inner().status)
        };
        assert_eq!(check("").await.unwrap(), ServingStatus::Serving as i32);
        assert_eq!(check("b").await.unwrap(), ServingStatus::NotServing as i32);
        assert_eq!(check("zz").await.unwrap_err().code(), Code::NotFound);

        let mut watched = service.watch(ask("a")).await.unwrap().into_inner();
        let mut unknown = service.watch(ask("zz")).await.unwrap().into_inner();
        let first = unknown.next().await.unwrap().unwrap();
        assert_eq!(first.status, ServingStatus::ServiceUnknown as i32);
        assert_eq!(watched.next().await.unwrap().unwrap().status, ServingStatus::Serving as i32);
        table.stop_serving();
        assert_eq!(watched.next().await.unwrap().unwrap().status, ServingStatus::NotServing as i32);
        assert!(!table.is_serving());
    }
}
