//! Build settings that void a promise without a word: looked for at start and by `check`.
//! `app` and `check` ask. Only what the binary itself can tell is here, not what its machine lacks.

use serde_json::Value;
use tracing::level_filters::{LevelFilter, STATIC_MAX_LEVEL};

/// How this binary was built, as far as a promise hangs on it.
#[derive(Debug, Clone, Copy)]
struct Build {
    /// Whether a panic ends the call and not the process.
    unwinds: bool,
    /// Whether JSON numbers are numbers, not their digits.
    plain_numbers: bool,
    /// The most detailed level of the log that was compiled in.
    log: LevelFilter,
}

/// What is not kept in this binary, and what to change.
pub(crate) fn broken() -> Vec<String> {
    // More digits than a float holds: they survive only where numbers are kept as text.
    let digits = "0.12345678901234567890123";
    let read = serde_json::from_str::<Value>(digits).map(|number| number.to_string());
    broken_by(Build {
        unwinds: cfg!(panic = "unwind"),
        plain_numbers: read.ok().as_deref() != Some(digits),
        log: STATIC_MAX_LEVEL,
    })
}

fn broken_by(build: Build) -> Vec<String> {
    let mut broken = Vec::new();
    if !build.unwinds {
        broken.push(
            "this binary was built with `panic = \"abort\"`: a connector that panics ends the whole \
             server instead of one call; remove that line from the profile in Cargo.toml"
                .to_owned(),
        );
    }
    if !build.plain_numbers {
        broken.push(
            "this binary was built with the feature `arbitrary_precision` of serde_json, which some \
             dependency asks for (`cargo tree -e features -i serde_json`): numbers in settings and \
             metadata are not those that Python reads and writes; build without it"
                .to_owned(),
        );
    }
    if build.log < LevelFilter::WARN {
        broken.push(format!(
            "this binary was built with a feature of tracing that leaves out log lines (`{}` at the \
             most): what goes wrong would not be told; build without `max_level_…` and \
             `release_max_level_…`",
            build.log
        ));
    }
    broken
}

#[cfg(test)]
mod tests {
    use tracing::level_filters::LevelFilter;

    use super::{Build, broken, broken_by};

    const GOOD: Build = Build { unwinds: true, plain_numbers: true, log: LevelFilter::TRACE };

    #[test]
    fn each_setting_is_named_with_its_mend() {
        assert_eq!(broken_by(GOOD), [""; 0]);
        for (build, named) in [
            (Build { unwinds: false, ..GOOD }, "panic = \"abort\""),
            (Build { plain_numbers: false, ..GOOD }, "arbitrary_precision"),
            (Build { log: LevelFilter::ERROR, ..GOOD }, "max_level_"),
        ] {
            let told = broken_by(build);
            assert!(told.len() == 1 && told[0].contains(named), "{told:?}");
        }
    }

    #[test]
    fn this_build_keeps_all() {
        assert_eq!(broken(), [""; 0]);
    }
}
