//! What Spark says of drivers, and what it means: states, and what a driver wrote before it ended.

use connector_core::prelude::*;

use crate::launcher::TIMED_OUT;

/// The states of a driver.
pub(crate) const DRIVER: StateTable = StateTable::new(&[
    ("SUBMITTED", Phase::Queued),
    ("RUNNING", Phase::Running),
    // Its worker is gone, and it is supervised.
    ("RELAUNCHING", Phase::Running),
    // The master was started anew, and its worker has not come back yet: for a minute at most.
    ("UNKNOWN", Phase::Running),
    ("FINISHED", Phase::Succeeded),
    ("FAILED", Phase::Failed),
    ("KILLED", Phase::Aborted),
    ("ERROR", Phase::Failed),
]);

/// The most of what a driver wrote that a message has, in letters.
const MOST_WORDS: usize = 2_000;
/// The last lines of a Python program that a message has.
const MOST_LINES: usize = 12;

/// What the master says of one driver.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Status {
    pub(crate) driver_state: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) worker_id: Option<String>,
}

impl Status {
    pub(crate) fn state(&self) -> &str {
        self.driver_state.as_deref().unwrap_or_default()
    }

    pub(crate) fn phase(&self) -> Option<Phase> {
        DRIVER.phase(self.state())
    }

    pub(crate) fn is_final(&self) -> bool {
        self.phase().is_some_and(Phase::is_terminal)
    }

    /// Why a driver is in the state ERROR, and the phase it means. With an exception it could not be started, which
    /// it will not be the next time. Without one its worker is gone, or it waited when the master was started anew,
    /// which forgets those that wait (seen with 4.3.0 and `recoveryMode=FILESYSTEM`).
    pub(crate) fn error(&self) -> (Phase, String) {
        match self.message.as_deref().map(head).filter(|said| !said.is_empty()) {
            Some(said) => (Phase::Failed, format!("Spark cannot start the driver: {said}")),
            None => (
                Phase::RetryableFailed,
                "Spark has given the driver up and does not say why: its worker is gone, or the driver waited when the \
                 master was started anew"
                    .to_owned(),
            ),
        }
    }
}

/// What is said before Java's frames: `Exception from the cluster:` and the exception.
pub(crate) fn head(text: &str) -> String {
    let lines = text.lines().map(str::trim_end);
    let lines =
        lines.take_while(|line| !line.starts_with('\t') && !line.trim_start().starts_with("at "));
    let lines: Vec<&str> = lines.filter(|line| *line != "Exception from the cluster:").collect();
    lines.join("\n").trim().to_owned()
}

/// How a Python program ended, as `PythonRunner` says it at the end of the driver's stderr.
pub(crate) fn exit_code(stderr: &str) -> Option<i64> {
    let (_, told) = stderr.rsplit_once("SparkUserAppException: User application exited with ")?;
    told.split(|c: char| !c.is_ascii_digit() && c != '-').next()?.parse().ok()
}

/// What an exit code of a program means.
pub(crate) fn decoded(code: i64, time_limit: Option<u64>) -> String {
    match (code, time_limit) {
        (TIMED_OUT, Some(seconds)) => {
            format!("the program took longer than its `time_limit` of {seconds} s")
        }
        (137, _) => "the program was killed (exit code 137, SIGKILL), often because memory ran out"
            .to_owned(),
        (129..=192, _) => format!("the program ended by signal {} (exit code {code})", code - 128),
        _ => format!("the program ended with exit code {code}"),
    }
}

/// The last lines of a Python program, whose errors are in its output as well.
pub(crate) fn last_lines(stdout: &str) -> String {
    let lines: Vec<&str> = stdout.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines.len().saturating_sub(MOST_LINES);
    short(&lines.get(last..).unwrap_or_default().join("\n"))
}

/// The exception that a jar's `main` ended with: the last cause, which the wrapper's own is not.
pub(crate) fn exception(stderr: &str) -> Option<String> {
    let begin = stderr.rfind("Exception in thread \"main\" ")?;
    let trace = stderr.get(begin..)?;
    let words = "Caused by: ";
    let cause = trace.rfind(words).and_then(|at| trace.get(at + words.len()..)).unwrap_or(trace);
    let lines = cause.lines().take_while(|line| !line.starts_with('\t'));
    let text = lines.take(MOST_LINES).collect::<Vec<_>>().join("\n");
    Some(short(text.trim())).filter(|text| !text.is_empty())
}

fn short(text: &str) -> String {
    let letters = text.chars().count();
    let kept: String = text.chars().skip(letters.saturating_sub(MOST_WORDS)).collect();
    if letters > MOST_WORDS { format!("… {kept}") } else { kept }
}

#[cfg(test)]
mod tests {
    use connector_core::prelude::*;

    use super::{Status, decoded, exception, exit_code, head, last_lines};

    const RUNNER: &str = "26/11/28 INFO WorkerWatcher: Successfully connected\nException in thread \"main\" \
        java.lang.reflect.InvocationTargetException\n\tat a.b(C.java:1)\nCaused by: \
        org.apache.spark.SparkUserAppException: User application exited with 3\n\tat d\n\t... 6 more\n";

    #[test]
    fn exit_codes_are_read_and_told() {
        assert_eq!(exit_code(RUNNER), Some(3));
        assert_eq!(exit_code("hello"), None);
        for (code, limit, says) in [
            (3, None, "exit code 3"),
            (124, Some(5), "longer than its `time_limit` of 5 s"),
            (124, None, "exit code 124"),
            (137, Some(5), "SIGKILL"),
            (143, None, "signal 15"),
        ] {
            assert!(decoded(code, limit).contains(says), "{}", decoded(code, limit));
        }
    }

    #[test]
    fn the_cause_of_a_jar_is_the_innermost() {
        let trace = RUNNER.replace(
            "org.apache.spark.SparkUserAppException: User application exited with 3",
            "x.Y: broken\nat 3",
        );
        assert_eq!(exception(&trace).unwrap(), "x.Y: broken\nat 3");
        assert_eq!(
            exception("Exception in thread \"main\" a.B: c\n\tat d").unwrap(),
            "Exception in thread \"main\" a.B: c"
        );
        assert_eq!(exception("nothing"), None);
    }

    #[test]
    fn the_last_lines_are_the_last_and_not_too_many() {
        let text: String = (0..100).map(|n| format!("line {n}\n\n")).collect();
        let last = last_lines(&text);
        assert!(last.starts_with("line 88\n") && last.ends_with("line 99"), "{last}");
        let long = last_lines(&"x".repeat(5_000));
        assert!(long.starts_with("… x") && long.chars().count() == 2_002);
        assert_eq!(last_lines(""), "");
    }

    #[test]
    fn an_error_without_a_word_may_be_tried_again() {
        let status = |message: Option<&str>| Status {
            driver_state: Some("ERROR".to_owned()),
            message: message.map(str::to_owned),
            worker_id: None,
        };
        assert_eq!(status(None).error().0, Phase::RetryableFailed);
        let (phase, text) = status(Some("Exception from the cluster:\na.B: /x.jar\n\tc")).error();
        assert_eq!(
            (phase, text.as_str()),
            (Phase::Failed, "Spark cannot start the driver: a.B: /x.jar")
        );
        assert!(status(None).is_final());
    }

    #[test]
    fn frames_are_left_out() {
        let text = "Exception from the cluster:\njava.nio.file.NoSuchFileException: /nope.jar\n\tsun.nio.fs.UnixException.x(U.java:92)\n\torg.y";
        assert_eq!(head(text), "java.nio.file.NoSuchFileException: /nope.jar");
        assert_eq!(head("Driver x has already finished"), "Driver x has already finished");
        assert_eq!(head(""), "");
    }
}
