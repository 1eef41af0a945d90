//! Whether this binary would serve, with these settings on this machine: all that `check` looks at, each with a
//! line of its own, and whether the places can be reached that connectors call.
//! `mod` calls it with what was made.

use std::collections::BTreeMap;

use connector_core::Registry;

use super::endpoints;
use super::executor_yaml::ExecutorYaml;
use super::report::Report;
use crate::behind::Connectors;
use crate::check;
use crate::cli::{Environment, ServeArgs};

/// What this service is called where the guide deploys it.
const SERVICE: &str = "connector-server.flyte.svc.cluster.local";

pub(super) async fn examine(
    connectors: Connectors,
    args: &ServeArgs,
    environment: &Environment,
    report: &mut Report,
) {
    let Connectors { registry, behind, notes } = connectors;
    for named in registry.by_name() {
        let keys: Vec<String> = named.keys.iter().map(ToString::to_string).collect();
        report.ok("connector", format!("{} starts: {}", named.name, keys.join(", ")));
    }
    notes.unasked.iter().for_each(|note| report.note("behind", note));
    for question in check::questions(&registry, &notes.missing, args, environment) {
        match question.problems.as_slice() {
            [] => report.ok(question.name, question.fine),
            problems => problems.iter().for_each(|problem| report.wrong(question.name, problem)),
        }
    }
    match args.trust.open(&args.host) {
        Ok(trust) if trust.doubts.is_empty() => {
            report.ok("trust", "certificates and tokens can be used, and nobody can read along");
        }
        Ok(trust) => trust.doubts.iter().for_each(|doubt| report.note("trust", *doubt)),
        Err(problem) => report.wrong("trust", problem),
    }
    endpoints::reach(&registry, environment, report).await;
    let types = types(&registry);
    match check::serves(registry, &behind, args).await {
        Ok(listed) => {
            report.ok("serves", format!("health is SERVING, {listed} connectors are listed"));
        }
        Err(problem) => report.wrong("serves", problem),
    }
    let address = format!("{SERVICE}:{}", args.port);
    report.executor = Some(ExecutorYaml::new(&address, !args.trust.has_tls(), types));
}

fn types(registry: &Registry) -> BTreeMap<String, bool> {
    let of = |entry: &connector_core::host::Entry| {
        (entry.key.task_type.as_str().to_owned(), entry.connector.is_sync())
    };
    registry.entries().map(of).collect()
}
