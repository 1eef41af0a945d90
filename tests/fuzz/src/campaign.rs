//! Runs one check over the corpus, then over broken inputs until its time is up.
//! Every target's test starts one; length and seed come from the environment.
//! What is checked, and how inputs are broken, is not known here.

use std::cell::Cell;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::Input;
use crate::corpus::Corpus;

/// How many inputs are made of one seed, and between two looks at the clock.
const BATCH: u32 = 64;
/// How many batches a campaign has that no time is set for. They are the same at every run, so that a
/// change is not refused for what another's inputs would have shown.
const BATCHES: u64 = 40;
/// How many attempts a failing input gets to become a smaller one.
const SHRINK_STEPS: u32 = 20_000;
/// How many milliseconds that may take.
const SHRINK_TIME: u32 = 20_000;

/// One target, and how long it is tried.
#[derive(Debug)]
pub struct Campaign {
    target: &'static str,
    time: Option<Duration>,
    seed: u64,
    failures: PathBuf,
    last: Option<PathBuf>,
}

impl Campaign {
    /// The campaign of a target; `failures` is the folder for inputs that fail.
    ///
    /// `FUZZ_SECONDS` says how long it runs, with other inputs each time; if unset, some thousand
    /// inputs are tried, always the same ones. `FUZZ_SEED` says with which inputs it begins.
    /// `FUZZ_LAST` names a file that always holds the input being tried, for failures that end the
    /// process.
    #[must_use]
    pub fn new(target: &'static str, failures: &str) -> Self {
        let time = variable("FUZZ_SECONDS").map(Duration::from_secs);
        let seed = variable("FUZZ_SEED");
        Self {
            target,
            time,
            seed: seed.unwrap_or_else(|| time.map_or(0, |_| seed_of_the_moment())),
            failures: PathBuf::from(failures),
            last: env::var_os("FUZZ_LAST").map(PathBuf::from),
        }
    }

    /// Tries every entry of the corpus as it is, then what `strategy` makes until the time is up.
    ///
    /// The check says whether it got far: an input that was refused at once tells little, so a
    /// campaign in which hardly anything gets far fails, too.
    ///
    /// # Panics
    /// The check fails or panics; the message holds the seed and the smallest input found.
    pub fn run(
        &self,
        corpus: &Corpus,
        strategy: &impl Strategy<Value = Input>,
        check: impl Fn(&[u8]) -> Result<bool, String>,
    ) {
        let target = self.target;
        println!("{target}: FUZZ_SEED={}", self.seed);
        for entry in corpus.entries() {
            if let Err(problem) = self.attempt(&check, &entry.bytes) {
                panic!("{target}: corpus entry {}: {problem}", entry.name);
            }
        }
        let (tried, far) = (Cell::new(0_u64), Cell::new(0_u64));
        let end = self.time.map(|time| Instant::now() + time);
        // Every batch has a seed of its own, so that a failure can be met again at once.
        let mut seed = self.seed;
        while end.map_or(seed.wrapping_sub(self.seed) < BATCHES, |end| Instant::now() < end) {
            let ran = runner(seed).run(strategy, |Input(bytes)| {
                let got_far = self.attempt(&check, &bytes).map_err(TestCaseError::fail)?;
                tried.set(tried.get() + 1);
                far.set(far.get() + u64::from(got_far));
                Ok(())
            });
            match ran {
                Ok(()) => seed = seed.wrapping_add(1),
                Err(TestError::Fail(reason, input)) => {
                    panic!("{}", self.report(seed, reason.message(), &input));
                }
                Err(TestError::Abort(reason)) => panic!("{target}: {reason}"),
            }
        }
        let (tried, far) = (tried.get(), far.get());
        println!("{target}: {tried} inputs, {far} of them read to the end");
        assert!(far > tried / 100, "{target}: {far} of {tried} inputs got past the first reader");
    }

    /// One check; a panic in it is its failure.
    fn attempt(
        &self,
        check: &impl Fn(&[u8]) -> Result<bool, String>,
        bytes: &[u8],
    ) -> Result<bool, String> {
        if let Some(last) = &self.last {
            fs::write(last, bytes).map_err(|error| format!("{}: {error}", last.display()))?;
        }
        catch_unwind(AssertUnwindSafe(|| check(bytes))).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(format!("panicked: {}", text.unwrap_or("with a value that is no text")))
        })
    }

    fn report(&self, seed: u64, reason: &str, input: &Input) -> String {
        let target = self.target;
        let mut text = format!("{target}: {reason}\n");
        let path = self.failures.join(format!("{target}-{seed}.bin"));
        let kept = fs::create_dir_all(&self.failures).and_then(|()| fs::write(&path, &input.0));
        let kept = match kept {
            Ok(()) => format!("in {}", path.display()),
            Err(error) => format!("not kept: {error}"),
        };
        writeln!(text, "again with: FUZZ_SEED={seed}").expect("writing to a string");
        writeln!(text, "smallest input, {} bytes, {kept}:", input.0.len()).expect("as above");
        write!(text, "{input:?}").expect("as above");
        text
    }
}

/// A runner of one batch.
fn runner(seed: u64) -> TestRunner {
    let config = Config {
        cases: BATCH,
        failure_persistence: None,
        max_shrink_iters: SHRINK_STEPS,
        max_shrink_time: SHRINK_TIME,
        ..Config::default()
    };
    let seed = seed.to_le_bytes().repeat(4);
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
}

fn variable<T: FromStr>(name: &str) -> Option<T> {
    let text = env::var(name).ok()?;
    // A mistyped setting must not pass for the default.
    let parsed = text.parse().ok();
    assert!(parsed.is_some(), "{name} must be a whole number, not {text:?}");
    parsed
}

fn seed_of_the_moment() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock past 1970");
    since.as_secs() << 20 ^ u64::from(since.subsec_nanos())
}
