//! What is behind this server beside the connectors that are linked into it: other connector services,
//! and the official Python connectors as workers of ours.
//! The commands open it by their flags; `upstream` and `workers` do the work.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use connector_core::Registry;

use crate::upstream::{Address, Member, Notes, Pool, Source, Upstreams};
use crate::workers::{Wanted, Workers};

/// Where connectors come from that are not linked into this binary.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct BehindArgs {
    /// Another connector service, in whatever language: its task types are served here, too, with all
    /// that this server does for calls; may be given several times.
    #[arg(
        long,
        env = "CONNECTOR_UPSTREAM",
        value_name = "HOST:PORT|unix:PATH",
        value_delimiter = ','
    )]
    pub(crate) upstream: Vec<Address>,
    /// Python modules with connectors, for workers of this server; may be given several times.
    #[arg(long, env = "CONNECTOR_MODULES", value_name = "MODULE", num_args = 1.., value_delimiter = ',')]
    pub(crate) modules: Vec<String>,
    /// The Python of the workers, with what is installed there as plug-ins; without the flag that of the
    /// virtual environment in `VIRTUAL_ENV`, the one beside this program, or python3.
    #[arg(long, env = "CONNECTOR_PYTHON", value_name = "PATH")]
    pub(crate) python: Option<PathBuf>,
    /// How many worker processes there are.
    #[arg(long, env = "CONNECTOR_PYTHON_WORKERS", value_name = "N", default_value = "2")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) python_workers: u16,
}

/// What is behind.
#[derive(Debug, Default)]
pub(crate) struct Behind {
    upstreams: Upstreams,
    workers: Option<Workers>,
    /// What does not start.
    notes: Vec<String>,
}

/// Everything that can be served.
#[derive(Debug, Default)]
pub(crate) struct Connectors {
    /// What is linked in, and what is behind.
    pub(crate) registry: Registry,
    pub(crate) behind: Behind,
    pub(crate) notes: Notes,
}

impl From<Registry> for Connectors {
    fn from(registry: Registry) -> Self {
        Self { registry, ..Self::default() }
    }
}

impl BehindArgs {
    /// Whether anything is to be behind.
    pub(crate) fn is_any(&self) -> bool {
        !self.upstream.is_empty() || self.workers().is_some()
    }

    fn workers(&self) -> Option<Wanted> {
        if self.modules.is_empty() && self.python.is_none() {
            return None;
        }
        let python = self
            .python
            .clone()
            .unwrap_or_else(|| python(std::env::var_os("VIRTUAL_ENV").as_deref(), own_folder()));
        Some(Wanted { python, modules: self.modules.clone(), count: self.python_workers.into() })
    }
}

/// The interpreter that a shell with that virtual environment would use, or the one that this program
/// was installed for: pip puts programs beside it.
fn python(environment: Option<&OsStr>, own: Option<PathBuf>) -> PathBuf {
    match environment {
        Some(folder) if !folder.is_empty() => Path::new(folder).join("bin").join("python"),
        _ => own
            .map(|folder| folder.join("python"))
            .filter(|beside| beside.exists())
            .unwrap_or_else(|| PathBuf::from("python3")),
    }
}

fn own_folder() -> Option<PathBuf> {
    std::env::current_exe().ok()?.parent().map(Path::to_owned)
}

impl Behind {
    /// Starts the workers, and makes ready for other services. `variables` may hold policies for what
    /// they serve.
    ///
    /// # Errors
    /// An address that cannot be one.
    pub(crate) async fn open(
        args: &BehindArgs,
        variables: Arc<[(String, String)]>,
    ) -> Result<Self, String> {
        let mut sources = Vec::new();
        for address in &args.upstream {
            let channel =
                address.channel().map_err(|error| format!("--upstream {address}: {error}"))?;
            let pool = Pool::new(address.to_string());
            pool.add(Member::new(channel));
            sources.push(Source::new(pool, Arc::clone(&variables)));
        }
        let mut behind = Self::default();
        if let Some(wanted) = args.workers() {
            let modules = wanted.modules.join(", ");
            let workers = Workers::start(wanted).await;
            // What is linked in is served all the same; `--expect` says what must be there.
            let why = match &workers {
                Ok(workers) => workers.none(),
                Err(why) => Some(why.as_str()),
            };
            behind.notes.extend(why.map(|why| match modules.as_str() {
                "" => format!("NOT SERVED: the connectors of --python: {why}"),
                modules => format!("NOT SERVED: the connectors in {modules} (--modules): {why}"),
            }));
            if let Ok(workers) = workers {
                sources.push(Source::new(Arc::clone(workers.pool()), variables));
                behind.workers = Some(workers);
            }
        }
        behind.upstreams = Upstreams::new(sources);
        Ok(behind)
    }

    /// Takes what is served by now into the registry.
    pub(crate) async fn join(&self, registry: &mut Registry) -> Notes {
        let failed = self.failed_modules().map(|(module, said)| {
            format!("NOT SERVED: the connectors in {module} (--modules): {said}")
        });
        let mut notes = self.upstreams.look(registry).await;
        notes.missing = self.notes.iter().cloned().chain(failed).chain(notes.missing).collect();
        notes
    }

    /// Python modules that give no connector, and why.
    fn failed_modules(&self) -> impl Iterator<Item = (&String, &String)> {
        self.workers.iter().flat_map(|workers| workers.failed().iter())
    }

    /// Ends the workers, and waits until they are gone, for a moment.
    pub(crate) async fn end(self) {
        if let Some(workers) = self.workers {
            workers.end().await;
        }
    }

    /// For a server, to be watched while it serves. The workers live as long as `self`.
    pub(crate) fn upstreams(&self) -> Upstreams {
        self.upstreams.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::python;

    #[test]
    fn the_interpreter_is_that_of_the_shell() {
        let folder = tempfile::tempdir().unwrap();
        let own = || Some(folder.path().to_owned());
        assert_eq!(python(None, own()), PathBuf::from("python3"));
        let beside = folder.path().join("python");
        std::fs::write(&beside, "").unwrap();
        assert_eq!(python(None, own()), beside);
        assert_eq!(python(Some("".as_ref()), own()), beside);
        assert_eq!(python(None, None), PathBuf::from("python3"));
        assert_eq!(python(Some("/venv".as_ref()), own()), PathBuf::from("/venv/bin/python"));
    }
}
