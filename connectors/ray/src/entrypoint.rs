//! The command as Ray's shell gets it.
//!
//! Ray 2.60.0 answers the stop of a job that waits with `stopped: true`, keeps the job PENDING, and when it is its turn
//! starts the command and stops it a moment later. The stop was told to the job's supervisor right behind the start, so
//! it comes within a fraction of a second: a command that begins with a second's wait ends in that wait.
//!
//! Also, Ray leaves running what a command that has ended left in the background. A trap ends its process group, which
//! Ray makes for each job; the command stays in that group, for it is the one that Ray kills if the node fails.

/// SIGTERM ends the wait, and the shell with it.
const GUARD: &str = "sleep 1 || exit\n";
/// At the end of the shell, however it ends but by SIGKILL, the rest of its group ends: by SIGTERM, repeated because a
/// child may miss one between its fork and its start, and after a second by SIGKILL. The exit code stays.
const END_CHILDREN: &str = r#"end() { code=$?; trap '' TERM
  for signal in TERM TERM TERM TERM TERM TERM TERM TERM TERM TERM KILL; do left=
    for one in /proc/[0-9]*; do read -r line <$one/stat || continue; set -- ${line##*) }
      [ "$3" = $$ ] && [ $1 != Z ] && [ ${one#/proc/} != $$ ] && left=1 && kill -$signal ${one#/proc/}
    done; [ -z "$left" ] && break; sleep 0.1
  done 2>/dev/null; exit $code; }
trap end EXIT; trap 'exit 143' TERM
"#;
/// So long after SIGTERM the time limit sends SIGKILL, in seconds.
const KILL_AFTER: u32 = 10;
/// The exit code of a command that the time limit has ended, as `timeout` gives it.
pub(crate) const TIMED_OUT: i64 = 124;

/// The command behind its guard, in a shell that ends what it started and within its time.
pub(crate) fn guarded(command: &str, time_limit: Option<u64>, end_children: bool) -> String {
    if time_limit.is_none() && !end_children {
        return format!("{GUARD}{command}");
    }
    // In a shell of its own, so that it cannot replace the trap.
    let command = format!("sh -c '{}'", command.replace('\'', r"'\''"));
    let command = match time_limit {
        // In the foreground it stays in the group, and ends its child alone.
        Some(seconds) if end_children => {
            format!("timeout --foreground -k {KILL_AFTER} {seconds} {command}")
        }
        Some(seconds) => format!("timeout -k {KILL_AFTER} {seconds} {command}"),
        None => command,
    };
    match end_children {
        // Behind the command, so that the shell is still there when it ends.
        true => format!("{GUARD}{END_CHILDREN}{command}\nexit"),
        false => format!("{GUARD}{command}"),
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Output};

    use super::guarded;

    fn run(command: &str, time_limit: Option<u64>, end_children: bool) -> Output {
        let text = guarded(command, time_limit, end_children);
        // In a group of its own, as Ray has it, and not for longer than a test may take.
        let group = ["-k", "0", "60", "setsid", "--wait", "sh", "-c", &text];
        Command::new("timeout").args(group).output().unwrap()
    }

    #[test]
    fn the_exit_code_and_the_output_are_the_commands() {
        for limit in [None, Some(60)] {
            for end_children in [false, true] {
                let output = run("echo \"it's\" 'a b'; (exit 7)", limit, end_children);
                assert_eq!(String::from_utf8(output.stdout).unwrap(), "it's a b\n");
                assert_eq!(output.status.code(), Some(7), "{limit:?} {end_children}");
            }
        }
        let commented = run("exit 3 # with a comment", Some(60), true);
        assert_eq!(commented.status.code(), Some(3));
    }

    #[test]
    fn what_is_left_in_the_background_ends() {
        // Its output stays open as long as the child lives, and `output` waits for that.
        for child in ["sleep 50", "trap \"\" TERM; sleep 50"] {
            let command = format!("sh -c '{child}' & echo started; exit 4");
            let output = run(&command, None, true);
            assert_eq!((&output.stdout[..], output.status.code()), (&b"started\n"[..], Some(4)));
        }
    }

    #[test]
    fn a_time_limit_ends_the_command_and_its_children() {
        let output = run("sleep 50 & sleep 50", Some(1), true);
        assert_eq!(output.status.code(), Some(124));
    }
}
