//! What Slurm's commands say of a job, read, and what it is to Flyte. Jobs that are several, such as
//! arrays, are told of in several lines, which are folded into one.

use connector_core::prelude::*;

/// `JOB STATE CODES` of squeue's manual, all of them.
pub(crate) const STATES: StateTable = StateTable::new(&[
    ("PENDING", Phase::Queued),
    ("CONFIGURING", Phase::Queued),
    ("REQUEUED", Phase::Queued),
    ("REQUEUE_HOLD", Phase::Queued),
    ("REQUEUE_FED", Phase::Queued),
    ("RESV_DEL_HOLD", Phase::Queued),
    ("SUSPENDED", Phase::Queued),
    ("STOPPED", Phase::Queued),
    ("RUNNING", Phase::Running),
    ("COMPLETING", Phase::Running),
    ("STAGE_OUT", Phase::Running),
    ("SIGNALING", Phase::Running),
    ("RESIZING", Phase::Running),
    ("COMPLETED", Phase::Succeeded),
    ("CANCELLED", Phase::Aborted),
    ("FAILED", Phase::Failed),
    ("TIMEOUT", Phase::Failed),
    ("OUT_OF_MEMORY", Phase::Failed),
    ("DEADLINE", Phase::Failed),
    ("SPECIAL_EXIT", Phase::Failed),
    ("REVOKED", Phase::Failed),
    // The cluster's fault, not the job's: another attempt may do.
    ("PREEMPTED", Phase::RetryableFailed),
    ("NODE_FAIL", Phase::RetryableFailed),
    ("BOOT_FAIL", Phase::RetryableFailed),
]);

/// Where one job, or one task of an array, stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The id it is told under: `7`, of an array's task `7_1` or `7_[2-9]`.
    pub(crate) id: String,
    /// As Slurm says it: `CANCELLED by 1000`.
    pub(crate) state: String,
    /// `code:signal`.
    pub(crate) exit_code: Option<String>,
    pub(crate) reason: Option<String>,
}

impl Standing {
    /// The name of the state alone: without who did it, and without squeue's mark of a cut field.
    pub(crate) fn word(&self) -> String {
        let word = self.state.split_whitespace().next().unwrap_or_default();
        word.trim_end_matches('+').to_ascii_uppercase()
    }

    pub(crate) fn phase(&self) -> Option<Phase> {
        STATES.phase(&self.word())
    }

    /// Whether Slurm refused the job, of which it keeps a record all the same: nothing of it ran, and the signal that
    /// stands there as its end was none (seen with 22.05.8).
    pub(crate) fn was_refused(&self) -> bool {
        self.phase() == Some(Phase::Failed) && self.reason.as_deref() == Some("BadConstraints")
    }

    /// How it ended, as far as people are told it behind its state: code and reason. While it ends there is no code
    /// yet, and 0 stands for it.
    pub(crate) fn end(&self, signal: impl Fn(&str) -> Option<String>) -> String {
        let mut end = String::new();
        let code = self.exit_code.as_deref().filter(|code| *code != "0:0" && !self.was_refused());
        if let Some(code) = code {
            end.push_str(&format!(", exit code {code}"));
            end.push_str(&signal(code).map(|text| format!(" ({text})")).unwrap_or_default());
        }
        if let Some(reason) = &self.reason {
            end.push_str(&format!(", reason: {reason}"));
        }
        if self.was_refused() {
            end.push_str(". Slurm did not take it, as no node of the partition has what it asks for: nothing of it ran");
        }
        end
    }

    /// How much it says of the whole: what still goes on comes first, then what went wrong. A state that is
    /// unknown counts as going on.
    fn weight(&self) -> u8 {
        match self.phase() {
            Some(Phase::Running) | None => 0,
            Some(Phase::Queued) => 1,
            Some(Phase::Failed) => 2,
            Some(Phase::RetryableFailed) => 3,
            Some(Phase::Aborted) => 4,
            _ => 5,
        }
    }
}

/// Of several tasks the one that stands for all: the state comes first, exit codes tell nothing before it.
pub(crate) fn folded(standings: Vec<Standing>) -> Option<Standing> {
    standings.into_iter().min_by_key(Standing::weight)
}

/// Lines of `squeue -h -o '%i|%T|%r'`.
pub(crate) fn of_squeue(output: &str) -> Vec<Standing> {
    rows(output, |fields| match *fields {
        [id, state, ref rest @ ..] => {
            Some(standing(id, state, None, rest.first().copied().unwrap_or_default()))
        }
        _ => None,
    })
}

/// Lines of `sacct -X -n -P --format=JobIDRaw,State,ExitCode,Reason`.
pub(crate) fn of_sacct(output: &str) -> Vec<Standing> {
    rows(output, |fields| match *fields {
        // Steps are told under `7.batch`, should they be told.
        [id, state, ref rest @ ..] if !id.contains('.') => {
            let field = |at: usize| rest.get(at).copied().unwrap_or_default();
            Some(standing(id, state, Some(field(0)), field(1)))
        }
        _ => None,
    })
}

/// Lines of `scontrol show job ID --oneliner`.
pub(crate) fn of_scontrol(output: &str) -> Vec<Standing> {
    let jobs = output.lines().filter_map(|line| {
        let field = |name: &str| {
            let of = |word: &'_ str| word.strip_prefix(name)?.strip_prefix('=').map(str::to_owned);
            line.split_whitespace().find_map(of)
        };
        let reason = field("Reason").unwrap_or_default();
        Some(standing(&field("JobId")?, &field("JobState")?, field("ExitCode").as_deref(), &reason))
    });
    jobs.collect()
}

/// The files of both streams in a line of `scontrol show job ID --oneliner`; of several jobs those of the first.
pub(crate) fn streams(output: &str) -> Option<[String; 2]> {
    let words = output.lines().next()?.split_whitespace();
    let field =
        |name: &str| words.clone().find_map(|word| word.strip_prefix(name)).map(str::to_owned);
    Some([field("StdOut=")?, field("StdErr=")?])
}

fn rows(output: &str, read: impl Fn(&[&str]) -> Option<Standing>) -> Vec<Standing> {
    let fields = |line: &str| line.split('|').map(str::trim).map(str::to_owned).collect::<Vec<_>>();
    let lines = output.lines().map(str::trim).filter(|line| !line.is_empty()).map(fields);
    lines.filter_map(|line| read(&line.iter().map(String::as_str).collect::<Vec<_>>())).collect()
}

fn standing(id: &str, state: &str, exit_code: Option<&str>, reason: &str) -> Standing {
    let told = |text: &str| (!matches!(text, "" | "None")).then(|| text.to_owned());
    Standing {
        id: id.to_owned(),
        state: state.to_owned(),
        exit_code: exit_code.and_then(told),
        reason: told(reason),
    }
}

/// The id in what `sbatch --parsable` prints: `id` or `id;cluster`.
pub(crate) fn submitted(output: &str) -> Option<&str> {
    let id = output.trim().lines().next()?.split(';').next()?.trim();
    is_id(id).then_some(id)
}

/// Whether it is the id of a job, and so may be a word of a command.
pub(crate) fn is_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use connector_core::prelude::*;

    use super::{folded, of_sacct, of_scontrol, of_squeue, submitted};

    #[test]
    fn what_the_commands_say_is_read() {
        let queue = of_squeue("7|PENDING|Resources\n\n8|RUNNING|None\nx\n");
        assert_eq!(queue.len(), 2);
        assert_eq!((queue[0].id.as_str(), queue[0].reason.as_deref()), ("7", Some("Resources")));
        assert_eq!((queue[1].phase(), queue[1].reason.as_deref()), (Some(Phase::Running), None));

        let kept = of_sacct(
            "7|CANCELLED by 1000|0:15|None\n7.batch|FAILED|1:0|\n8|FAILED|3:0|NonZeroExitCode\n",
        );
        assert_eq!(kept.len(), 2);
        assert_eq!((kept[0].word().as_str(), kept[0].phase()), ("CANCELLED", Some(Phase::Aborted)));
        assert_eq!(kept[1].exit_code.as_deref(), Some("3:0"));

        let shown = of_scontrol(
            "JobId=9 JobName=a b=c UserId=u(1) JobState=NODE_FAIL Reason=None ExitCode=0:1 Command=(null)\n",
        );
        assert_eq!(shown[0].phase(), Some(Phase::RetryableFailed));
        assert_eq!((shown[0].id.as_str(), shown[0].exit_code.as_deref()), ("9", Some("0:1")));
    }

    #[test]
    fn an_array_is_as_good_as_its_worst_task_once_all_have_ended() {
        let fold = |text| folded(of_squeue(text)).unwrap().state;
        assert_eq!(fold("7_2|COMPLETED|\n7_1|RUNNING|\n7_3|FAILED|"), "RUNNING");
        assert_eq!(fold("7_2|COMPLETED|\n7_[3-9]|PENDING|"), "PENDING");
        assert_eq!(fold("7_2|COMPLETED|\n7_1|CANCELLED|\n7_3|TIMEOUT|"), "TIMEOUT");
        assert_eq!(fold("7_2|COMPLETED|\n7_1|MENDING|"), "MENDING");
        assert_eq!(folded(of_squeue("")), None);
    }

    #[test]
    fn marks_of_a_cut_field_are_no_part_of_the_word() {
        assert_eq!(of_sacct("7|OUT_OF_ME+|0:125|")[0].word(), "OUT_OF_ME");
        assert_eq!(of_sacct("7|CANCELLED+||")[0].phase(), Some(Phase::Aborted));
    }

    #[test]
    fn the_id_of_a_submission() {
        assert_eq!(submitted("42;cluster\n"), Some("42"));
        for other in ["", "Submitted batch job 42", "-1", "4 2"] {
            assert_eq!(submitted(other), None, "{other}");
        }
    }
}
