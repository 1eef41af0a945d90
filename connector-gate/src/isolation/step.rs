//! How long a step of connector code took, without the time that its thread waited for a processor.
//! `trust` judges steps by it: on a busy machine a step of microseconds may be over after 20 ms, and
//! has blocked nobody. Linux says how long a thread has waited; elsewhere the clock alone counts.

use std::time::{Duration, Instant};

/// A step that is over sooner is taken as the clock has it.
const WORTH_ASKING: Duration = Duration::from_millis(1);

/// A step under way on this thread.
#[derive(Debug)]
pub(super) struct Step(Instant);

impl Step {
    pub(super) fn begin() -> Self {
        let now = Instant::now();
        waiting::note(now);
        Self(now)
    }

    /// How long it took.
    pub(super) fn took(&self) -> Duration {
        let took = self.0.elapsed();
        if took < WORTH_ASKING { took } else { took.saturating_sub(waiting::since_noted()) }
    }
}

#[cfg(target_os = "linux")]
mod waiting {
    use std::cell::Cell;
    use std::fs::File;
    use std::os::unix::fs::FileExt as _;
    use std::time::{Duration, Instant};

    /// How old a note may be. Not every step should pay for a new one; what a thread waited since the note
    /// is taken off a step, even if it was before the step.
    const FRESH: Duration = Duration::from_millis(20);

    thread_local! {
        /// What the kernel tells of this thread. Kept open: to open it takes longer than most steps.
        static ACCOUNT: Option<File> = File::open("/proc/thread-self/schedstat").ok();
        /// When it was last noted how long this thread has waited in all, and how long that was.
        static NOTED: Cell<Option<(Instant, Duration)>> = const { Cell::new(None) };
    }

    /// Notes how long this thread has waited for a processor, unless that was just done.
    pub(super) fn note(now: Instant) {
        let noted = NOTED.get().map(|(at, _)| now.saturating_duration_since(at));
        if noted.is_none_or(|age| age > FRESH) {
            NOTED.set(in_all().map(|waited| (now, waited)));
        }
    }

    /// How long this thread has waited since that was last noted.
    pub(super) fn since_noted() -> Duration {
        let noted = NOTED.get().zip(in_all());
        noted.map_or(Duration::ZERO, |((_, before), now)| now.saturating_sub(before))
    }

    /// How long this thread has waited for a processor in all; `None` where the kernel keeps no account.
    fn in_all() -> Option<Duration> {
        // Nanoseconds on a processor, nanoseconds waiting for one, times it got one.
        let mut account = [0; 64];
        let length = ACCOUNT.with(|file| file.as_ref()?.read_at(&mut account, 0).ok())?;
        let waited = account.get(..length)?.split(u8::is_ascii_whitespace).nth(1)?;
        std::str::from_utf8(waited).ok()?.parse().ok().map(Duration::from_nanos)
    }
}

#[cfg(not(target_os = "linux"))]
mod waiting {
    use std::time::{Duration, Instant};

    pub(super) const fn note(_now: Instant) {}

    pub(super) const fn since_noted() -> Duration {
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::{Duration, Instant};

    use super::Step;

    const LONG: Duration = Duration::from_millis(30);

    #[test]
    fn a_step_that_sleeps_or_waits_for_somebody_took_as_long_as_that() {
        let step = Step::begin();
        let asked = Instant::now();
        while asked.elapsed() < LONG {
            thread::park_timeout(LONG);
        }
        assert!(step.took() >= LONG, "{:?}", step.took());
    }

    /// More threads than the machine has processors, all of them busy: the longest of many short steps
    /// lasts as long as the others keep the processor, and took no longer than it worked.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_step_that_only_waited_for_a_processor_took_nothing() {
        let over = AtomicBool::new(false);
        let crowd = 8 * thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            for _ in 0..crowd {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        std::hint::spin_loop();
                    }
                });
            }
            let began = Instant::now();
            let longest = loop {
                let (step, clock) = (Step::begin(), Instant::now());
                while clock.elapsed() < Duration::from_micros(50) {
                    std::hint::spin_loop();
                }
                let (took, lasted) = (step.took(), clock.elapsed());
                if lasted > Duration::from_millis(10) || began.elapsed() > Duration::from_secs(60) {
                    break (took, lasted);
                }
            };
            over.store(true, Ordering::Relaxed);
            let (took, lasted) = longest;
            assert!(took < Duration::from_millis(5) && took < lasted, "{took:?} of {lasted:?}");
        });
    }
}
