//! The health service: the server as a whole (`""`), each service, each connector by its name.
//! Orchestrators probe it; it answers from memory and never waits on a connector.
//! Unlike the stock implementation, watching an unknown name is allowed, as the protocol says.

use std::collections::BTreeMap;
use std::pin::Pin;

use connector_gate::TextLimit;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::watch;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::Health;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

/// The longest name that can be watched, in bytes.
const LONGEST_NAME: usize = 1024;

/// Who is serving. Clones share one table.
#[derive(Debug, Clone)]
pub(crate) struct HealthTable {
    statuses: watch::Sender<Statuses>,
}

#[derive(Debug)]
struct Statuses {
    by_name: BTreeMap<String, ServingStatus>,
    stopping: bool,
}

impl HealthTable {
    /// A table in which `serving` serve, `failed` do not, and the server as a whole does.
    pub(crate) fn new<'a>(
        serving: impl IntoIterator<Item = &'a str>,
        failed: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut by_name = BTreeMap::from([(String::new(), ServingStatus::Serving)]);
        by_name.extend(serving.into_iter().map(|name| (name.to_owned(), ServingStatus::Serving)));
        // A name can cover several connectors; one that failed makes it unhealthy.
        by_name.extend(failed.into_iter().map(|name| (name.to_owned(), ServingStatus::NotServing)));
        Self { statuses: watch::Sender::new(Statuses { by_name, stopping: false }) }
    }

    /// Whether the server as a whole serves.
    pub(crate) fn is_serving(&self) -> bool {
        self.statuses.borrow().by_name.get("") == Some(&ServingStatus::Serving)
    }

    /// Whether a name serves, if it is known.
    pub(crate) fn serves(&self, name: &str) -> Option<bool> {
        let statuses = self.statuses.borrow();
        statuses.by_name.get(name).map(|status| *status == ServingStatus::Serving)
    }

    /// Tells every prober and watcher that nothing is served any more.
    pub(crate) fn stop_serving(&self) {
        self.statuses.send_modify(|statuses| {
            statuses.by_name.values_mut().for_each(|status| *status = ServingStatus::NotServing);
            statuses.stopping = true;
        });
    }

    /// Says whether a connector serves, unless the server is ending.
    pub(crate) fn set(&self, name: &str, serves: bool) {
        let status = if serves { ServingStatus::Serving } else { ServingStatus::NotServing };
        self.statuses.send_if_modified(|statuses| {
            let changes = !statuses.stopping && statuses.by_name.get(name) != Some(&status);
            changes && {
                statuses.by_name.insert(name.to_owned(), status);
                true
            }
        });
    }

    /// The status of a name now and whenever it changes. The end of the server ends the stream, too,
    /// so that no watcher holds up the drain.
    fn watch(&self, name: String) -> impl Stream<Item = ServingStatus> + Send + 'static {
        let start = Some((self.statuses.subscribe(), name, None));
        stream::unfold(start, |state| async move {
            let (mut statuses, name, last) = state?;
            loop {
                let (status, stopping) = {
                    let now = statuses.borrow_and_update();
                    let status = now.by_name.get(&name).copied();
                    (status.unwrap_or(ServingStatus::ServiceUnknown), now.stopping)
                };
                if last != Some(status) {
                    let next = (!stopping).then_some((statuses, name, Some(status)));
                    return Some((status, next));
                }
                if stopping || statuses.changed().await.is_err() {
                    return None;
                }
            }
        })
    }
}

/// The service over a table.
#[derive(Debug)]
pub(crate) struct HealthService {
    table: HealthTable,
    texts: TextLimit,
}

impl HealthService {
    pub(crate) const fn new(table: HealthTable, texts: TextLimit) -> Self {
        Self { table, texts }
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
        match self.table.statuses.borrow().by_name.get(&name) {
            Some(status) => Ok(Response::new(answer(*status))),
            None => Err(Status::not_found(self.texts.shortened(format!(
                "ask for \"\", a service or a connector name; nothing here is named {name:?}"
            )))),
        }
    }

    type WatchStream =
        Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send + 'static>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let name = request.into_inner().service;
        // Kept for as long as somebody watches, and nobody was asked who he is.
        if name.len() > LONGEST_NAME {
            return Err(Status::invalid_argument(format!(
                "nothing here has a name of {} bytes; the longest is one of {LONGEST_NAME}",
                name.len()
            )));
        }
        let changes = self.table.watch(name);
        Ok(Response::new(Box::pin(changes.map(|status| Ok(answer(status))))))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use tonic::{Code, Request};
    use tonic_health::pb::HealthCheckRequest;
    use tonic_health::pb::health_check_response::ServingStatus;
    use tonic_health::pb::health_server::Health;

    use super::{HealthService, HealthTable, TextLimit};

    fn ask(service: &str) -> Request<HealthCheckRequest> {
        Request::new(HealthCheckRequest { service: service.to_owned() })
    }

    #[tokio::test]
    async fn checks_and_watches() {
        let table = HealthTable::new(["a", "b"], ["b"]);
        let service = HealthService::new(table.clone(), TextLimit::default());
        let check = async |name: &str| {
            service.check(ask(name)).await.map(|answer| answer.into_inner().status)
        };
        assert_eq!(check("").await.unwrap(), ServingStatus::Serving as i32);
        assert_eq!(check("b").await.unwrap(), ServingStatus::NotServing as i32);
        assert_eq!(check("zz").await.unwrap_err().code(), Code::NotFound);

        let endless = "z".repeat(super::LONGEST_NAME + 1);
        let refused = service.watch(ask(&endless)).await.err().map(|status| status.code());
        assert_eq!(refused, Some(Code::InvalidArgument), "nobody keeps it");

        let mut watched = service.watch(ask("a")).await.unwrap().into_inner();
        let mut unknown = service.watch(ask("zz")).await.unwrap().into_inner();
        let first = unknown.next().await.unwrap().unwrap();
        assert_eq!(first.status, ServingStatus::ServiceUnknown as i32);
        assert_eq!(watched.next().await.unwrap().unwrap().status, ServingStatus::Serving as i32);
        table.stop_serving();
        assert_eq!(watched.next().await.unwrap().unwrap().status, ServingStatus::NotServing as i32);
        assert!(watched.next().await.is_none(), "a watcher does not hold up the end");
        assert!(unknown.next().await.is_none());
        assert!(!table.is_serving());
    }
}
