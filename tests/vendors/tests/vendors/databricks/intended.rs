//! Where ours is meant to differ from the official connector of Databricks, version 2.12.1, and why.

use interop_tests::differential::Intended;

/// An error there is an answer here.
const ANSWERED: &[(&str, &str)] = &[("code", "Ok"), ("details", "")];

pub(crate) const TABLE: &[Intended] = &[
    Intended {
        cases: &["*: get"],
        fields: &[("answer.custom_info", r#""job_id":"11""#)],
        reason: "details that an operator looks for; there are none there",
    },
    Intended {
        cases: &["a page of its own: get"],
        fields: &[("answer.log_links", r#""name":"Databricks Run""#)],
        reason: "Databricks' own address of the run, beside the official connector's",
    },
    // Submissions.
    Intended {
        cases: &["*: create"],
        fields: &[("calls[0].body.idempotency_token", "")],
        reason: "one attempt is one run, whoever asks again",
    },
    Intended {
        cases: &["created twice, 2: create"],
        fields: &[("answer.meta", "<job of created twice, 1>"), ("calls", "[]")],
        reason: "one attempt is one run, whoever asks again; there it is a second one",
    },
    Intended {
        cases: &["*: create"],
        fields: &[("calls[0].body.new_cluster.num_workers", "2")],
        reason: "a whole number is one, and no float",
    },
    Intended {
        cases: &["new_cluster: create"],
        fields: &[("calls[0].body.timeout_seconds", "3600")],
        reason: "a whole number is one, and no float",
    },
    Intended {
        cases: &["form spark_conf: create"],
        fields: &[(
            "calls[0].body.new_cluster.spark_conf.spark.hadoop.fs.s3a.path.style.access",
            "true",
        )],
        reason: "Hadoop's configuration is serialised and then ignored there",
    },
    Intended {
        cases: &["form notebook: create"],
        fields: &[
            ("calls[0].body.git_source", "null"),
            ("calls[0].body.spark_python_task", "null"),
        ],
        reason: "the notebook is the code; there the task's function runs beside it, or nothing does",
    },
    Intended {
        cases: &["form own_code: create"],
        fields: &[
            ("calls[0].body.git_source.git_url", "https://git.acme.example/jobs"),
            ("calls[0].body.git_source.git_branch", "main"),
            ("calls[0].body.git_source.git_commit", "null"),
            ("calls[0].body.git_source.git_provider", "null"),
            ("calls[0].body.spark_python_task.python_file", "dbfs:/jobs/count.py"),
            ("calls[0].body.spark_python_task.parameters", "null"),
            ("calls[0].body.spark_python_task.source", "null"),
        ],
        reason: "what the author wrote is not written over",
    },
    Intended {
        cases: &["form several: create", "form serverless: create"],
        fields: &[
            ("answer", "run_id"),
            ("calls", r#""spark_python_task":{"parameters":["a0","--inputs""#),
        ],
        reason: "jobs of several tasks and serverless compute need no cluster beside them",
    },
    Intended {
        cases: &["form sql: create"],
        fields: &[("answer", "run_id"), ("calls", r#""sql_task":{"query""#)],
        reason: "SQL runs on a warehouse",
    },
    Intended {
        cases: &["form several: create", "form serverless: create", "form sql: create"],
        fields: ANSWERED,
        reason: "as above",
    },
    Intended {
        cases: &[
            "bad cluster: create",
            "no access: create",
            "no_token: create",
            "no_conf: create",
            "no_cluster: create",
        ],
        fields: &[("answer", "flyte_connector_failed_at_create")],
        reason: "an error of create costs the task one attempt after the other, each of which meets it \
                 again; here the job reports it",
    },
    Intended {
        cases: &["bad cluster: get"],
        fields: &[(
            "answer",
            r#""message":"Databricks answered 400 Bad Request (INVALID_PARAMETER_VALUE): no such node"#,
        )],
        reason: "the job that could not be made fails, with the vendor's words",
    },
    Intended {
        cases: &["no access: get"],
        fields: &[(
            "answer",
            r#""message":"Databricks answered 403 Forbidden (PERMISSION_DENIED): may not submit"#,
        )],
        reason: "the job that could not be made fails, with the vendor's words",
    },
    Intended {
        cases: &["no_conf: get"],
        fields: &[(
            "answer",
            r#""message":"Missing Databricks job configuration in task template"#,
        )],
        reason: "the official connector's words, and what to do",
    },
    Intended {
        cases: &["no_cluster: get"],
        fields: &[(
            "answer",
            r#""message":"Either existing_cluster_id or new_cluster must be specified"#,
        )],
        reason: "the official connector's words, and what to do",
    },
    Intended {
        cases: &["no_token: create"],
        fields: &[("calls", "[]")],
        reason: "there the word None is sent as a token",
    },
    Intended {
        cases: &["no_token: get"],
        fields: &[("answer", r#""message":"there are no credentials for Databricks"#)],
        reason: "as above",
    },
    Intended {
        cases: &["bad cluster: *", "no access: *", "no_token: *", "no_conf: *", "no_cluster: *"],
        fields: ANSWERED,
        reason: "as above",
    },
    // Where a run stands.
    Intended {
        cases: &["state QUEUED: get", "state BLOCKED: get"],
        fields: &[("answer", r#""message":"told","outputs":null,"phase":"QUEUED""#)],
        reason: "the run waits; there it is an error, and six of them wedge the job",
    },
    Intended {
        cases: &["state WAITING_FOR_RETRY: get"],
        fields: &[("answer", r#""phase":"WAITING_FOR_RESOURCES""#)],
        reason: "the run waits; there it is an error, and six of them wedge the job",
    },
    Intended {
        cases: &["state NEW: get", "no result: get"],
        fields: &[("answer", r#""phase":"RUNNING""#)],
        reason: "six errors wedge a job, and a state that nobody knew is no error",
    },
    Intended {
        cases: &["result SUCCESS_WITH_FAILURES: get"],
        fields: &[("answer", r#""phase":"SUCCEEDED""#)],
        reason: "an end; there it is an error, and the task never ends",
    },
    Intended {
        cases: &[
            "result EXCLUDED: get",
            "result DISABLED: get",
            "result UPSTREAM_FAILED: get",
            "result UPSTREAM_CANCELED: get",
        ],
        fields: &[("answer", r#""phase":"FAILED""#)],
        reason: "an end; there it is an error, and the task never ends",
    },
    Intended {
        cases: &["result MAXIMUM_CONCURRENT_RUNS_REACHED: get"],
        fields: &[("answer", r#""phase":"RETRYABLE_FAILED""#)],
        reason: "an end, and nothing is wrong with the task; there it is an error, and the task never ends",
    },
    Intended {
        cases: &[
            "state QUEUED: get",
            "state BLOCKED: get",
            "state WAITING_FOR_RETRY: get",
            "state NEW: get",
            "no result: get",
            "result SUCCESS_WITH_FAILURES: get",
            "result EXCLUDED: get",
            "result DISABLED: get",
            "result UPSTREAM_FAILED: get",
            "result UPSTREAM_CANCELED: get",
            "result MAXIMUM_CONCURRENT_RUNS_REACHED: get",
        ],
        fields: ANSWERED,
        reason: "as above",
    },
    // The newer form of a run's state is not read there: an undefined phase, which is a system error.
    Intended {
        cases: &["status PENDING: get"],
        fields: &[("answer.phase", r#""INITIALIZING""#), ("answer.message", r#""PENDING""#)],
        reason: "the newer form is read",
    },
    Intended {
        cases: &["status QUEUED: get"],
        fields: &[("answer.phase", r#""QUEUED""#), ("answer.message", r#""QUEUED""#)],
        reason: "the newer form is read",
    },
    Intended {
        cases: &["status RUNNING: get"],
        fields: &[("answer.phase", r#""RUNNING""#), ("answer.message", r#""RUNNING""#)],
        reason: "the newer form is read",
    },
    Intended {
        cases: &["status WAITING: get"],
        fields: &[
            ("answer.phase", r#""WAITING_FOR_RESOURCES""#),
            ("answer.message", r#""WAITING""#),
        ],
        reason: "the newer form is read",
    },
    Intended {
        cases: &["status SUCCESS: get"],
        fields: &[("answer.phase", r#""SUCCEEDED""#), ("answer.message", r#""told""#)],
        reason: "the newer form is read",
    },
    Intended {
        cases: &["status RUN_EXECUTION_ERROR: get"],
        fields: &[
            ("answer.phase", r#""FAILED""#),
            ("answer.message", r#""told (RUN_EXECUTION_ERROR)""#),
        ],
        reason: "the newer form is read",
    },
    Intended {
        cases: &["status CLUSTER_ERROR: get"],
        fields: &[
            ("answer.phase", r#""RETRYABLE_FAILED""#),
            ("answer.message", r#""told (CLUSTER_ERROR)""#),
        ],
        reason: "the newer form is read",
    },
    Intended {
        cases: &[
            "cancelled: get",
            "state SKIPPED: get",
            "state INTERNAL_ERROR: get",
            "result FAILED: get",
            "result TIMEDOUT: get",
            "result CANCELED: get",
        ],
        fields: &[("answer.message", " ("), ("calls", "runs/get-output")],
        reason: "the vendor's word for the end, and a look at what the run's code said",
    },
    Intended {
        cases: &["failure: get"],
        fields: &[
            ("answer.message", r"(FAILED)\nValueError: no\nTraceback\nValueError: no"),
            ("calls", "runs/get-output"),
        ],
        reason: "what the run's code said is nowhere else; Databricks' sentence tells people to look there",
    },
    Intended {
        cases: &[
            "result EXCLUDED: get",
            "result DISABLED: get",
            "result UPSTREAM_FAILED: get",
            "result UPSTREAM_CANCELED: get",
            "result MAXIMUM_CONCURRENT_RUNS_REACHED: get",
            "status RUN_EXECUTION_ERROR: get",
            "status CLUSTER_ERROR: get",
        ],
        fields: &[("calls", "runs/get-output")],
        reason: "a look at what the run's code said",
    },
    // What is gone, and what passes.
    Intended {
        cases: &["gone: get"],
        fields: &[("answer", r#""phase":"FAILED""#), ("code", "Ok"), ("details", "")],
        reason: "no later poll can find it",
    },
    Intended {
        cases: &["gone: delete"],
        fields: &[("answer", "{}"), ("code", "Ok"), ("details", "")],
        reason: "the executor repeats a failed delete for ever, and there is nothing to cancel",
    },
    Intended {
        cases: &["trouble 503: get", "trouble 429: get", "trouble a proxy's page: get"],
        fields: &[
            ("answer", r#""message":"In run","outputs":null,"phase":"RUNNING""#),
            ("code", "Ok"),
            ("details", ""),
            ("calls", ""),
        ],
        reason: "what passes is asked again; there it is an error, and six of them wedge the job",
    },
    Intended {
        cases: &["a silent vendor: get"],
        fields: &[("answer", r#""phase":"RUNNING""#), ("code", "Ok"), ("details", "")],
        reason: "the phase that is known, before the caller leaves",
    },
    Intended {
        cases: &["cancel and 503: delete", "cancel and a page that says 200: delete"],
        fields: &[("answer", "{}"), ("calls", ""), ("code", "Ok"), ("details", "")],
        reason: "what passes is asked again; there the executor has to",
    },
    Intended {
        cases: &["cancel and a reset: delete"],
        fields: &[("answer", "{}"), ("calls", ""), ("code", "Ok"), ("details", "")],
        reason: "cancelled twice is cancelled, so it is asked again",
    },
];
