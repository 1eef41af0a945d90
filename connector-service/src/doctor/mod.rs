//! `doctor`: why does it not work? Trial by trial, whether a connector service can be reached as Flyte's
//! executor reaches it, or whether this binary would serve; each with what to do.
//! `app` calls it and prints what comes back.

mod encrypted;
mod endpoints;
mod executor_yaml;
mod heard;
mod own;
mod reach;
mod report;
mod services;
mod target;

use report::Report;
use target::Target;

use crate::behind::Connectors;
use crate::cli::{DoctorArgs, Environment, ReportFormat};

/// What was found.
#[derive(Debug)]
pub(crate) struct Findings {
    /// To be printed.
    pub(crate) text: String,
    /// Whether nothing is wrong.
    pub(crate) passed: bool,
}

/// Tries the service that `--connect` names.
///
/// # Errors
/// The address is none, or a file that a flag names cannot be used.
pub(crate) async fn elsewhere(args: &DoctorArgs, address: &str) -> Result<Findings, String> {
    let target = Target::read(args, address)?;
    let mut report = Report::default();
    target.token.iter().for_each(|token| report.hide(token.clone()));
    if let Some(dial) = reach::reach(&target, &mut report).await {
        services::ask(&dial, &target, &mut report).await;
    }
    Ok(findings(args, &report))
}

/// Tries what this binary would serve, as it was made or why it cannot be.
pub(crate) async fn here(
    args: &DoctorArgs,
    connectors: Result<Connectors, String>,
    environment: &Environment,
) -> Findings {
    let mut report = Report::default();
    match connectors {
        Ok(connectors) => own::examine(connectors, &args.serve, environment, &mut report).await,
        Err(problem) => report.wrong("settings", problem),
    }
    findings(args, &report)
}

fn findings(args: &DoctorArgs, report: &Report) -> Findings {
    let text = match args.format {
        ReportFormat::Text => report.text(),
        ReportFormat::Json => report.json(),
    };
    Findings { text, passed: report.failures() == 0 }
}
