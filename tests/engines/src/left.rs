//! Whether anything of a job is left in the process table.

use std::fs;
use std::time::Duration;

use crate::until;

/// Processes with that text in their command line or environment, as number and command line. What has ended and
/// waits for its parent is none.
#[must_use]
pub fn marked(mark: &str) -> Vec<String> {
    let own = std::process::id().to_string();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().into_string().ok());
    let numbers = numbers.filter(|name| name.parse::<u32>().is_ok() && *name != own);
    numbers.filter_map(|number| described(&number, mark)).collect()
}

fn described(number: &str, mark: &str) -> Option<String> {
    let read = |name| fs::read(format!("/proc/{number}/{name}")).ok();
    let (line, environment) = (read("cmdline")?, read("environ").unwrap_or_default());
    let line = String::from_utf8_lossy(&line).replace('\0', " ");
    let is_marked = line.contains(mark) || String::from_utf8_lossy(&environment).contains(mark);
    is_marked.then(|| format!("{number} {}", line.trim_end()))
}

/// Waits until no process carries that text.
///
/// # Panics
/// One does after 20 s.
pub async fn until_nothing_is_left(mark: &str) {
    let is_empty = async || marked(mark).is_empty().then_some(());
    let waited =
        tokio::time::timeout(Duration::from_secs(20), until("end", Duration::MAX, is_empty));
    assert!(waited.await.is_ok(), "of {mark} there is left: {:#?}", marked(mark));
}
