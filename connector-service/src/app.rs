//! From the command line to a running server: read flags, check connectors, bind, announce, serve.
//! `main` calls it. Everything it prints says what to do; embedders use `server` instead.

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use connector_core::Registry;
use tokio::net::TcpListener;
use tokio::runtime::Handle;

use crate::cli::{self, Command, DescribeArgs, Environment, Parsed, ServeArgs};
use crate::python::{self, PythonArgs};
use crate::run::{self, RunArgs};
use crate::server::Server;
use crate::unread::unread;
use crate::{check, describe, linking, promises, shutdown, table, telemetry};

const USAGE: u8 = 2;

const WITHIN_A_RUNTIME: &str = "`connector_service::main()` starts a runtime of its own and was called \
     within another one: write `fn main() -> ExitCode` without `#[tokio::main]` and `async`, or serve \
     with `Server::builder()`";

/// Runs a command line to its end.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let environment = Environment::of_process();
    let Parsed { command, warnings } = match cli::parse(arguments, &environment) {
        Ok(parsed) => parsed,
        Err(printed) if printed.is_error => {
            complain(printed.text);
            return ExitCode::from(USAGE);
        }
        Err(printed) => {
            say(printed.text);
            return ExitCode::SUCCESS;
        }
    };
    match command {
        Command::Serve(args) => finish(in_runtime(serve(&args, &environment, &warnings))),
        Command::Check(args) => finish(in_runtime(check_all(&args, &environment, &warnings))),
        Command::List => finish(in_runtime(list(&environment))),
        Command::Describe(args) => finish(in_runtime(describe(&args, &environment))),
        Command::Python(args) => finish(in_runtime(python(&args, &environment))),
        Command::Run(args) => match in_runtime(run_task(&args, &environment)) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(problem) => {
                complain(format!("error: {problem}\n"));
                ExitCode::from(USAGE)
            }
        },
    }
}

fn finish(ended: Result<(), String>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain(format!("error: {problem}\n"));
            ExitCode::FAILURE
        }
    }
}

fn in_runtime<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    // Blocking inside another runtime would panic.
    if Handle::try_current().is_ok() {
        return Err(WITHIN_A_RUNTIME.to_owned());
    }
    // One more than there are processors: a thread that a connector holds up is not missed.
    let threads = std::thread::available_parallelism().map_or(1, usize::from) + 1;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .map_err(|error| format!("the runtime cannot be started: {error}"))?;
    let ended = runtime.block_on(work);
    // A connector may still be blocking a thread; the process does not wait for it.
    runtime.shutdown_background();
    ended
}

async fn check_all(
    args: &ServeArgs,
    environment: &Environment,
    warnings: &[String],
) -> Result<(), String> {
    telemetry::start(args.log_level, args.log_format);
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    say(check::check(linked(environment).await?, args, environment).await?);
    Ok(())
}

async fn list(environment: &Environment) -> Result<(), String> {
    let registry = linked(environment).await?;
    if let Some(problem) = linking::problem(&registry, &[]) {
        return Err(problem);
    }
    say(table::render(&registry));
    Ok(())
}

async fn describe(args: &DescribeArgs, environment: &Environment) -> Result<(), String> {
    say(describe::render(&linked(environment).await?, &args.task_type, args.json)?);
    Ok(())
}

async fn python(args: &PythonArgs, environment: &Environment) -> Result<(), String> {
    let warn = |doubt: &str| complain(format!("warning: {doubt}\n"));
    say(python::run(&linked(environment).await?, args, warn)?);
    Ok(())
}

async fn run_task(args: &RunArgs, environment: &Environment) -> Result<bool, String> {
    telemetry::start(args.log_level, telemetry::LogFormat::Text);
    let variable = |name: &str| {
        let value = environment.get(OsStr::new(name))?;
        Some(value.to_str()?.to_owned())
    };
    run::run(args, linked(environment).await, variable).await
}

async fn serve(
    args: &ServeArgs,
    environment: &Environment,
    warnings: &[String],
) -> Result<(), String> {
    telemetry::start(args.log_level, args.log_format);
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    if args.worker.is_some() {
        tracing::info!("--worker is ignored: worker threads follow the processors");
    }
    if let Some(warning) = linking::not_loaded(&args.modules) {
        tracing::warn!("{warning}");
    }
    let registry = linked(environment).await?;
    if let Some(problem) = linking::problem(&registry, &args.expect) {
        return Err(problem);
    }
    for broken in promises::broken() {
        tracing::error!("{broken}");
    }
    for failure in registry.failures() {
        tracing::error!(connector = failure.name, place = %failure.place, "not served: {}", failure.error);
    }
    for problem in unread(environment, registry.variables()) {
        tracing::warn!("{problem}");
    }
    let grpc = bind(&args.host, args.port, "gRPC", "--port").await?;
    let admin = bind(&args.host, args.prometheus_port, "metrics", "--prometheus-port").await?;
    let (grpc_address, admin_address) = (address(&grpc)?, address(&admin)?);
    say(format!(
        "connector-server {}\n\n{}\ngRPC      http://{grpc_address}\n\
         metrics   http://{admin_address}/metrics\n",
        env!("CARGO_PKG_VERSION"),
        table::render(&registry)
    ));
    let stop = shutdown::asked_to_end(args.timeout);
    Server::builder()
        .registry(registry)
        .limits(args.limits())
        .build()
        .serve(grpc, Some(admin), stop)
        .await
        .map_err(|error| format!("serving ended: {error}"))
}

async fn linked(environment: &Environment) -> Result<Registry, String> {
    Registry::linked()
        .variables(environment.texts())
        .build()
        .await
        .map_err(|error| error.to_string())
}

/// Binds a port, or says in one line why not and what to change.
async fn bind(host: &str, port: u16, what: &str, flag: &str) -> Result<TcpListener, String> {
    let bound = match TcpListener::bind((host, port)).await {
        // A machine without IPv6 has no `::`; there the default means every IPv4 address.
        Err(error) if host == "::" && lacks_ipv6(&error) => {
            TcpListener::bind(("0.0.0.0", port)).await
        }
        bound => bound,
    };
    bound.map_err(|error| {
        let advice = match error.kind() {
            ErrorKind::AddrInUse => format!("another process holds it; choose another with {flag}"),
            ErrorKind::PermissionDenied => {
                format!("ports below 1024 need a privilege; choose another with {flag}")
            }
            _ => format!("check --host and {flag}"),
        };
        format!("cannot listen on {host} port {port} for {what}: {error}; {advice}")
    })
}

fn lacks_ipv6(error: &std::io::Error) -> bool {
    const EAFNOSUPPORT: i32 = 97;
    error.kind() == ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(EAFNOSUPPORT)
}

fn address(listener: &TcpListener) -> Result<SocketAddr, String> {
    listener.local_addr().map_err(|error| format!("the bound address is unknown: {error}"))
}

/// Prints for people. A closed pipe is no reason to stop serving.
fn say(text: impl Display) {
    let mut out = std::io::stdout().lock();
    drop(write!(out, "{text}").and_then(|()| out.flush()));
}

fn complain(text: impl Display) {
    let mut out = std::io::stderr().lock();
    drop(write!(out, "{text}").and_then(|()| out.flush()));
}

#[cfg(test)]
mod tests {
    use std::process::ExitCode;

    use super::{in_runtime, run};

    #[tokio::test]
    async fn within_a_runtime_every_command_ends_with_one_sentence() {
        let problem = in_runtime(async { Ok(()) }).unwrap_err();
        assert!(problem.contains("without `#[tokio::main]`"), "{problem}");
        for (arguments, code) in [
            (["connector-server", "list"], ExitCode::FAILURE),
            (["connector-server", "serve"], ExitCode::FAILURE),
            (["connector-server", "--version"], ExitCode::SUCCESS),
        ] {
            let ended = run(arguments.map(Into::into));
            assert_eq!(format!("{ended:?}"), format!("{code:?}"), "{arguments:?}");
        }
    }

    #[test]
    fn outside_of_one_it_works() {
        assert_eq!(in_runtime(async { Ok(5) }), Ok(5));
    }
}
