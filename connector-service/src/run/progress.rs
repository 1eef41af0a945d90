//! What a run tells on the way, on standard error: phase, time and message; links, once; notes.
//! On a terminal one line moves; elsewhere every change is a line. Outputs do not pass here.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::time::Duration;

use connector_core::pb;
use connector_gate::{KnownSecrets, Scrub as _};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::Instant;

/// How often the moving line moves.
const TICK: Duration = Duration::from_millis(120);

/// What has been told.
#[derive(Debug)]
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    started: Instant,
    told: Option<(String, String)>,
    links: BTreeSet<(String, String)>,
}

impl Progress {
    /// Starts the clock.
    pub(super) fn start() -> Self {
        let bar = ProgressBar::new_spinner();
        // Hidden means that standard error is no terminal.
        let bar = (!bar.is_hidden()).then_some(bar);
        if let Some(bar) = &bar {
            if let Ok(style) =
                ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg}")
            {
                bar.set_style(style);
            }
            bar.enable_steady_tick(TICK);
        }
        Self { bar, started: Instant::now(), told: None, links: BTreeSet::new() }
    }

    /// Tells where the job stands, and links that were not told before.
    pub(super) fn stands(&mut self, phase: &str, message: &str, links: &[pb::TaskLog]) {
        let message = clean(message);
        let news = (phase.to_owned(), message.clone());
        if self.told.as_ref() != Some(&news) {
            let same_phase = self.told.as_ref().is_some_and(|(told, _)| told == phase);
            let elapsed = self.started.elapsed().as_secs_f64();
            let line = format!("[{elapsed:6.1}s] {phase}  {message}");
            match &self.bar {
                // The moving line has the message; only phases stay behind it.
                Some(bar) if same_phase => bar.set_message(message),
                Some(bar) => {
                    bar.set_prefix(phase.to_owned());
                    bar.set_message(message);
                    bar.println(line.trim_end());
                }
                None => self.line(line.trim_end()),
            }
            self.told = Some(news);
        }
        for link in links {
            if self.links.insert((link.name.clone(), link.uri.clone())) {
                self.line(&format!("{}: {}", clean(&link.name), clean(&link.uri)));
            }
        }
    }

    /// Tells that another attempt begins, counted from 1, and why.
    pub(super) fn attempt(&mut self, number: u32, cause: &str) {
        self.told = None;
        self.line(&format!("attempt {number} follows, as the one before failed: {}", clean(cause)));
    }

    /// Tells something else.
    pub(super) fn note(&self, text: &str) {
        for line in text.lines() {
            self.line(&clean(line));
        }
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => drop(writeln!(std::io::stderr().lock(), "{text}")),
        }
    }

    /// Ends the moving line. The time it took.
    pub(super) fn end(&self) -> Duration {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.started.elapsed()
    }
}

/// One line without what a terminal would act on, and without secrets: the service may be one that
/// does not hide them.
fn clean(text: &str) -> String {
    let known = KnownSecrets::of_process();
    let text = known.scrubbed(text).unwrap_or_else(|| text.to_owned());
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::clean;
    use connector_gate::KnownSecrets;

    #[test]
    fn nothing_of_a_job_drives_the_terminal_or_shows_a_secret() {
        KnownSecrets::of_process().note("progress-test-secret");
        assert_eq!(clean("a\x1b[2J\nb progress-test-secret"), "a [2J b ***");
    }
}
