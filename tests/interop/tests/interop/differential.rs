//! The same requests to the binary of this project and to the official Python server.
//! Both run connectors of the same behaviour; whatever is not in the table below must be equal.
//! An entry that no longer differs fails as well, so that the table stays true.

use std::path::Path;

use interop_tests::differential::{Intended, complaints, differences};
use interop_tests::peer::Server;
use interop_tests::script::Transcript;
use interop_tests::venv::Venv;

/// What a server of ours answers by itself, whoever serves the connectors behind it.
pub(crate) const OF_THE_SERVER: &[Intended] = &[
    Intended {
        cases: &[
            "logs of an unknown type",
            "logs of an unknown version",
            "logs without a category",
            "metrics of an unknown type",
            "metrics of an unknown version",
            "connector 'No Such Connector'",
            "connector ''",
        ],
        fields: &[("code", "NOT_FOUND"), ("details", "Cannot find connector for ")],
        reason: "in Python an unhandled exception: UNKNOWN, with the name of a class",
    },
    Intended {
        cases: &["health 'Echo Connector'"],
        fields: &[("code", "OK"), ("messages", "SERVING")],
        reason: "each connector has a health of its own here",
    },
    Intended {
        cases: &["health 'no.such.Service'"],
        fields: &[("details", "ask for ")],
        reason: "an empty text helps nobody; the code is the same",
    },
    Intended {
        cases: &["unknown method", "unknown service"],
        fields: &[("details", "\"\"")],
        reason: "the text is the gRPC library's own; the code is the same",
    },
    Intended {
        cases: &["undecodable request"],
        fields: &[("code", "INTERNAL"), ("details", "failed to decode")],
        reason: "the answer is the gRPC library's own",
    },
    Intended {
        cases: &["too large in gzip", "too large in deflate"],
        fields: &[("details", "unpacks to more than")],
        reason: "the text is the gRPC library's own there, and says what to do here; the code is the same",
    },
];

const INTENDED: &[Intended] = &[
    // A task that can never work.
    Intended {
        cases: &["create with a negative duration"],
        fields: &[
            ("code", "OK"),
            ("details", ""),
            ("messages", ""),
            ("meta", "invalid_task"),
            ("meta", "`custom.duration_seconds` must be 0 or more, not -1"),
        ],
        reason: "an error of create costs the task one attempt after the other; here the job reports \
                 FAILED with the same text on its first poll",
    },
    // Metadata that cannot be read.
    Intended {
        cases: &[
            "get with meta: empty",
            "get with meta: not json",
            "get with meta: not utf-8",
            "get with meta: pickle",
            "get with meta: array",
            "get with meta: missing key",
        ],
        fields: &[
            ("code", "OK"),
            ("details", ""),
            ("messages", r#""message":"resource_meta cannot be decoded: "#),
            ("messages", r#""phase":"FAILED""#),
        ],
        reason: "no later poll can do better, and after six errors the executor polls no more and \
                 leaves the task in its last phase; so the job is reported as failed, with the cause",
    },
    Intended {
        cases: &[
            "delete with meta: empty",
            "delete with meta: not json",
            "delete with meta: not utf-8",
            "delete with meta: pickle",
            "delete with meta: array",
            "delete with meta: missing key",
        ],
        fields: &[("code", "OK"), ("details", ""), ("messages", "[{}]")],
        reason: "the executor repeats a failed delete for ever, and there is nothing to delete",
    },
    Intended {
        cases: &["get with meta: unknown key", "delete with meta: unknown key"],
        fields: &[("code", "OK"), ("details", ""), ("messages", "")],
        reason: "a newer release may have written more than this one reads",
    },
    Intended {
        cases: &["get with meta: number for text"],
        fields: &[
            ("messages[0].resource.phase", "FAILED"),
            ("messages[0].resource.message", "invalid type"),
            ("messages[0].resource.outputs", "null"),
            ("messages[0].resource.log_links", "null"),
            ("messages[0].resource.custom_info", "null"),
        ],
        reason: "fields have types here; Python takes any JSON for any field",
    },
    // What has no connector, or no such method.
    Intended {
        cases: &["logs of echo", "metrics of echo"],
        fields: &[("code", "UNIMPLEMENTED"), ("details", "")],
        reason: "in Python an unhandled exception: UNKNOWN, with the name of a class",
    },
    Intended {
        cases: &["logs with meta: not json", "metrics with meta: not json"],
        fields: &[("code", "INVALID_ARGUMENT"), ("details", "resource_meta cannot be decoded: ")],
        reason: "in Python an unhandled exception: UNKNOWN, with the name of a class",
    },
    Intended {
        cases: &["logs page 'no-such-page'"],
        fields: &[("code", "INVALID_ARGUMENT"), ("details", "there is no log page")],
        reason: "in Python an unhandled exception: UNKNOWN, with the name of a class",
    },
    // What the Python SDK does not hand over to a connector.
    Intended {
        cases: &["metrics of a span"],
        fields: &[("messages[0].results", r#""metric":"cpu_usage""#)],
        reason: "the Python SDK drops the names that are asked for, and returns every metric",
    },
    Intended {
        cases: &["metrics of an unknown name"],
        fields: &[
            ("code", "INVALID_ARGUMENT"),
            ("details", "there is no metric"),
            ("messages", "[]"),
        ],
        reason: "the Python SDK drops the names that are asked for, and returns every metric",
    },
    // Echo.
    Intended {
        cases: &["echo *: create"],
        fields: &[("meta", "")],
        reason: "what echo keeps is not agreed upon: literals here, values of its language in Python",
    },
    Intended {
        cases: &["echo of no inputs: get"],
        fields: &[("messages[0].resource.outputs", "{}")],
        reason: "outputs that are absent tell the executor to look for a file, which nobody has written",
    },
    // The Prometheus page.
    Intended {
        cases: &["metrics page"],
        fields: &[
            ("kinds.*_created", "null"),
            ("labels.*_created", "null"),
            ("samples.*_created{*}", "null"),
        ],
        reason: "the Python library adds to each series a gauge that says since when it exists",
    },
    Intended {
        cases: &["metrics page"],
        fields: &[
            ("kinds.flyte_connector_requests_in_flight", "gauge"),
            ("labels.flyte_connector_requests_in_flight", "task_type"),
            ("samples.flyte_connector_requests_in_flight{*}", "0.0"),
        ],
        reason: "Python does not tell how many calls are running",
    },
    Intended {
        cases: &["metrics page"],
        fields: &[
            ("kinds.flyte_connector_outside_calls", "counter"),
            ("labels.flyte_connector_outside_calls_total", "operation"),
            ("samples.flyte_connector_outside_calls_total{*}", ""),
            ("kinds.flyte_connector_unknown_states", "counter"),
            ("labels.flyte_connector_unknown_states_total", "task_type"),
            ("samples.flyte_connector_unknown_states_total{*}", "0.0"),
            ("kinds.flyte_connector_remembered", "gauge"),
            ("labels.flyte_connector_remembered", "what"),
            ("samples.flyte_connector_remembered{*}", ""),
            ("kinds.flyte_connector_given_up_records", "counter"),
            ("labels.flyte_connector_given_up_records_total", "what"),
            ("samples.flyte_connector_given_up_records_total{*}", ""),
        ],
        reason: "in Python nothing stands between a call and the outside system, nothing is remembered \
                 between calls, and a state that is not known is an error",
    },
    Intended {
        cases: &["metrics page"],
        fields: &[
            ("kinds.flyte_connector_handling_seconds", "histogram"),
            ("labels.flyte_connector_handling_seconds_*", ""),
            ("samples.flyte_connector_handling_seconds_*", ""),
            ("kinds.flyte_connector_outside_seconds", "histogram"),
            ("labels.flyte_connector_outside_seconds_*", ""),
            ("samples.flyte_connector_outside_seconds_*", ""),
            ("kinds.flyte_connector_outside_errors", "counter"),
            ("labels.flyte_connector_outside_errors_total", "kind"),
            ("samples.flyte_connector_outside_errors_total{*}", ""),
            ("kinds.flyte_connector_outside_success_timestamp_seconds", "gauge"),
            ("labels.flyte_connector_outside_success_timestamp_seconds", "task_type"),
            ("samples.flyte_connector_outside_success_timestamp_seconds{*}", ""),
            ("kinds.flyte_connector_deadline_exceeded", "counter"),
            ("labels.flyte_connector_deadline_exceeded_total", "task_type"),
            ("samples.flyte_connector_deadline_exceeded_total{*}", "0.0"),
        ],
        reason: "Python tells neither how times are spread, nor how its outside systems behave, nor of calls \
                 that came too late",
    },
    Intended {
        cases: &["metrics page"],
        fields: &[
            ("kinds.flyte_connector_masked_errors", "counter"),
            ("labels.flyte_connector_masked_errors_total", "kind"),
            ("samples.flyte_connector_masked_errors_total{*}", "0.0"),
            ("kinds.flyte_connector_abandoned_creates", "counter"),
            ("labels.flyte_connector_abandoned_creates_total", "outcome"),
            ("samples.flyte_connector_abandoned_creates_total{*}", "0.0"),
            ("kinds.flyte_connector_takeovers", "counter"),
            ("labels.flyte_connector_takeovers_total", "outcome"),
            ("samples.flyte_connector_takeovers_total{*}", "0.0"),
        ],
        reason: "in Python every error of a poll is the executor's to see, and a job whose creator left runs on",
    },
    Intended {
        cases: &["metrics page"],
        fields: &[
            ("kinds.flyte_connector_build_info", "gauge"),
            ("labels.flyte_connector_build_info", "version"),
            ("samples.flyte_connector_build_info{}", "1.0"),
            ("kinds.flyte_connector_log_lines_dropped", "counter"),
            ("labels.flyte_connector_log_lines_dropped_total", "[]"),
            ("samples.flyte_connector_log_lines_dropped_total{}", "0.0"),
        ],
        reason: "the build of Python's service is that of its package, and its log waits for its reader",
    },
    Intended {
        cases: &["metrics page"],
        fields: &[
            ("kinds.flyte_connector_connections", "gauge"),
            ("labels.flyte_connector_connections", "[]"),
            ("samples.flyte_connector_connections{}", "1.0"),
            ("kinds.flyte_connector_connections_refused", "counter"),
            ("labels.flyte_connector_connections_refused_total", "reason"),
            ("samples.flyte_connector_connections_refused_total{*}", "0.0"),
            ("kinds.flyte_connector_callers_refused", "counter"),
            ("labels.flyte_connector_callers_refused_total", "reason"),
            ("samples.flyte_connector_callers_refused_total{*}", "0.0"),
        ],
        reason: "Python's service neither bounds its connections nor asks who calls",
    },
    Intended {
        cases: &["metrics page"],
        fields: &[
            ("kinds.flyte_connector_reloads", "counter"),
            ("labels.flyte_connector_reloads_total", "outcome"),
            ("samples.flyte_connector_reloads_total{*}", "0.0"),
            ("kinds.flyte_connector_reload_failed", "gauge"),
            ("labels.flyte_connector_reload_failed", "[]"),
            ("samples.flyte_connector_reload_failed{}", "0.0"),
            ("kinds.flyte_connector_reload_restart_keys", "gauge"),
            ("labels.flyte_connector_reload_restart_keys", "[]"),
            ("samples.flyte_connector_reload_restart_keys{}", "0.0"),
            ("kinds.flyte_connector_reload_success_timestamp_seconds", "gauge"),
            ("labels.flyte_connector_reload_success_timestamp_seconds", "[]"),
            ("samples.flyte_connector_reload_success_timestamp_seconds{}", ""),
        ],
        reason: "Python's service has no file of settings, and so none to read again",
    },
    Intended {
        cases: &["metrics page"],
        fields: &[
            ("kinds.flyte_connector_errors_as_jobs", "counter"),
            ("labels.flyte_connector_errors_as_jobs_total", "kind"),
            (
                "samples.flyte_connector_errors_as_jobs_total{task_type=batch_job,operation=get}",
                "0.0",
            ),
            ("samples.flyte_connector_errors_as_jobs_total{task_type=echo,*}", "0.0"),
            (
                "samples.flyte_connector_errors_as_jobs_total{task_type=batch_job,operation=create}",
                "1.0",
            ),
            (
                "samples.flyte_connector_requests_success_total{task_type=batch_job,operation=create}",
                "5.0",
            ),
            (
                "samples.flyte_connector_requests_failure_total{task_type=batch_job,operation=create,*}",
                "null",
            ),
        ],
        reason: "the create with a negative duration was answered with a job that fails, which Python \
                 answers with an error",
    },
    Intended {
        cases: &["metrics page"],
        fields: &[("samples.*operation=get_logs*", ""), ("samples.*operation=get_metrics*", "")],
        reason: "Python counts neither of these calls",
    },
    Intended {
        cases: &["metrics page"],
        fields: &[("samples.*operation=do*", "")],
        reason: "Python of Flyte 2 has no calls that run a task; Flyte 1 makes them, and its Python counts them so",
    },
    Intended {
        cases: &["metrics page"],
        fields: &[("labels.flyte_connector_requests_failure_total", r#""grpc_code""#)],
        reason: "a label more, which tells what the three-digit code cannot; sums stay what they were",
    },
    Intended {
        cases: &["metrics page"],
        fields: &[
            ("samples.*{task_type=unknown*}", ""),
            ("samples.*{task_type=no_such_type*}", "null"),
            ("samples.*{task_type=}", "null"),
            ("samples.*{task_type=,*}", "null"),
        ],
        reason: "names that nobody serves share one label, or a caller could make series without end",
    },
    Intended {
        cases: &["metrics page"],
        fields: &[
            ("samples.*{task_type=sync_echo*", ""),
            ("samples.*{task_type=typed_echo*", ""),
            ("samples.*{task_type=simulator*", ""),
            ("samples.*{task_type=bigquery_query_job_task*", ""),
            ("samples.*{task_type=databricks*", ""),
            ("samples.*{task_type=spark*", ""),
            ("samples.*{task_type=slurm*", ""),
            ("samples.*{task_type=snowflake*", ""),
            ("samples.*{task_type=postgres_sql*", ""),
            ("samples.*{task_type=webhook*", ""),
            ("samples.*{task_type=airflow_dag*", ""),
            ("samples.*{task_type=flink_job*", ""),
            ("samples.*{task_type=chatgpt*", ""),
            ("samples.*{task_type=openai-batch*", ""),
            ("samples.*{task_type=ray_job*", ""),
        ],
        reason: "the binary links connectors that the reference server has not",
    },
];

#[test]
fn both_servers_answer_alike() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let Some(venv) = Venv::official_sdk(target, "the differential test") else {
        return;
    };
    let drive = |server: interop_tests::Result<Server>| {
        let server = server.unwrap_or_else(|error| panic!("{error}"));
        Transcript::of_differential(&venv, &server).unwrap_or_else(|error| panic!("{error}"))
    };
    let theirs = drive(Server::python(&venv));
    // Under the same name and with the same flags: a drop-in needs neither changed.
    let ours = drive(Server::rust_as_c0(target));

    let found = differences(&ours, &theirs).unwrap_or_else(|error| panic!("{error}"));
    let complaints = complaints(&found, &[OF_THE_SERVER, INTENDED].concat());
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}
