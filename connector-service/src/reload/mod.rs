//! SIGHUP: files are read again while the server runs. Certificates and tokens do that by themselves, and are
//! only hurried; the file of settings is read here, as a whole and by the rules of the start, and counts as a
//! whole or not at all. `app` makes a `Reload`, `server` has it watch.

mod changes;

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use connector_core::Registry;
use connector_gate::{Dispatcher, Gates};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::cli::{self, Command, Environment, Parsed, ServeArgs};
use crate::config::{Setting, SettingsFile};
use crate::limits::LiveLimits;
use crate::metrics::ReloadMetrics;
use crate::unread::unread_of_file;
use crate::{reread, telemetry};
use changes::Changes;

/// What is read again, each time that is asked for.
pub(crate) struct Reload {
    asked: UnboundedReceiver<()>,
    file: Option<File>,
}

/// The file of settings, and how it was found.
struct File {
    arguments: Vec<OsString>,
    /// The variables of the process, without the file.
    variables: Environment,
    start: SettingsFile,
    /// What of it counts where that can change.
    taken: Vec<Setting>,
}

/// What goes by settings that can change.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) registry: Arc<Registry>,
    pub(crate) gates: Arc<Gates>,
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) limits: LiveLimits,
    pub(crate) metrics: ReloadMetrics,
}

/// A file that could be used by a start.
struct Read {
    args: Box<ServeArgs>,
    environment: Environment,
    file: SettingsFile,
}

impl Reload {
    /// Reads again whenever `asked` says so: the file that the command line of this process led to, if there
    /// is one.
    pub(crate) fn new(
        asked: UnboundedReceiver<()>,
        arguments: Vec<OsString>,
        variables: Environment,
        file: Option<SettingsFile>,
    ) -> Self {
        let file = file.map(|start| {
            let taken = start.settings.clone();
            File { arguments, variables, start, taken }
        });
        Self { asked, file }
    }

    /// Does so for as long as the future is polled.
    pub(crate) async fn watch(mut self, live: Live) {
        while self.asked.recv().await.is_some() {
            reread::read_now();
            tracing::info!(
                "received SIGHUP: certificates and tokens are read again now, mounted secrets within seconds"
            );
            match &mut self.file {
                Some(file) => file.reload(&live).await,
                None => tracing::info!(
                    "flags and variables are those of the start; a file of settings (--config) would be read \
                     again"
                ),
            }
        }
    }
}

// Values may be secrets, so only the file is named.
impl fmt::Debug for Reload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.as_ref().map(|file| &file.start.path);
        f.debug_struct("Reload").field("file", &file).finish_non_exhaustive()
    }
}

impl File {
    async fn reload(&mut self, live: &Live) {
        let problem = match self.read().await {
            Ok(read) => match live.follow(&read.args, &read.environment) {
                Ok(()) => return self.take(read, &live.metrics),
                Err(problem) => problem,
            },
            Err(problem) => problem,
        };
        live.metrics.failed();
        tracing::error!("all settings stay as they are, as {problem}");
    }

    /// What a start would make of the file as it is now.
    async fn read(&self) -> Result<Read, String> {
        let (arguments, variables) = (self.arguments.clone(), self.variables.clone());
        // A file system can hang; the threads that serve must not.
        let parsed = tokio::task::spawn_blocking(move || cli::parse(arguments, &variables));
        let parsed = parsed.await.map_err(|error| error.to_string())?;
        let parsed = parsed.map_err(|printed| {
            let text = printed.text.trim_end();
            text.strip_prefix("error: ").unwrap_or(text).trim_end_matches("; see --help").to_owned()
        })?;
        match parsed {
            Parsed { command: Command::Serve(args), environment, file: Some(file), .. } => {
                Ok(Read { args, environment, file })
            }
            // The command line is that of a server with a file, as it was at the start.
            _ => Err("the command line names no file of settings".to_owned()),
        }
    }

    /// Says what has changed, and remembers it.
    fn take(&mut self, read: Read, metrics: &ReloadMetrics) {
        let changes = Changes::between(&self.start.settings, &self.taken, &read.file);
        metrics.succeeded(changes.restart.len());
        // Told at the more talkative of both levels: it may be the change itself.
        telemetry::at_least(read.args.log_level);
        changes.tell(&read.file.path);
        telemetry::set_level(read.args.log_level);
        self.taken = read.file.settings;
    }
}

impl Live {
    /// Goes by those settings from now on.
    ///
    /// # Errors
    /// A key that no connector reads, or a policy that does not fit; nothing has changed then.
    fn follow(&self, args: &ServeArgs, environment: &Environment) -> Result<(), String> {
        let variables: Vec<_> = environment.texts().collect();
        let slips = unread_of_file(environment, &self.registry.variables().judged(&variables));
        // What others serve may have come since the start, or may still come.
        for waiting in slips.judged(args.behind.is_any())? {
            tracing::warn!("{waiting}");
        }
        let followed = self.gates.follow(variables);
        followed.map_err(|error| environment.told(&error.to_string()))?;
        self.limits.set(args.limits());
        self.dispatcher.set_max_call(args.limits().max_call);
        Ok(())
    }
}
