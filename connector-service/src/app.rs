//! From the command line to a running server: read flags, check connectors, bind, announce, serve.
//! `main` calls it. Everything it prints says what to do; embedders use `server` instead.

use std::ffi::{OsStr, OsString};
use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

use connector_core::Registry;
use connector_core::host::{Description, with_causes};
use connector_gate::{KnownSecrets, Scrub as _};
use serde_json::Map;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tracing_subscriber::filter::LevelFilter;

use crate::about::About;
use crate::behind::{Behind, BehindArgs, Connectors};
use crate::cli::{
    self, Command, DescribeArgs, DoctorArgs, Environment, ListArgs, ListFormat, Parsed, ServeArgs,
};
use crate::console::Console;
use crate::exit::{CUT, Failure, USAGE};
use crate::listening::{address, bind};
use crate::reload::Reload;
use crate::run::{self, RunArgs};
use crate::server::Server;
use crate::shutdown::Ended;
use crate::signals::{Hangup, Requests, asked_to_end};
use crate::telemetry::{self, LogFormat};
use crate::unread::{unread, unread_of_file};
use crate::{check, describe, doctor, linking, promises, python, state, table};

const WITHIN_A_RUNTIME: &str = "`connector_service::main()` starts a runtime of its own and was called \
     within another one: write `fn main() -> ExitCode` without `#[tokio::main]` and `async`, or serve \
     with `Server::builder()`";

impl About {
    /// As [`main()`](crate::main()).
    #[must_use = "return it from `fn main() -> ExitCode`: dropped, every failure ends with exit code 0"]
    pub fn main(self) -> ExitCode {
        self.tell();
        run(std::env::args_os())
    }
}

/// Runs a command line to its end.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let environment = Environment::of_process();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let variables = environment.clone();
    let parsed = match cli::parse(arguments.clone(), &environment) {
        Ok(parsed) => parsed,
        Err(printed) if printed.is_error => {
            let format = cli::wished_format(&arguments, &environment);
            Console::of_command(format).complain(&printed.text);
            return ExitCode::from(USAGE);
        }
        Err(printed) => {
            Console::of_command(LogFormat::Text).say(&printed.text, "", Map::new());
            return ExitCode::SUCCESS;
        }
    };
    let Parsed { command, warnings, environment, file } = parsed;
    let (console, ended) = match &command {
        // `cli` has made texts of them.
        Command::Completions(_) | Command::Man(_) => of_command(|_| Ok(())),
        Command::Print(text) => of_command(|console| {
            console.print(text);
            Ok(())
        }),
        Command::Serve(args) => {
            let console = server_console(args, &warnings);
            let reload = |asked| Reload::new(asked, arguments, variables, file);
            let ended = in_runtime(serve(args, &environment, reload, &console));
            (console, ended.map(|ended| if ended.is_whole() { 0 } else { CUT }))
        }
        Command::Check(args) => {
            let console = server_console(args, &warnings);
            let ended = in_runtime(check_all(args, &environment, &console));
            (console, ended.map(|()| 0).map_err(Failure::from))
        }
        Command::Doctor(args) => {
            let console = Console::of_command(LogFormat::Text);
            warnings.iter().for_each(|warning| console.warn(warning));
            match in_runtime(examine(args, &environment, &console)) {
                Ok(passed) => (console, Ok(u8::from(!passed))),
                Err(problem) => {
                    console.complain(&format!("error: {problem}"));
                    return ExitCode::from(USAGE);
                }
            }
        }
        Command::List(args) => of_command(|console| in_runtime(list(args, &environment, console))),
        Command::Describe(args) => {
            of_command(|console| in_runtime(describe(args, &environment, console)))
        }
        Command::Python(args) => of_command(|console| {
            let warn = |doubt: &str| console.warn(doubt);
            console.print(&python::run(&descriptions()?, args, warn)?);
            Ok(())
        }),
        Command::Run(args) => {
            let console = Console::of_command(LogFormat::Text);
            let ended = in_runtime(run_task(args, &environment));
            let ended = ended.map_err(|problem: String| Failure::new(USAGE, problem));
            (console, ended.map(|succeeded| u8::from(!succeeded)))
        }
        Command::State(args) => {
            let console = Console::of_command(LogFormat::Text);
            let ended = in_runtime(state::command::run(args, text_of(&environment), &console));
            (console, ended.map(|()| 0))
        }
    };
    match ended {
        Ok(code) => {
            console.end();
            ExitCode::from(code)
        }
        Err(Failure { text, code }) => {
            console.complain(&format!("error: {text}"));
            ExitCode::from(code)
        }
    }
}

fn of_command(act: impl FnOnce(&Console) -> Result<(), String>) -> (Console, Result<u8, Failure>) {
    let console = Console::of_command(LogFormat::Text);
    let ended = act(&console).map(|()| 0).map_err(Failure::from);
    (console, ended)
}

/// Starts the log of a server with what is to be said of flags and variables.
fn server_console(args: &ServeArgs, warnings: &[String]) -> Console {
    let console = Console::of_server(args.log_level, args.log_format);
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    if args.worker.is_some() {
        tracing::info!("--worker is ignored: worker threads follow the processors");
    }
    console
}

fn in_runtime<T, E: From<String>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    // Blocking inside another runtime would panic.
    if Handle::try_current().is_ok() {
        return Err(E::from(WITHIN_A_RUNTIME.to_owned()));
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
    console: &Console,
) -> Result<(), String> {
    let connectors = connectors(&args.behind, environment).await?;
    let shown = table::to_json(&connectors.registry);
    let passed = check::check(connectors, args, environment).await?;
    console.say(&passed, "check passed: a server would start", shown);
    Ok(())
}

async fn examine(
    args: &DoctorArgs,
    environment: &Environment,
    console: &Console,
) -> Result<bool, String> {
    // What it finds is told by its report.
    telemetry::start_direct(LevelFilter::OFF, LogFormat::Text);
    let findings = match &args.connect {
        Some(address) => doctor::elsewhere(args, address).await?,
        None => {
            let made = connectors(&args.serve.behind, environment).await;
            doctor::here(args, made, environment).await
        }
    };
    let text = KnownSecrets::of_process().scrubbed(&findings.text).unwrap_or(findings.text);
    console.print(&text);
    Ok(findings.passed)
}

async fn list(args: &ListArgs, environment: &Environment, console: &Console) -> Result<(), String> {
    if args.format == ListFormat::Json {
        let mut known = descriptions()?;
        if args.behind.is_any() {
            known.extend(behind(&args.behind, environment, console).await?);
        }
        console.print(&table::described(&known));
        return Ok(());
    }
    let Connectors { registry, behind: _kept, notes } =
        connectors(&args.behind, environment).await?;
    notes.all().for_each(|note| console.warn(note));
    if let Some(problem) = linking::problem(&registry, &[], args.behind.is_any()) {
        return Err(problem);
    }
    console.print(&table::render(&registry));
    Ok(())
}

async fn describe(
    args: &DescribeArgs,
    environment: &Environment,
    console: &Console,
) -> Result<(), String> {
    let mut known = descriptions()?;
    let is_known = known.iter().any(|it| it.key.task_type.as_str() == args.task_type);
    // Nothing is started for a type that is linked in.
    if !is_known && args.behind.is_any() {
        known.extend(behind(&args.behind, environment, console).await?);
    }
    console.print(&describe::render(&known, &args.task_type, args.json)?);
    Ok(())
}

/// What is behind this server, as far as that is known here.
async fn behind(
    args: &BehindArgs,
    environment: &Environment,
    console: &Console,
) -> Result<Vec<Description>, String> {
    let behind = Behind::open(args, environment.texts().collect()).await?;
    let mut registry = Registry::default();
    let notes = behind.join(&mut registry).await;
    notes.all().for_each(|note| console.warn(note));
    Ok(registry.entries().map(Description::of).collect())
}

async fn run_task(args: &RunArgs, environment: &Environment) -> Result<bool, String> {
    telemetry::start_direct(args.log_level, LogFormat::Text);
    // Elsewhere other connectors serve; of those here only the types are known.
    let connectors = match &args.connect {
        Some(_) => Connectors::default(),
        None => connectors(&args.behind, environment).await?,
    };
    run::run(args, connectors, &descriptions()?, text_of(environment)).await
}

/// What variables say, for those who read them by themselves.
fn text_of(environment: &Environment) -> impl Fn(&str) -> Option<String> {
    |name| Some(environment.get(OsStr::new(name))?.to_str()?.to_owned())
}

async fn serve(
    args: &ServeArgs,
    environment: &Environment,
    reload: impl FnOnce(UnboundedReceiver<()>) -> Reload,
    console: &Console,
) -> Result<Ended, Failure> {
    let (told, hangups) = unbounded_channel();
    let mut requests = Requests::listen(Hangup::Told(told));
    let open = async {
        let connectors = connectors(&args.behind, environment).await?;
        Ok::<_, Failure>((connectors, args.state.open(text_of(environment)).await?))
    };
    let (Connectors { registry, behind, notes }, state) = tokio::select! {
        open = open => open?,
        // A connector may take its time; there is nothing yet that would have to end well.
        signal = requests.next() => {
            tracing::info!("received {signal} before anything was served");
            return Ok(Ended::default());
        }
    };
    for note in &notes.missing {
        tracing::error!("{note}");
    }
    if let Some(problem) = linking::problem(&registry, &args.expect, args.behind.is_any()) {
        return Err(problem.into());
    }
    for broken in promises::broken() {
        tracing::error!("{broken}");
    }
    for failure in registry.failures() {
        tracing::error!(connector = failure.name, place = %failure.place, "not served: {}", failure.error);
    }
    // Who is away at this start must not keep everybody else from being served.
    let slips = unread_of_file(environment, registry.variables());
    let waiting = slips.judged(!notes.missing.is_empty())?;
    for problem in waiting.into_iter().chain(unread(environment, registry.variables())) {
        tracing::warn!("{problem}");
    }
    let trust = args.trust.open(&args.host)?;
    for doubt in &trust.doubts {
        tracing::warn!("{doubt}");
    }
    let grpc = bind(&args.host, args.port, "gRPC", "--port").await?;
    let admin = bind(&args.host, args.prometheus_port, "metrics", "--prometheus-port").await?;
    let scheme = |has_tls| if has_tls { "https" } else { "http" };
    let (of_grpc, of_pages) = (scheme(trust.tls.is_some()), scheme(trust.pages.is_some()));
    let addresses = (address(&grpc)?, address(&admin)?);
    let addresses =
        (format!("{of_grpc}://{}", addresses.0), format!("{of_pages}://{}", addresses.1));
    announce(console, &registry, &notes.unasked, (&addresses.0, &addresses.1));
    tokio::spawn(forget_start());
    let (stop, hurry) = asked_to_end(requests, args.timeout);
    let server = Server::builder().registry(registry).limits(args.limits());
    let server = server.upstreams(behind.upstreams()).trust(trust).state(state);
    let server = server.reload(reload(hangups)).build();
    let ended = server.serve_listeners(grpc, Some(admin), stop, hurry).await;
    behind.end().await;
    let ended = ended.map_err(|error| format!("serving ended: {}", with_causes(&error)))?;
    if !ended.is_whole() {
        let Ended { cut_calls, cut_creates, .. } = ended;
        tracing::error!(cut_calls, cut_creates, "ended before all was done: exit code {CUT}");
    }
    Ok(ended)
}

/// Lets go of the code that only a start runs, most of what is resident then. What runs later is brought back.
async fn forget_start() {
    tokio::time::sleep(Duration::from_millis(100)).await;
    if let Err(error) = connector_resident::forget_start() {
        tracing::debug!("the code of the start stays in memory: {error}");
    }
}

/// Says what is served, and where: on standard output, for people and for whoever started this process.
fn announce(
    console: &Console,
    registry: &Registry,
    unasked: &[String],
    (grpc, admin): (&str, &str),
) {
    let version = About::of_process().short();
    let metrics = format!("{admin}/metrics");
    let text = format!(
        "connector-server {version}\n\n{}\ngRPC      {grpc}\nmetrics   {metrics}\n",
        table::render(registry) + &table::below(unasked)
    );
    let mut fields = table::to_json(registry);
    if !unasked.is_empty() {
        fields.insert("unasked".to_owned(), unasked.into());
    }
    for (name, value) in [("version", version.as_str()), ("grpc", grpc), ("metrics", &metrics)] {
        fields.insert(name.to_owned(), value.into());
    }
    console.say(&text, "serving", fields);
}

/// The connectors of this binary, and those of services behind it.
async fn connectors(args: &BehindArgs, environment: &Environment) -> Result<Connectors, String> {
    let mut registry = linked(environment).await?;
    let behind = Behind::open(args, environment.texts().collect()).await?;
    let notes = behind.join(&mut registry).await;
    Ok(Connectors { registry, behind, notes })
}

/// The connectors of this binary, made from their settings.
async fn linked(environment: &Environment) -> Result<Registry, String> {
    Registry::linked()
        .variables(environment.texts())
        .build()
        .await
        .map_err(|error| environment.told(&error.to_string()))
}

/// What the connectors of this binary are; none is made for that.
fn descriptions() -> Result<Vec<Description>, String> {
    Registry::linked().describe().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::process::ExitCode;

    use super::{in_runtime, run};

    #[tokio::test]
    async fn within_a_runtime_every_command_ends_with_one_sentence() {
        let problem = in_runtime(async { Ok::<_, String>(()) }).unwrap_err();
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
        assert_eq!(in_runtime(async { Ok::<_, String>(5) }), Ok(5));
    }
}
