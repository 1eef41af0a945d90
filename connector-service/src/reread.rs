//! A value that is made of files, and made anew when they change: certificates, tokens.
//! Kubernetes changes mounted files by a link, others one file after the other, so what counts is their
//! content: while what is there cannot be used, what was there before stays in use.

use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval};

/// How often files are read. Kubernetes itself takes up to a minute to bring a new content.
const EVERY: Duration = Duration::from_secs(5);
/// More than any list of certificates or tokens; whatever is larger is another file.
const MOST_BYTES: u64 = 1024 * 1024;

/// Has every file be read now.
static NOW: Notify = Notify::const_new();

/// Reads the files of all values now, instead of within seconds.
pub(crate) fn read_now() {
    NOW.notify_waiters();
}

/// A value as the files have it now. Clones share it; with the last one the reading ends.
#[derive(Debug)]
pub(crate) struct Reread<T> {
    now: watch::Receiver<Arc<T>>,
    reading: Arc<Reading>,
}

impl<T> Clone for Reread<T> {
    fn clone(&self) -> Self {
        Self { now: self.now.clone(), reading: Arc::clone(&self.reading) }
    }
}

#[derive(Debug)]
struct Reading(AbortHandle);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Which files, and what to make of them.
struct Source<T> {
    /// What they are, for the log.
    what: &'static str,
    files: Vec<PathBuf>,
    make: Box<Make<T>>,
}

/// Makes a value of the contents of all files, in their order.
type Make<T> = dyn Fn(&[Vec<u8>]) -> Result<T, String> + Send + Sync;

impl<T: Send + Sync + 'static> Reread<T> {
    /// Reads the files now, and again while the value lives, on the current runtime. `make` is given their
    /// contents in order; what it says is wrong must not repeat them.
    ///
    /// # Errors
    /// They cannot be read, or nothing can be made of them.
    pub(crate) fn start(
        what: &'static str,
        files: Vec<PathBuf>,
        make: impl Fn(&[Vec<u8>]) -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<Self, String> {
        let source = Source { what, files, make: Box::new(make) };
        let contents = source.read()?;
        let value = Arc::new((source.make)(&contents)?);
        let (sender, now) = watch::channel(value);
        let seen = fingerprint(&contents);
        let reading = tokio::spawn(run(Arc::new(source), seen, sender)).abort_handle();
        Ok(Self { now, reading: Arc::new(Reading(reading)) })
    }
}

impl<T> Reread<T> {
    /// The value as it is now.
    pub(crate) fn now(&self) -> Arc<T> {
        Arc::clone(&self.now.borrow())
    }
}

impl<T> Source<T> {
    fn read(&self) -> Result<Vec<Vec<u8>>, String> {
        self.files.iter().map(|file| content(file)).collect()
    }
}

fn content(file: &Path) -> Result<Vec<u8>, String> {
    let mut content = Vec::new();
    File::open(file)
        .and_then(|open| open.take(MOST_BYTES + 1).read_to_end(&mut content))
        .map_err(|error| format!("{}: {error}", file.display()))?;
    if u64::try_from(content.len()).is_ok_and(|bytes| bytes > MOST_BYTES) {
        return Err(format!("{}: it has more than {MOST_BYTES} bytes", file.display()));
    }
    Ok(content)
}

/// Tells contents apart without keeping them: a private key need not lie around twice.
fn fingerprint(contents: &[Vec<u8>]) -> u64 {
    let mut hasher = DefaultHasher::new();
    contents.hash(&mut hasher);
    hasher.finish()
}

async fn run<T: Send + Sync + 'static>(
    source: Arc<Source<T>>,
    mut seen: u64,
    value: watch::Sender<Arc<T>>,
) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told: Option<String> = None;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = NOW.notified() => {}
        }
        let reading = Arc::clone(&source);
        // A file system can hang; the threads that serve must not.
        let read = tokio::task::spawn_blocking(move || {
            let contents = reading.read()?;
            match fingerprint(&contents) {
                same if same == seen => Ok(None),
                other => (reading.make)(&contents).map(|value| Some((other, value))),
            }
        });
        let what = source.what;
        match read.await {
            Ok(Ok(None)) => told = None,
            Ok(Ok(Some((other, made)))) => {
                (seen, told) = (other, None);
                value.send_replace(Arc::new(made));
                tracing::info!("{what}: read anew, as files have changed");
            }
            Ok(Err(problem)) => {
                if told.as_ref() != Some(&problem) {
                    tracing::error!("{what}: what was read before stays in use, as {problem}");
                }
                told = Some(problem);
            }
            // The runtime ends.
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::time::sleep;

    use super::{EVERY, MOST_BYTES, Reread};

    #[tokio::test(start_paused = true)]
    async fn what_changes_is_used_and_what_is_broken_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("number");
        let made = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&made);
        let start = || {
            let counted = Arc::clone(&counted);
            Reread::start("the number", vec![file.clone()], move |contents| {
                counted.fetch_add(1, Ordering::SeqCst);
                let text = String::from_utf8_lossy(&contents[0]).into_owned();
                text.trim().parse::<u32>().map_err(|_| "it is no number".to_owned())
            })
        };
        let missing = start().unwrap_err();
        assert!(missing.contains("number: No such file"), "{missing}");
        fs::write(&file, "x").unwrap();
        assert_eq!(start().unwrap_err(), "it is no number");
        fs::write(&file, "1").unwrap();
        let number = start().unwrap();
        assert_eq!(*number.now(), 1);
        let begun = made.load(Ordering::SeqCst);
        sleep(3 * EVERY).await;
        assert_eq!(made.load(Ordering::SeqCst), begun, "nothing is made of what has not changed");
        for (content, now) in [("2", 2), ("two", 2), ("", 2), ("3", 3)] {
            fs::write(&file, content).unwrap();
            sleep(2 * EVERY).await;
            assert_eq!(*number.now(), now, "{content}");
        }
        fs::remove_file(&file).unwrap();
        sleep(2 * EVERY).await;
        assert_eq!(*number.now(), 3);
        fs::write(&file, vec![b' '; usize::try_from(MOST_BYTES).unwrap() + 1]).unwrap();
        assert!(start().unwrap_err().contains("more than"));
    }
}
