//! The command of a Python program, as Spark's `PythonRunner` gets it.
//!
//! Killing a driver, Spark kills its JVM. The Python program that the JVM has started runs on, as a child of nobody,
//! for as long as it asks nothing of Spark (seen with 4.3.0). So a launcher stands between them, which watches its
//! parent. It needs no file on the workers: `PythonRunner` hands a path that is no URL to Python as it is, also `-c`,
//! and what follows is the launcher's text.

/// The class that runs Python programs.
pub(crate) const RUNNER: &str = "org.apache.spark.deploy.PythonRunner";
/// The exit code of a program that the time limit has ended.
pub(crate) const TIMED_OUT: i64 = 124;

const LAUNCHER: &str = include_str!("launcher.py");

/// What the runner's arguments are: the launcher, files for Python's path, and for the launcher the time limit in
/// seconds and the program with its arguments.
pub(crate) fn arguments(
    py_files: &[String],
    time_limit: Option<u64>,
    program: &[&str],
    args: &[String],
) -> Vec<String> {
    let launcher = ["-c".to_owned(), py_files.join(","), LAUNCHER.to_owned()];
    let limit = time_limit.unwrap_or_default().to_string();
    let program = program.iter().map(|part| (*part).to_owned());
    launcher.into_iter().chain([limit]).chain(program).chain(args.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::{Command, Output, Stdio};

    use super::arguments;

    /// Runs a program as `PythonRunner` does; `None` where there is no Python.
    fn run(time_limit: Option<u64>, program: &str, args: &[&str]) -> Option<Output> {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let all = arguments(&[], time_limit, &["-c", program], &args);
        let command = [&all[..1], &all[2..]].concat();
        Command::new("python3").args(command).output().ok()
    }

    #[test]
    fn exit_code_arguments_and_output_are_the_programs() {
        let program = "import sys; print(sys.argv[1:]); sys.exit(7)";
        let Some(output) = run(None, program, &["it's", "a b"]) else { return };
        assert_eq!(String::from_utf8_lossy(&output.stdout), "[\"it's\", 'a b']\n");
        assert_eq!(output.status.code(), Some(7));
        let Some(killed) = run(None, "import os; os.kill(os.getpid(), 9)", &[]) else { return };
        assert_eq!(killed.status.code(), Some(137));
    }

    #[test]
    fn code_that_comes_along_is_unpacked_around_the_program() {
        // An archive of `lib.py`, which says `WORD = "carried"`.
        let archive = "UEsDBBQAAAAAAAAAIQCQQ+ldEQAAABEAAAAGAAAAbGliLnB5V09SRCA9ICJjYXJyaWVkIgpQSwECFAMUAAAAAAAAACEAkEPpXREA\
                       AAARAAAABgAAAAAAAAAAAAAAgAEAAAAAbGliLnB5UEsFBgAAAAABAAEANAAAADUAAAAAAA==";
        let (begin, end) = archive.split_at(50);
        let folder = std::env::temp_dir().join(format!("spark-launcher-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let program = "import lib, os; print(lib.WORD, os.listdir('.'), [n for n in os.environ if 'FLYTE_CODE' in n])";
        let all = arguments(&[], None, &["-c", program], &[]);
        let mut command = Command::new("python3");
        command.args([&all[..1], &all[2..]].concat()).current_dir(&folder);
        command.env("FLYTE_CODE_0", begin).env("FLYTE_CODE_1", end);
        let output = command.env("PYTHONDONTWRITEBYTECODE", "1").output();
        let left: Vec<_> =
            fs::read_dir(&folder).unwrap().map(|it| it.unwrap().file_name()).collect();
        fs::remove_dir_all(&folder).unwrap();
        let Ok(output) = output else { return };
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "carried ['lib.py'] []\n", "{told}");
        assert_eq!(left, ["flyte-code.zip"], "the folder is gone");
    }

    #[test]
    fn the_time_limit_and_the_end_of_the_program_end_its_children() {
        // Its output stays open as long as the child lives, and `output` waits for that.
        let child = "import subprocess, sys; subprocess.Popen(['sleep', '50'])";
        let Some(output) = run(None, child, &[]) else { return };
        assert_eq!(output.status.code(), Some(0));
        let waits = format!("{child}; import time; time.sleep(50)");
        let Some(output) = run(Some(1), &waits, &[]) else { return };
        assert_eq!(output.status.code(), Some(124));
        assert!(String::from_utf8_lossy(&output.stdout).contains("the time limit of 1 s is over"));
    }

    #[test]
    fn a_program_ends_with_the_parent_of_its_launcher() {
        let program = "import os, time; print(os.getpid(), flush=True); time.sleep(50)";
        let all = arguments(&[], None, &["-c", program], &[]);
        // The shell is the JVM here: it starts the launcher and is killed.
        let mut shell = Command::new("sh");
        shell.args(["-c", "python3 \"$@\" & echo $! >&2; wait", "sh", "-c"]).args(&all[2..]);
        let Ok(mut shell) = shell.stdout(Stdio::piped()).stderr(Stdio::null()).spawn() else {
            return;
        };
        let mut told = std::io::BufReader::new(shell.stdout.take().unwrap());
        let mut process = String::new();
        std::io::BufRead::read_line(&mut told, &mut process).unwrap();
        if process.is_empty() {
            return; // There is no Python.
        }
        shell.kill().unwrap();
        shell.wait().unwrap();
        // The pipe ends with the last of them that could write to it.
        std::io::Read::read_to_string(&mut told, &mut String::new()).unwrap();
        let left = fs::read_to_string(format!("/proc/{}/stat", process.trim()));
        assert!(left.is_err() || left.unwrap().contains(" Z "));
    }
}
