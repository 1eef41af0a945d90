//! `check`: all that `serve` does but listening, so that CI learns what a deployment would.
//! `app` calls it with the linked connectors. What is wrong comes back as text; nothing is printed here.

use connector_core::Registry;
use tonic::Request;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::cli::ServeArgs;
use crate::in_process::InProcess;
use crate::pb::ListConnectorsRequest;
use crate::pb::connector_metadata_service_client::ConnectorMetadataServiceClient;
use crate::server::Server;
use crate::{linking, promises, table};

/// Starts the connectors and serves them over memory; what would be served, as a table.
///
/// # Errors
/// Nothing or not everything expected is linked in, a connector does not start, or the server does
/// not come up.
pub(crate) async fn check(registry: Registry, args: &ServeArgs) -> Result<String, String> {
    if let Some(problem) = linking::problem(&registry, &args.expect) {
        return Err(problem);
    }
    if let Some(missing) = linking::not_loaded(&args.modules) {
        return Err(missing);
    }
    // A server leaves such a connector out and serves the others; here somebody can still mend it.
    let failures: Vec<String> = registry
        .failures()
        .iter()
        .map(|failure| {
            format!("{} does not start: {} ({})", failure.name, failure.error, failure.place)
        })
        .collect();
    let broken: Vec<String> = failures.into_iter().chain(promises::broken()).collect();
    if !broken.is_empty() {
        return Err(broken.join("\n"));
    }
    let table = table::render(&registry);
    let names = registry.by_name().len();
    let server = Server::builder().registry(registry).limits(args.limits()).build();
    let server = InProcess::serve(server);
    let served = answers(&server).await;
    server.stop().await.map_err(|error| format!("the server does not end well: {error}"))?;
    match served? {
        listed if listed == names => Ok(format!("{table}\ncheck passed: a server would start\n")),
        listed => Err(format!("{names} connectors were started and {listed} are listed")),
    }
}

/// How many connectors a healthy server lists.
async fn answers(server: &InProcess) -> Result<usize, String> {
    let says = |status: tonic::Status| format!("the server does not answer: {status}");
    let mut health = HealthClient::new(server.channel());
    let answer = health.check(Request::new(HealthCheckRequest::default())).await.map_err(says)?;
    let status = answer.into_inner().status();
    if status != ServingStatus::Serving {
        return Err(format!("the server is {}", status.as_str_name()));
    }
    let mut metadata = ConnectorMetadataServiceClient::new(server.channel());
    let answer = metadata.list_connectors(ListConnectorsRequest {}).await.map_err(says)?;
    Ok(answer.into_inner().connectors.len())
}

#[cfg(test)]
mod tests {
    use connector_core::Registry;
    use connector_examples::echo::Echo;

    use super::check;
    use crate::cli::{Command, ServeArgs, parse};

    fn flags(line: &str) -> ServeArgs {
        match parse(line.split(' ').map(Into::into)) {
            Ok(Command::Check(args)) => *args,
            other => panic!("{line} gave {other:?}"),
        }
    }

    async fn one() -> Registry {
        Registry::builder().register(Echo).build().await.unwrap()
    }

    #[tokio::test]
    async fn what_would_be_served_is_shown() {
        let shown = check(one().await, &flags("c check --expect echo@0")).await.unwrap();
        assert!(shown.contains("echo (0)") && shown.contains("check passed"), "{shown}");
    }

    #[tokio::test]
    async fn what_is_missing_is_an_error() {
        let error = check(one().await, &flags("c check --expect echo@2")).await.unwrap_err();
        assert!(error.contains("echo@2"), "{error}");
        let error = check(one().await, &flags("c check --modules a b")).await.unwrap_err();
        assert!(error.contains("NOT SERVED") && error.contains("a, b"), "{error}");
        let error = check(Registry::default(), &flags("c check")).await.unwrap_err();
        assert!(error.contains("no connector is linked"), "{error}");
    }
}
