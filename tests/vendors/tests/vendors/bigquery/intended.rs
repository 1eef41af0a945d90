//! Where ours is meant to differ from the official connector of BigQuery, version 2.12.1, and why.

use interop_tests::differential::Intended;

/// An error there is an answer here.
const ANSWERED: &[(&str, &str)] = &[("code", "Ok"), ("details", "")];

pub(crate) const TABLE: &[Intended] = &[
    Intended {
        cases: &["*"],
        fields: &[
            ("calls[*].headers.user-agent", "Flyte/2.12.1 (GPN:Union;development)"),
            ("calls[*].headers.x-goog-api-client", "Flyte/2.12.1 (GPN:Union;development)"),
        ],
        reason: "there the versions of Python and its libraries follow",
    },
    // The location.
    Intended {
        cases: &["no_location: create"],
        fields: &[("answer.meta", r#"\"location\": \"europe-west3\""#)],
        reason: "the vendor chose the location, and finds the job nowhere else",
    },
    Intended {
        cases: &["no_location, *"],
        fields: &[("calls[0].query.location", "europe-west3"), ("answer", "")],
        reason: "the vendor chose the location, and finds the job nowhere else",
    },
    Intended {
        cases: &["no_location, *"],
        fields: ANSWERED,
        reason: "there every call about the job is a 404, and so an error",
    },
    // The settings of the job.
    Intended {
        cases: &["configured: create"],
        fields: &[
            ("calls[0].body.configuration.query.clustering", r#"{"fields":["customer"]}"#),
            ("calls[0].body.configuration.query.createDisposition", "CREATE_IF_NEEDED"),
            ("calls[0].body.configuration.query.defaultDataset", "sales"),
            ("calls[0].body.configuration.query.destinationTable", "reports"),
            ("calls[0].body.configuration.query.maximumBillingTier", "2"),
            ("calls[0].body.configuration.query.maximumBytesBilled", r#""10000000000""#),
            ("calls[0].body.configuration.query.priority", "BATCH"),
            ("calls[0].body.configuration.query.schemaUpdateOptions", "ALLOW_FIELD_ADDITION"),
            ("calls[0].body.configuration.query.timePartitioning", r#""expirationMs":"86400000""#),
            ("calls[0].body.configuration.query.useQueryCache", "false"),
            ("calls[0].body.configuration.query.writeDisposition", "WRITE_TRUNCATE"),
        ],
        reason: "a task's QueryJobConfig is serialised and then ignored there",
    },
    Intended {
        cases: &["configured, DONE: get"],
        fields: &[("answer.outputs.results", "bq://p:reports.daily")],
        reason: "so its result is in another table than the one it names",
    },
    Intended {
        cases: &["input configured_parameters: create"],
        fields: &[("calls[0].body.configuration.query.queryParameters", r#""name":"own""#)],
        reason: "parameters of a QueryJobConfig stand beside those of inputs",
    },
    // Outputs.
    Intended {
        cases: &["statement_with_results, DONE: get"],
        fields: &[
            ("answer.phase", "FAILED"),
            ("answer.message", "this statement has no table with results"),
            ("answer.message", "the task declares `results`"),
        ],
        reason: "a statement without a result table cannot give the output that the task declares; there \
                 the executor looks for a file that nobody wrote, and fails with a storage error",
    },
    Intended {
        cases: &["statement, DONE: get"],
        fields: &[("answer.message", "DONE; this statement has no table with results")],
        reason: "said where somebody may look for them",
    },
    // Statements.
    Intended {
        cases: &["comment, PENDING: get", "comment, RUNNING: get", "comment, DONE: get"],
        fields: &[("answer.message", "a comment: `paid ones WHERE paid = 1`")],
        reason: "the task class has made a comment of the statement's end, and nobody else says so",
    },
    // Creates.
    Intended {
        cases: &["created twice, 2: create"],
        fields: &[("answer.meta", "<job of created twice, 1>"), ("calls", "[]")],
        reason: "one attempt is one job, whoever asks again; there it is a second one",
    },
    Intended {
        cases: &[
            "input list: create",
            "input optional: create",
            "input nothing: create",
            "input span: create",
        ],
        fields: &[("answer", "job_id"), ("calls", "queryParameters")],
        reason: "there only plain inputs can be parameters",
    },
    Intended {
        cases: &[
            "input list: create",
            "input optional: create",
            "input nothing: create",
            "input span: create",
        ],
        fields: ANSWERED,
        reason: "there only plain inputs can be parameters",
    },
    Intended {
        cases: &["bad SQL: create", "no access: create", "no dataset: create"],
        fields: &[("answer", "flyte_connector_failed_at_create")],
        reason: "an error of create costs the task one attempt after the other, each of which meets it \
                 again; here the job reports it",
    },
    Intended {
        cases: &["bad SQL: get"],
        fields: &[(
            "answer",
            r#""message":"BigQuery answered 400 Bad Request (invalidQuery): Syntax"#,
        )],
        reason: "the job that could not be made fails, with the vendor's words",
    },
    Intended {
        cases: &["no access: get"],
        fields: &[(
            "answer",
            r#""message":"BigQuery answered 403 Forbidden (accessDenied): Access"#,
        )],
        reason: "the job that could not be made fails, with the vendor's words",
    },
    Intended {
        cases: &["no dataset: get"],
        fields: &[(
            "answer",
            r#""message":"BigQuery answered 404 Not Found (notFound): Not found"#,
        )],
        reason: "the job that could not be made fails, with the vendor's words",
    },
    Intended {
        cases: &["bad SQL: *", "no access: *", "no dataset: *"],
        fields: ANSWERED,
        reason: "as above",
    },
    // What the vendor says of a job.
    Intended {
        cases: &["cancelled: get", "failed by *: get"],
        fields: &[("answer.message", " (")],
        reason: "words instead of the notation of a Python list",
    },
    Intended {
        cases: &["errors while it runs: get"],
        fields: &[
            ("answer.phase", r#""RUNNING""#),
            ("answer.message", r#""RUNNING""#),
            ("answer.custom_info", "the row is no good"),
        ],
        reason: "`errors` may be passed over by the job: only `errorResult` says that it has failed",
    },
    Intended {
        cases: &["errors of a success: get"],
        fields: &[
            ("answer.phase", "SUCCEEDED"),
            ("answer.message", "DONE"),
            ("answer.outputs", "bq://p:_hidden.anon7"),
            ("answer.custom_info", "the row is no good"),
        ],
        reason: "`errors` may be passed over by the job: only `errorResult` says that it has failed",
    },
    Intended {
        cases: &["failed by backendError: get", "failed by jobRateLimitExceeded: get"],
        fields: &[("answer.phase", "RETRYABLE_FAILED")],
        reason: "the vendor advises to run such a job again",
    },
    Intended {
        cases: &["a state that is new: get"],
        fields: &[("answer", r#""phase":"RUNNING""#), ("code", "Ok"), ("details", "")],
        reason: "six errors wedge a job, and a state that nobody knew is no error",
    },
    // What is gone.
    Intended {
        cases: &["gone: get"],
        fields: &[("answer", r#""phase":"FAILED""#), ("code", "Ok"), ("details", "")],
        reason: "no later poll can find it",
    },
    Intended {
        cases: &["gone: delete"],
        fields: &[("answer", "{}"), ("code", "Ok"), ("details", "")],
        reason: "the executor repeats a failed delete for ever, and there is nothing to delete",
    },
    // Silence.
    Intended {
        cases: &["a silent vendor: get"],
        fields: &[("answer", r#""phase":"RUNNING""#), ("code", "Ok"), ("details", "")],
        reason: "the phase that is known, before the caller leaves; there the whole process waits",
    },
];
