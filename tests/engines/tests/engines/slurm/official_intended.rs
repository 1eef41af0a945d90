//! Where ours is meant to differ from the official connector of Slurm, version 2.12.1, and why.

use interop_tests::differential::Intended;

pub(crate) const TABLE: &[Intended] = &[
    Intended {
        cases: &["plain: create"],
        fields: &[("script", r##""#!/bin/bash","# mine","#SBATCH --comment=mine""##)],
        reason: "a script keeps its first line and its comments, which are left out there",
    },
    Intended {
        cases: &["python: create"],
        fields: &[("script[13]", "exec ")],
        reason: "what another program is to run is run by that program; there a shell runs every script",
    },
    Intended {
        cases: &["python: get"],
        fields: &[("phase", "SUCCEEDED"), ("message", "is COMPLETED")],
        reason: "the same",
    },
    Intended { cases: &["python: log"], fields: &[("log", r#""out""#)], reason: "the same" },
    Intended {
        cases: &["outputs: create", "outputs_missing: create"],
        fields: &[("script", "mkdir -p ")],
        reason: "the folder of outputs is made behind the options; there in front of the script's own, which are lost",
    },
    Intended {
        cases: &["array: get"],
        fields: &[("message", "Slurm job <id> is FAILED")],
        reason: "an array is told of under its own number; there under that of one of its tasks",
    },
    Intended {
        cases: &["nowhere: create"],
        fields: &[
            ("code", "Ok"),
            ("details", "null"),
            ("meta", "invalid partition specified: nowhere"),
        ],
        reason: "what Slurm refuses for good is the attempt's failure; there an error of the call, which is repeated",
    },
    Intended {
        cases: &["waits: create"],
        fields: &[("meta.*", ""), ("script", "null")],
        reason: "a dependency on a job that nobody knows is refused; there Slurm leaves it out, and the job runs",
    },
    Intended {
        cases: &["waits: get"],
        fields: &[("phase", "FAILED"), ("message", "the job is to wait for job 999999")],
        reason: "the same",
    },
    Intended {
        cases: &["unknown: get"],
        fields: &[
            ("code", "Ok"),
            ("details", "null"),
            ("links", "0"),
            ("message", "is not known to squeue, sacct or scontrol"),
            ("phase", "FAILED"),
        ],
        reason: "no later poll can find it; there each poll is an error, and six of them wedge the job",
    },
];
