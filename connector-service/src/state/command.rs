//! `state`: what is in flight, answered, to be cancelled and given up, for people and programs, and what they
//! may do about it. It reads the database itself, so it works while servers run and when none does.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use connector_state::{Cancelled, Entry, Listing, Settings};
use serde_json::{Value as Json, json};

use super::{StateArgs, Variable};
use crate::console::Console;
use crate::exit::{Failure, NO_STATE, UNKNOWN_KEY};

/// A person waits longer than a call.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) const EXIT_CODES: &str = "Exit codes: 0 done; 1 there is no state to read; 2 wrong command line; \
    4 the database cannot be reached; 5 nothing is known under that key.";

/// The arguments of `state`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct StateCommand {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    place: StateArgs,
    /// TOML file of settings, as for `serve`.
    #[arg(long, env = "CONNECTOR_CONFIG", value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// How to print the rows.
    #[arg(long, value_enum, default_value_t, global = true)]
    format: Form,
}

/// The form of the rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    #[default]
    Text,
    /// A JSON list, one object for each row.
    Json,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print every attempt and job (what happens without a word, too).
    List,
    /// Have a job cancelled now, by any server that runs; one that is not created yet, as soon as it is.
    Cancel {
        /// The key, as it is listed.
        key: String,
    },
    /// Forget an attempt or job: nobody cancels it any more, and the next create of the attempt begins anew.
    Forget {
        /// The key, as it is listed.
        key: String,
    },
}

/// Does what the arguments ask for.
///
/// # Errors
/// There is nothing to read, the database cannot be reached, or the key is unknown.
pub(crate) async fn run(
    args: &StateCommand,
    variable: impl Variable,
    console: &Console,
) -> Result<(), Failure> {
    let address = args.place.address(variable)?;
    if address.is_memory() {
        return Err(Failure::from(
            "there is no state to read: with `--state memory` it lives in the server's own process; give \
             the --state of the server, or set CONNECTOR_STATE"
                .to_owned(),
        ));
    }
    let listing = Listing::open(Settings::new(address), PATIENCE)?;
    let away = |problem| Failure::new(NO_STATE, problem);
    let unknown = |key: &str| {
        Failure::new(
            UNKNOWN_KEY,
            format!("nothing is known under the key `{key}`; `state` lists all keys"),
        )
    };
    match &args.action {
        None | Some(Action::List) => {
            let entries = listing.entries().await.map_err(away)?;
            console.print(&match args.format {
                Form::Json => format!("{:#}\n", entries.iter().map(object).collect::<Json>()),
                Form::Text => table(&entries),
            });
        }
        Some(Action::Cancel { key }) => match listing.cancel(key).await.map_err(away)? {
            Cancelled::Now => console.print(&format!("{key}: to be cancelled now\n")),
            Cancelled::OnceCreated => {
                console.print(&format!("{key}: to be cancelled as soon as its job is known\n"));
            }
            Cancelled::Unknown => return Err(unknown(key)),
        },
        Some(Action::Forget { key }) => {
            if !listing.forget(key).await.map_err(away)? {
                return Err(unknown(key));
            }
            console.print(&format!("{key}: forgotten\n"));
        }
    }
    Ok(())
}

fn object(entry: &Entry) -> Json {
    let time = |time: Option<jiff::Timestamp>| time.map(|time| time.to_string());
    json!({
        "key": entry.key,
        "status": entry.status,
        "task_type": entry.task_type,
        "version": entry.version,
        "due": time(entry.due),
        "owner": entry.owner,
        "run": entry.run,
        "lease_until": time(entry.lease_until),
        "tries": entry.tries,
        "problem": entry.problem,
        "superseded": entry.is_superseded,
        "meta_bytes": entry.meta_bytes,
        "created": time(entry.created),
        "expires": time(entry.expires),
    })
}

const HEADINGS: [&str; 7] = ["Key", "Status", "Task type", "Due", "Owner", "Tries", "Problem"];

fn table(entries: &[Entry]) -> String {
    if entries.is_empty() {
        return "Nothing is in flight, kept or to be cancelled.\n".to_owned();
    }
    let rows = entries.iter().map(|entry| {
        [
            entry.key.clone(),
            entry.status.clone(),
            format!("{}@{}", entry.task_type, entry.version),
            entry.due.map_or_else(|| "-".to_owned(), |due| format!("{due:.0}")),
            entry.owner.clone().unwrap_or_else(|| "-".to_owned()),
            entry.tries.to_string(),
            entry.problem.clone().unwrap_or_default(),
        ]
    });
    let rows: Vec<[String; 7]> = std::iter::once(HEADINGS.map(str::to_owned)).chain(rows).collect();
    let widths: [usize; 7] = std::array::from_fn(|at| {
        rows.iter()
            .filter_map(|row| row.get(at))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    });
    let mut table = String::new();
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        table.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        table.push('\n');
    }
    table
}
