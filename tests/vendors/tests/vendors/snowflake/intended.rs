//! Where ours is meant to differ from the official connector of Snowflake, version 2.12.1, and why.

use interop_tests::differential::Intended;

/// An error there is an answer here.
const ANSWERED: &[(&str, &str)] = &[("code", "Ok"), ("details", "")];

pub(crate) const TABLE: &[Intended] = &[
    // What is sent.
    Intended {
        cases: &["*"],
        fields: &[
            ("calls[*].headers.content-encoding", "null"),
            ("calls[*].body.parameters.QUERY_TAG", "flyte-"),
        ],
        reason: "bodies are not packed; the tag is what people find a query by",
    },
    Intended {
        cases: &["gone: delete"],
        fields: &[("calls[*].body.queryContextDTO", "null")],
        reason: "a cancel needs no context of other queries",
    },
    // Inputs.
    Intended {
        cases: &["input whole: *", "input optional: *"],
        fields: &[
            ("calls[1].body.sqlText", "SELECT ? AS v"),
            ("calls[1].body.bindings", r#"{"1":{"type":"FIXED","value":"5"}}"#),
        ],
        reason: "values are bound; there they are written into the statement",
    },
    Intended {
        cases: &["input truth: *"],
        fields: &[
            ("calls[1].body.sqlText", "SELECT ? AS v"),
            ("calls[1].body.bindings", r#"{"type":"BOOLEAN","value":"true"}"#),
        ],
        reason: "values are bound; there they are written into the statement",
    },
    Intended {
        cases: &["input text: *"],
        fields: &[
            ("calls[1].body.sqlText", "SELECT ? AS v"),
            ("calls[1].body.bindings", r#"{"type":"TEXT","value":"it's \\ 100% 🚀"}"#),
        ],
        reason: "values are bound; there they are written into the statement",
    },
    Intended {
        cases: &["input real: *"],
        fields: &[
            ("calls[1].body.sqlText", "SELECT ? AS v"),
            ("calls[1].body.bindings", r#"{"type":"REAL","value":"1.5"}"#),
        ],
        reason: "values are bound; there they are written into the statement",
    },
    Intended {
        cases: &["input moment: *"],
        fields: &[
            ("calls[1].body.sqlText", "SELECT ? AS v"),
            ("calls[1].body.bindings", r#""TIMESTAMP_TZ","value":"1704164645678901000 1440""#),
        ],
        reason: "values are bound, a moment as one; there it is a text with an offset",
    },
    Intended {
        cases: &["input date: *"],
        fields: &[
            ("calls[1].body.sqlText", "SELECT ? AS v"),
            ("calls[1].body.bindings", r#""TIMESTAMP_TZ","value":"1704153600000000000 1440""#),
        ],
        reason: "values are bound; a date of Flyte is its midnight, there too",
    },
    Intended {
        cases: &["input span: *"],
        fields: &[
            ("calls[1].body.sqlText", "SELECT ? AS v"),
            ("calls[1].body.bindings", r#"{"type":"TEXT","value":"24:00:01.500000"}"#),
        ],
        reason: "values are bound, this one as the text that is written into the statement there",
    },
    Intended {
        cases: &["input numbers: *"],
        fields: &[
            ("calls[1].body.sqlText", "SELECT ?, ? AS v"),
            ("calls[1].body.bindings", r#""2":{"type":"FIXED","value":"2"}"#),
        ],
        reason: "values are bound; there they are written into the statement",
    },
    Intended {
        cases: &["input texts: *"],
        fields: &[
            ("calls[1].body.sqlText", "SELECT ?, ? AS v"),
            ("calls[1].body.bindings", r#""2":{"type":"TEXT","value":"b"}"#),
        ],
        reason: "values are bound; there they are written into the statement",
    },
    Intended {
        cases: &["input nothing: *"],
        fields: &[
            ("calls[1].body.sqlText", "SELECT ? AS v"),
            ("calls[1].body.bindings", r#"{"1":{"type":"ANY","value":null}}"#),
        ],
        reason: "values are bound; there they are written into the statement",
    },
    Intended {
        cases: &["input batch: *"],
        fields: &[
            ("calls[1].body.sqlText", "VALUES (?, upper(?)), (?, upper(?)) -- 100%"),
            ("calls[1].body.bindings", r#""4":{"type":"TEXT","value":"y"}"#),
        ],
        reason: "values are bound; there a row with a function in it loses a bracket, and Snowflake \
                 refuses the statement",
    },
    Intended {
        cases: &["input dictionary: *"],
        fields: &[("answer", "`%(value)s`: it is an object"), ("calls", "[]")],
        reason: "what cannot be sent needs no session",
    },
    Intended {
        cases: &["input uneven_batch: *"],
        fields: &[("answer", "All batch input lists must have the same length."), ("calls", "[]")],
        reason: "what cannot be sent needs no session",
    },
    Intended {
        cases: &["input batch_without_row: *"],
        fields: &[
            ("answer", "Batch inputs require a query template with a VALUES (...) clause."),
            ("calls", "[]"),
        ],
        reason: "what cannot be sent needs no session",
    },
    Intended {
        cases: &["input dictionary: *", "input uneven_batch: *", "input batch_without_row: *"],
        fields: ANSWERED,
        reason: "an error of create costs the task one attempt after the other, each of which meets it \
                 again; here the job reports it",
    },
    // Creates.
    Intended {
        cases: &["created twice, 2: create"],
        fields: &[("answer.meta", "<job of created twice, 1>"), ("calls", "[]")],
        reason: "one attempt is one query, whoever asks again; there it is a second one",
    },
    Intended {
        cases: &["nested: create"],
        fields: &[("answer", "STATEMENT_TIMEOUT_IN_SECONDS"), ("calls", "query-request")],
        reason: "there a session with parameters cannot be made",
    },
    Intended {
        cases: &["nested, *: get"],
        fields: &[
            ("answer", "Snowflake Dashboard"),
            ("calls", "/monitoring/queries/<job of nested>"),
        ],
        reason: "there a session with parameters cannot be made",
    },
    Intended {
        cases: &["nested, *: delete"],
        fields: &[("answer", "{}"), ("calls", "SYSTEM$CANCEL_QUERY")],
        reason: "there a session with parameters cannot be made",
    },
    Intended {
        cases: &["nested: *", "nested, *"],
        fields: ANSWERED,
        reason: "there a session with parameters cannot be made",
    },
    Intended {
        cases: &["password: create"],
        fields: &[("answer.meta", r#"\"protocol\":\"http\"}}""#)],
        reason: "a password is in no metadata",
    },
    Intended {
        cases: &[
            "bad SQL: create",
            "wrong password: create",
            "no account: create",
            "no warehouse: *",
        ],
        fields: &[("answer", "flyte_connector_failed_at_create")],
        reason: "an error of create costs the task one attempt after the other, each of which meets it \
                 again; here the job reports it",
    },
    Intended {
        cases: &["bad SQL: get"],
        fields: &[(
            "answer",
            "refuses the statement: 001003: SQL compilation error: syntax error line 1",
        )],
        reason: "the query that could not be made fails, with the vendor's words",
    },
    Intended {
        cases: &["wrong password: get"],
        fields: &[("answer", "in: 390100: Incorrect username or password was specified.")],
        reason: "the query that could not be made fails, with the vendor's words",
    },
    Intended {
        cases: &["bad SQL: *", "wrong password: *", "no account: *", "no warehouse: *"],
        fields: ANSWERED,
        reason: "as above",
    },
    // Statuses.
    Intended {
        cases: &["waits, QUEUED: get"],
        fields: &[("answer", r#""phase":"QUEUED""#)],
        reason: "six errors wedge a job, and to wait is no error",
    },
    Intended {
        cases: &["waits, NO_DATA: get"],
        fields: &[(
            "answer",
            r#""message":"Snowflake does not know the query yet (NO_DATA)","outputs":null,"phase":"QUEUED""#,
        )],
        reason: "six errors wedge a job, and to wait is no error",
    },
    Intended {
        cases: &["waits, BLOCKED: get", "waits, QUEUED_REPARING_WAREHOUSE: get"],
        fields: &[("answer", r#""phase":"WAITING_FOR_RESOURCES""#)],
        reason: "six errors wedge a job, and to wait is no error",
    },
    Intended {
        cases: &["waits, RESUMING_WAREHOUSE: get", "waits, RESTARTED: get"],
        fields: &[("answer", r#""phase":"INITIALIZING""#)],
        reason: "six errors wedge a job, and to wait is no error",
    },
    Intended {
        cases: &[
            "waits, QUEUED: get",
            "waits, NO_DATA: get",
            "waits, BLOCKED: get",
            "waits, QUEUED_REPARING_WAREHOUSE: get",
            "waits, RESUMING_WAREHOUSE: get",
            "waits, RESTARTED: get",
        ],
        fields: ANSWERED,
        reason: "six errors wedge a job, and to wait is no error",
    },
    Intended {
        cases: &["waits, A_NEW_ONE: get"],
        fields: &[("answer.phase", "RUNNING"), ("answer.message", "`A_NEW_ONE`")],
        reason: "a status that nobody knew is no failure",
    },
    // Sessions and cancels.
    Intended {
        cases: &["*: delete"],
        fields: &[("calls", "SYSTEM$CANCEL_QUERY")],
        reason: "the session is everybody's, and stays; there a cancel closes it",
    },
    Intended {
        cases: &["the other of two: get"],
        fields: &[
            ("answer.phase", "RUNNING"),
            ("answer.message", "RUNNING"),
            ("calls", "/monitoring/queries/<job of the other of two>"),
        ],
        reason: "there the cancel of one query makes every other one of that user a failed one",
    },
    Intended {
        cases: &["one of two, cancelled: get"],
        fields: &[
            ("answer.message", "000604: SQL execution canceled"),
            ("calls", "/monitoring/queries/<job of one of two>"),
        ],
        reason: "there nothing can be asked once a query was cancelled",
    },
    Intended {
        cases: &["one of two, again: delete", "the other of two: delete", "gone: delete"],
        fields: &[("answer", "{}"), ("code", "Ok"), ("details", "")],
        reason: "the executor repeats a failed delete for ever",
    },
    Intended {
        cases: &["a lost session: get"],
        fields: &[
            ("answer.phase", "RUNNING"),
            ("answer.message", "RUNNING"),
            ("calls", "/session/v1/login-request"),
        ],
        reason: "a lost session is no lost query: another one is made",
    },
];
