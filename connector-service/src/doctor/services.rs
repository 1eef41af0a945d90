//! Whether the services of a connector service answer, and what they list: over a connection that works.
//! `mod` calls it after `reach`. Every call has the executor's deadline.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tower::service_fn;

use super::executor_yaml::ExecutorYaml;
use super::reach::Dial;
use super::report::Report;
use super::target::Target;
use crate::linking;
use crate::pb;
use crate::pb::connector_metadata_service_client::ConnectorMetadataServiceClient;
use crate::pb::flyte1;
use crate::pb::flyte1::agent_metadata_service_client::AgentMetadataServiceClient;
use crate::upstream::answers::root_cause;
use crate::wanted::Wanted;

/// As with a stock executor.
const DEADLINE: Duration = Duration::from_secs(10);

/// What a service lists: task types with versions.
type Listed = BTreeSet<(String, i32)>;

/// Asks, and adds what the executor must be told of what was found.
pub(super) async fn ask(dial: &Dial, target: &Target, report: &mut Report) {
    let asked = Asked { channel: channel(dial), token: target.token.as_deref() };
    if !asked.health(report).await {
        return;
    }
    let Some((connectors, flyte2)) = asked.flyte2(report).await else { return };
    let (sync, flyte1) = asked.flyte1(report).await;
    if flyte2.is_none() && flyte1.is_none() {
        return report.failed(
            "service",
            "HTTP/2 is answered, but there is no connector service",
            "give the gRPC port, which is another one than that of the metrics; a proxy in between may send \
             these calls elsewhere",
        );
    }
    for wanted in &target.expected {
        expect(wanted, flyte2.as_ref(), flyte1.as_ref(), report);
    }
    asked.health_by_name(&connectors, report).await;
    let all = flyte2.iter().chain(&flyte1).flatten();
    let types: BTreeMap<String, bool> =
        all.map(|(name, _)| (name.clone(), sync.contains(name))).collect();
    let address = target.address.to_string();
    report.executor = Some(ExecutorYaml::new(&address, target.tls.is_none(), types));
}

struct Asked<'a> {
    channel: Channel,
    token: Option<&'a str>,
}

impl Asked<'_> {
    /// A call's message, with the token.
    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(Ok(value)) = self.token.map(|token| format!("Bearer {token}").parse()) {
            request.metadata_mut().insert("authorization", value);
        }
        request
    }

    async fn status_of(&self, name: &str) -> Result<ServingStatus, Status> {
        let mut health = HealthClient::new(self.channel.clone());
        let request = self.request(HealthCheckRequest { service: name.to_owned() });
        within(request, |request| health.check(request)).await.map(|answer| answer.status())
    }

    /// Whether the service is there at all; as what its health answers, which needs no token here.
    async fn health(&self, report: &mut Report) -> bool {
        match self.status_of("").await {
            Ok(ServingStatus::Serving) => report.ok("health", "SERVING"),
            Ok(status) => report.failed(
                "health",
                status.as_str_name(),
                "the server is about to end, or what it serves has not come up: look into its log",
            ),
            Err(status) if is_silent(&status) => {
                let advice = if said(&status).contains("certificate") {
                    "it may ask for a certificate of the caller: give --tls-client-cert and \
                     --tls-client-key"
                } else {
                    "is that a connector service? look into its log"
                };
                report.failed("health", format!("gRPC is not answered: {}", said(&status)), advice);
                return false;
            }
            // gRPC is answered, and that is what counts: the executor does not ask for health.
            Err(status) => report.note("health", format!("it has none: {}", said(&status))),
        }
        true
    }

    /// What Flyte 2 is told, with the names of connectors; nothing where it makes no sense to go on.
    async fn flyte2(&self, report: &mut Report) -> Option<(Vec<String>, Option<Listed>)> {
        let mut client = ConnectorMetadataServiceClient::new(self.channel.clone());
        let request = self.request(pb::ListConnectorsRequest {});
        match within(request, |request| client.list_connectors(request)).await {
            Ok(answer) => {
                self.judge_token(report).await;
                let listed = answer.connectors.iter().flat_map(|it| &it.supported_task_categories);
                let listed = listed.map(|it| (it.name.clone(), it.version)).collect();
                told("Flyte 2", &listed, report);
                let names = answer.connectors.into_iter().map(|connector| connector.name);
                Some((names.collect(), Some(listed)))
            }
            Err(status) if status.code() == Code::Unimplemented => {
                report.note("Flyte 2", "it does not serve Flyte 2");
                Some((Vec::new(), None))
            }
            Err(status) => {
                self.refused(&status, report);
                None
            }
        }
    }

    fn refused(&self, status: &Status, report: &mut Report) {
        let said = said(status);
        match (status.code(), self.token) {
            (Code::Unauthenticated, None) => report.failed(
                "token",
                format!("callers are asked for one: {said}"),
                "give --auth-token-file FILE; the executor has none, so a proxy beside it must bring it",
            ),
            (Code::Unauthenticated, Some(_)) => report.failed(
                "token",
                format!("the one that was brought is not accepted: {said}"),
                "give the file of tokens that the server has now; its first is brought",
            ),
            (Code::PermissionDenied, _) => report.failed(
                "caller",
                said,
                "show a certificate with another name, or allow this one with --tls-client-name",
            ),
            _ => report.failed("Flyte 2", said, "look into the log of the server"),
        }
    }

    /// Whether a call without a token is refused.
    async fn judge_token(&self, report: &mut Report) {
        let without = Asked { channel: self.channel.clone(), token: None };
        let mut client = ConnectorMetadataServiceClient::new(without.channel.clone());
        let request = without.request(pb::ListConnectorsRequest {});
        let asks = match within(request, |request| client.list_connectors(request)).await {
            Err(status) => status.code() == Code::Unauthenticated,
            Ok(_) => false,
        };
        match (self.token, asks) {
            (Some(_), true) => report.ok("token", "it is asked for and accepted"),
            (Some(_), false) => {
                report.note("token", "none is asked for: the one that was brought says nothing");
            }
            (None, _) => report.ok("token", "none is asked for"),
        }
    }

    /// What Flyte 1 is told, and which of the types are done within one call.
    async fn flyte1(&self, report: &mut Report) -> (BTreeSet<String>, Option<Listed>) {
        let mut client = AgentMetadataServiceClient::new(self.channel.clone());
        let request = self.request(flyte1::ListAgentsRequest {});
        let agents = match within(request, |request| client.list_agents(request)).await {
            Ok(answer) => answer.agents,
            Err(status) if status.code() == Code::Unimplemented => {
                report.note("Flyte 1", "it does not serve Flyte 1");
                return (BTreeSet::new(), None);
            }
            Err(status) => {
                report.failed("Flyte 1", said(&status), "look into the log of the server");
                return (BTreeSet::new(), None);
            }
        };
        let categories = |agent: &flyte1::Agent| -> Vec<(String, i32)> {
            let listed = agent.supported_task_categories.iter();
            listed.map(|it| (it.name.clone(), it.version)).collect()
        };
        let sync = agents.iter().filter(|agent| agent.is_sync).flat_map(categories);
        let sync = sync.map(|(name, _)| name).collect();
        let listed = agents.iter().flat_map(categories).collect();
        told("Flyte 1", &listed, report);
        (sync, Some(listed))
    }

    async fn health_by_name(&self, connectors: &[String], report: &mut Report) {
        for name in connectors {
            let step = format!("health of {name}");
            match self.status_of(name).await {
                Ok(ServingStatus::Serving) => report.ok(&step, "SERVING"),
                Ok(status) => report.failed(
                    &step,
                    status.as_str_name(),
                    "its settings are wrong or what it needs is away: look into the log of the server",
                ),
                Err(status) if status.code() == Code::NotFound => {
                    report.note(&step, "not known by connector, as with the official Python service");
                    return;
                }
                Err(status) => report.note(&step, said(&status)),
            }
        }
    }
}

fn told(flyte: &str, listed: &Listed, report: &mut Report) {
    if listed.is_empty() {
        let advice =
            "is a connector linked in, or are its modules named? see the log of the server";
        return report.failed(flyte, "it lists no task type", advice);
    }
    report.ok(flyte, format!("it lists {}", shown(listed).join(", ")));
}

fn shown(listed: &Listed) -> Vec<String> {
    listed.iter().map(|(name, version)| format!("{name}@{version}")).collect()
}

fn expect(wanted: &Wanted, flyte2: Option<&Listed>, flyte1: Option<&Listed>, report: &mut Report) {
    let has = |listed: Option<&Listed>| {
        listed.is_some_and(|listed| {
            listed.iter().any(|(name, version)| {
                *name == wanted.task_type.as_str() && wanted.version.is_none_or(|it| it == *version)
            })
        })
    };
    let step = format!("expected {wanted}");
    match (has(flyte2), has(flyte1)) {
        (true, true) => report.ok(&step, "listed for Flyte 2 and Flyte 1"),
        (true, false) => report.ok(&step, "listed for Flyte 2"),
        (false, true) => report.ok(&step, "listed for Flyte 1"),
        (false, false) => {
            let both: Listed = flyte2.into_iter().chain(flyte1).flatten().cloned().collect();
            let served = shown(&both);
            let served: Vec<&str> = served.iter().map(String::as_str).collect();
            let told = linking::unknown(&wanted.to_string(), wanted.task_type.as_str(), &served);
            let advice = "a connector that does not start is left out: see the log of the server, or run \
                          `doctor` without --connect with its settings";
            report.failed(&step, told, advice);
        }
    }
}

/// Whether nobody has answered.
fn is_silent(status: &Status) -> bool {
    std::error::Error::source(status).is_some() || status.code() == Code::DeadlineExceeded
}

fn said(status: &Status) -> String {
    match (std::error::Error::source(status), status.message()) {
        (Some(source), _) => root_cause(source),
        (None, "") => format!("{:?}", status.code()),
        (None, message) => format!("{:?}: {message}", status.code()),
    }
}

async fn within<T, A, F>(
    mut request: Request<T>,
    call: impl FnOnce(Request<T>) -> F,
) -> Result<A, Status>
where
    F: Future<Output = Result<Response<A>, Status>>,
{
    request.set_timeout(DEADLINE);
    let answered = timeout(DEADLINE, call(request)).await;
    let late = |_| Status::deadline_exceeded(format!("no answer within {DEADLINE:?}"));
    answered.map_err(late)?.map(Response::into_inner)
}

/// What bytes go over, encrypted or not.
trait Wire: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Wire for T {}

fn channel(dial: &Dial) -> Channel {
    let dial = dial.clone();
    let connect = service_fn(move |_uri| {
        let dial = dial.clone();
        async move { open(&dial).await.map(TokioIo::new) }
    });
    Endpoint::from_static("http://connector-service").connect_with_connector_lazy(connect)
}

async fn open(dial: &Dial) -> io::Result<Pin<Box<dyn Wire>>> {
    Ok(match dial {
        Dial::Unix(path) => Box::pin(UnixStream::connect(path).await?),
        Dial::Tcp(address, None) => Box::pin(TcpStream::connect(address).await?),
        Dial::Tcp(address, Some(tls)) => {
            let stream = TcpStream::connect(address).await?;
            let connector = TlsConnector::from(Arc::clone(&tls.config));
            Box::pin(connector.connect(tls.name.clone(), stream).await?)
        }
    })
}
