//! Whole scripts.

use std::collections::BTreeMap;

use connector_core::custom_info::json_to_struct;
use connector_core::prelude::*;
use serde_json::{Value, json};

use super::{Frame, UserScript, srun};
use crate::config::SlurmTask;

fn task(custom: Value) -> SlurmTask {
    SlurmTask::from_custom(json_to_struct(custom).unwrap()).unwrap()
}

fn render(custom: Value, make: impl FnOnce(&Frame<'_>) -> Result<String>) -> Result<String> {
    let task = task(custom);
    let variables =
        BTreeMap::from([("B".to_owned(), "x y".to_owned()), ("A".to_owned(), "1".to_owned())]);
    let frame = Frame {
        job_name: "flyte-t-0",
        stdout: "/d/t.out",
        stderr: "/d/t.err",
        variables: &variables,
        task: &task,
    };
    make(&frame)
}

fn script(custom: Value, text: &str) -> Result<String> {
    render(custom, |frame| frame.of_script(&UserScript::read(text), "/d/t.script", None))
}

#[test]
fn a_command_in_an_image() {
    let custom = json!({
        "sbatch": {"partition": "p", "nodes": 2.0, "time_limit": "1:00:00", "gres": "gpu:1"},
        "sbatch_options": {"exclusive": true, "partition": "q", "nice": 5.0},
        "container": {"runtime": "pyxis", "mounts": ["/a:/a", "/b:/b"], "workdir": "/w", "srun_args": ["--mpi=none"]},
        "modules": ["apptainer"],
    });
    let line = srun(&task(custom.clone()), "ghcr.io/a/b:c", &["a0".to_owned(), "--x y".to_owned()]);
    let text = render(custom, |frame| frame.of_command(&line?)).unwrap();
    let expected = r##"#!/bin/bash
#SBATCH --job-name=flyte-t-0
#SBATCH --output=/d/t.out
#SBATCH --error=/d/t.err
#SBATCH --partition=q
#SBATCH --nodes=2
#SBATCH --gres=gpu:1
#SBATCH --time=1:00:00
#SBATCH --exclusive
#SBATCH --nice=5

set -euo pipefail
module load apptainer
export A=1
export B='x y'

srun --nodes=1 --ntasks=1 --mpi=none '--container-image=ghcr.io#a/b:c' --container-mounts=/a:/a,/b:/b --container-workdir=/w bash -c 'export PATH="${VIRTUAL_ENV:+$VIRTUAL_ENV/bin:}$PATH"; exec "$@"' -- a0 '--x y'
"##;
    assert_eq!(text, expected);
}

#[test]
fn apptainer_sees_gpus_unless_it_is_told_of_them() {
    let line = |args: Value| {
        let task = task(
            json!({"sbatch": {"gpus_per_node": 2.0}, "container": {"runtime": "apptainer", "args": args,
            "mounts": ["/a:/a"], "workdir": "/w"}}),
        );
        srun(&task, "img", &["true".to_owned()]).unwrap()
    };
    assert!(
        line(json!([]))
            .contains(" apptainer exec --nv --bind /a:/a --pwd /w docker://img bash -c ")
    );
    assert!(
        line(json!(["--rocm"]))
            .contains(" apptainer exec --bind /a:/a --pwd /w --rocm docker://img ")
    );
}

#[test]
fn a_shells_script_keeps_its_head() {
    let text = "#!/bin/bash -l\n# who: me\n#SBATCH --time=5\n\n# more\necho hi\n#SBATCH --late\n";
    let expected = "#!/bin/bash -l\n# who: me\n#SBATCH --time=5\n\n# more\n#SBATCH --job-name=flyte-t-0\n\
                    #SBATCH --output=/d/t.out\n#SBATCH --error=/d/t.err\n\nexport A=1\nexport B='x y'\n\necho hi\n\
                    #SBATCH --late\n";
    assert_eq!(script(json!({}), text).unwrap(), expected);
    assert!(script(json!({}), "echo hi").unwrap().starts_with("#!/bin/bash\n#SBATCH --job-name"));
    assert!(script(json!({}), "echo hi").unwrap().ends_with("\n\necho hi\n"));
}

#[test]
fn what_another_program_runs_is_run_by_it() {
    for shebang in [
        "#!/usr/bin/env python3",
        "#!/usr/bin/python3 -u",
        "#!/bin/tcsh",
        "#!/usr/bin/env -S A=b Rscript",
    ] {
        let text = format!("{shebang}\n# c\n#SBATCH --time=5\nprint(1)\n");
        assert_eq!(UserScript::read(&text).beside(), Some(text.as_str()));
        let submitted = script(json!({}), &text).unwrap();
        assert!(
            submitted.starts_with("#!/bin/bash\n#SBATCH --time=5\n#SBATCH --job-name"),
            "{submitted}"
        );
        assert!(submitted.ends_with("export B='x y'\n\nexec /d/t.script\n"), "{submitted}");
    }
    for shebang in
        ["#!/bin/sh", "#! /bin/zsh -f", "#!/usr/bin/env bash", "#!/usr/bin/env -S bash -e", "#!"]
    {
        let text = format!("{shebang}\necho");
        assert!(UserScript::read(&text).is_shell(), "{shebang}");
        assert!(script(json!({}), &text).unwrap().starts_with(shebang));
    }
}

#[test]
fn outputs_have_a_directory_before_the_script_begins() {
    let text = "#!/bin/bash\n#SBATCH --time=5\necho\n";
    let made = render(json!({}), |frame| {
        frame.of_script(&UserScript::read(text), "/d/t.script", Some("/d/t o"))
    });
    let made = made.unwrap();
    assert!(made.contains("\nexport B='x y'\nmkdir -p '/d/t o'\n\necho\n"), "{made}");
    assert!(made.starts_with("#!/bin/bash\n#SBATCH --time=5\n"), "options stay options: {made}");
}

#[test]
fn what_would_be_more_than_it_says_is_refused() {
    for (custom, part) in [
        (
            json!({"sbatch_options": {"output": "/x"}}),
            "Reserved: chdir, error, gid, job-name, output, uid, wrap.",
        ),
        (json!({"sbatch_options": {"Bad": "x"}}), "\"Bad\""),
        (json!({"sbatch_options": {"comment": "a b"}}), "may not contain whitespace"),
        (json!({"sbatch_options": {"comment": "a\nrm"}}), "may not contain whitespace"),
        (json!({"sbatch": {"partition": ["a"]}}), "`partition` must be"),
        (json!({"modules": ["a b"]}), "module"),
    ] {
        let error = script(custom, "true").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidTask);
        assert!(error.message().contains(part), "{error}");
    }
    for (custom, image, part) in [
        (json!({}), "", "no container image"),
        (json!({"container": {"runtime": "podman"}}), "i", "'podman'"),
    ] {
        let error = srun(&task(custom), image, &["true".to_owned()]).unwrap_err();
        assert!(error.message().contains(part), "{error}");
    }
    assert!(srun(&task(json!({})), "i", &[]).is_err());
}
