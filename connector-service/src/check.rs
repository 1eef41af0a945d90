//! `check`: all that `serve` does but listening, so that CI learns what a deployment would.
//! `app` calls it with the linked connectors, and `doctor` asks the same questions one by one. What is wrong comes
//! back as text; nothing is printed here.

use std::ffi::OsStr;

use connector_core::Registry;
use connector_core::policy::Recovery;
use tonic::Request;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::behind::{Behind, Connectors};
use crate::cli::{Environment, ServeArgs};
use crate::in_process::InProcess;
use crate::pb::ListConnectorsRequest;
use crate::pb::connector_metadata_service_client::ConnectorMetadataServiceClient;
use crate::server::Server;
use crate::unread::{unread, unread_of_file};
use crate::{describe, linking, promises, table};

/// Starts the connectors and serves them over memory; what would be served, as a table.
///
/// # Errors
/// Nothing or not everything expected is linked in, a connector does not start, certificates
/// or tokens cannot be used, the database of the state is not there, or the server does not come up.
pub(crate) async fn check(
    connectors: Connectors,
    args: &ServeArgs,
    environment: &Environment,
) -> Result<String, String> {
    let Connectors { registry, behind, notes } = connectors;
    // A server would leave these out or go on without, and serve the rest; here somebody can still mend
    // all of them at once.
    let asked = questions(&registry, &notes.missing, args, environment);
    let mut problems: Vec<String> = asked.into_iter().flat_map(|it| it.problems).collect();
    problems.extend(args.trust.open(&args.host).err());
    let variable = |name: &str| Some(environment.get(OsStr::new(name))?.to_str()?.to_owned());
    problems.extend(args.state.check(variable).await.err());
    if !problems.is_empty() {
        return Err(problems.join("\n"));
    }
    let table = table::render(&registry) + &table::below(&notes.unasked) + &recoveries(&registry);
    serves(registry, &behind, args).await?;
    Ok(format!("{table}\ncheck passed: a server would start\n"))
}

/// One thing that is looked at before a server is started.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) name: &'static str,
    /// What to say where nothing is wrong.
    pub(crate) fine: &'static str,
    pub(crate) problems: Vec<String>,
}

/// What would keep a server from serving all that it should. Trust is left to the caller, who may need
/// it open.
pub(crate) fn questions(
    registry: &Registry,
    missing_behind: &[String],
    args: &ServeArgs,
    environment: &Environment,
) -> [Question; 6] {
    let missing = linking::problem(registry, &args.expect, args.behind.is_any());
    let failures = registry.failures().iter().map(|failure| {
        format!("{} does not start: {} ({})", failure.name, failure.error, failure.place)
    });
    let mut unread = unread(environment, registry.variables());
    unread.extend(unread_of_file(environment, registry.variables()).all());
    let question = |name, fine, problems| Question { name, fine, problems };
    [
        question("expected", "what is expected is there", missing.into_iter().collect()),
        question("behind", "what flags name beside the binary serves", missing_behind.to_vec()),
        question("start", "every connector starts", failures.collect()),
        question("build", "the binary was built as its promises need it", promises::broken()),
        question("secrets", "the operator's secrets can be read", unreadable_secrets(registry)),
        question("variables", "somebody reads every variable and setting", unread),
    ]
}

/// Serves over memory; how many connectors are listed, which are all.
///
/// # Errors
/// The server does not come up, or lists something else.
pub(crate) async fn serves(
    registry: Registry,
    behind: &Behind,
    args: &ServeArgs,
) -> Result<usize, String> {
    let names = registry.by_name().len();
    let server = Server::builder().registry(registry).limits(args.limits());
    let server = server.upstreams(behind.upstreams()).build();
    let server = InProcess::serve(server);
    let served = answers(&server).await;
    server.stop().await.map_err(|error| format!("the server does not end well: {error}"))?;
    match served? {
        listed if listed == names => Ok(listed),
        listed => Err(format!("{names} connectors were started and {listed} are listed")),
    }
}

/// What becomes of creates whose server dies over them, and of which connectors.
fn recoveries(registry: &Registry) -> String {
    let mut text = "\nA create whose server dies over it\n".to_owned();
    for recovery in [Recovery::Keys, Recovery::Find, Recovery::Neither] {
        let jobs = registry.entries().filter(|entry| !entry.connector.is_sync());
        let of_kind = jobs.filter(|entry| entry.recovery() == recovery);
        let mut names: Vec<&str> = of_kind.map(|entry| &*entry.name).collect();
        names.dedup();
        if !names.is_empty() {
            text.push_str(&format!("  {} ({})\n", describe::recovery(recovery), names.join(", ")));
        }
    }
    text
}

/// What of the operator's secrets is there and cannot be read.
fn unreadable_secrets(registry: &Registry) -> Vec<String> {
    let mut problems: Vec<String> = Vec::new();
    for entry in registry.entries() {
        // Task types of one connector share its secrets.
        for problem in entry.operator.refresh().problems {
            let problem = format!("a secret of the operator cannot be read: {problem}");
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    }
    problems
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
    use connector_examples::simulator::Simulator;

    use super::check;
    use crate::behind::Connectors;
    use crate::cli::{Command, Environment, Parsed, parse};

    async fn checked(line: &str, variables: &[(&str, &str)]) -> Result<String, String> {
        let environment: Environment = variables.iter().copied().collect();
        let parsed = parse(line.split(' ').map(Into::into), &environment);
        let Ok(Parsed { command: Command::Check(args), .. }) = parsed else { panic!("{parsed:?}") };
        let registry = Registry::builder().register(Echo).register(Simulator::default());
        let registry = registry.variables(environment.texts()).build().await.unwrap();
        check(registry.into(), &args, &environment).await
    }

    #[tokio::test]
    async fn what_would_be_served_is_shown() {
        let shown = checked("c check --expect echo@0", &[("CONNECTOR_PORT", "1")]).await.unwrap();
        assert!(shown.contains("echo (0)") && shown.contains("check passed"), "{shown}");
        assert!(shown.contains("  neither: nobody can say"), "{shown}");
        let keyed = [("CONNECTOR__SIMULATOR__POLICY__KEYED", "true")];
        let shown = checked("c check", &keyed).await.unwrap();
        assert!(shown.contains("gives the same job (Simulator)\n"), "{shown}");
    }

    #[tokio::test]
    async fn what_is_missing_is_an_error() {
        let error = checked("c check --expect echo@2", &[]).await.unwrap_err();
        assert!(error.contains("echo@2"), "{error}");
        let flags = parse("c check".split(' ').map(Into::into), &Environment::default());
        let Ok(Parsed { command: Command::Check(flags), .. }) = flags else { panic!("{flags:?}") };
        let mut behind = Connectors::default();
        behind.notes.missing.push("10.0.0.1:8000 does not answer".to_owned());
        let away = check(behind, &flags, &Environment::default()).await.unwrap_err();
        assert!(away.contains("10.0.0.1:8000 does not answer"), "{away}");
        let nothing = check(Connectors::default(), &flags, &Environment::default()).await;
        assert!(nothing.unwrap_err().contains("no connector is linked"));
    }

    #[tokio::test]
    async fn a_type_that_moves_over_and_is_there_twice_is_no_error() {
        let flags = parse("c check".split(' ').map(Into::into), &Environment::default());
        let Ok(Parsed { command: Command::Check(flags), .. }) = flags else { panic!("{flags:?}") };
        let registry = Registry::builder().register(Echo).build().await.unwrap();
        let mut connectors = Connectors::from(registry);
        connectors.notes.unasked.push("echo (0): Python lists it, too".to_owned());
        let shown = check(connectors, &flags, &Environment::default()).await.unwrap();
        assert!(shown.contains("\necho (0): Python lists it, too\n"), "{shown}");
    }

    #[tokio::test]
    async fn variables_that_nobody_reads_and_secrets_that_cannot_be_read_are_errors_every_time() {
        let root = tempfile::tempdir().unwrap();
        let own = root.path().join("simulator");
        std::fs::create_dir(&own).unwrap();
        std::fs::write(own.join("api_key"), [0xff, 0xfe]).unwrap();
        let variables = [
            ("CONNECTOR_PROMETHEUSPORT", "hunter2"),
            ("CONNECTOR_SECRETS_DIR", root.path().to_str().unwrap()),
        ];
        for _ in 0..3 {
            let error = checked("c check --expect nobody", &variables).await.unwrap_err();
            let told: Vec<&str> = error.lines().collect();
            for words in [
                "nobody",
                "simulator/api_key: it is no text",
                "CONNECTOR_PROMETHEUSPORT; did you mean CONNECTOR_PROMETHEUS_PORT?",
            ] {
                let count = told.iter().filter(|line| line.contains(words)).count();
                assert!(count > 0, "{words} is not in {error}");
            }
            assert_eq!(error.matches("api_key").count(), 1, "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
