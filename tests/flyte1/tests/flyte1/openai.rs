//! Tasks of `flytekitplugins-openai` on this server and on `pyflyte serve connector`: what OpenAI, a fake, is
//! asked, and what comes back, must be equal but for the table.

use connector_core::Registry;
use connector_openai::{Batch, ChatGpt};
use flyte1_tests::serve;
use interop_tests::differential::{Intended, complaints, differences};
use interop_tests::peer::{Server, free_port};

const INTENDED: &[Intended] = &[
    Intended {
        cases: &[
            "the first",
            "a batch",
            "an organization",
            "an order of its own",
            "refused with 400",
            "to be cancelled",
            "a create",
            "for the other server",
        ],
        fields: &[("asked[0].body.metadata*", "")],
        reason: "OpenAI takes no key of an order; by what is in its metadata a batch is found again",
    },
    Intended {
        cases: &["completed", "an outage at a poll", "a broken connection at a poll"],
        fields: &[("outputs.result.metadata", "flyte_attempt"), ("message", "completed: 3 of 10")],
        reason: "it comes back with the batch; and our own words, where Python has none",
    },
    Intended {
        cases: &["validating", "in_progress", "finalizing"],
        fields: &[("message", "\""), ("outputs.result", "null")],
        reason: "Python says nothing, and gives outputs of what has not ended",
    },
    Intended {
        cases: &["cancelling"],
        fields: &[("phase", "2"), ("message", "cancelling: 3 of 10"), ("outputs.result", "null")],
        reason: "it has not ended, and for ten minutes more requests are answered and paid",
    },
    Intended {
        cases: &["failed", "expired", "cancelled"],
        fields: &[
            ("message", ": 3 of 10 requests answered, 1 failed\\n"),
            ("outputs.result", "null"),
        ],
        reason: "our own words, with the line of an error and the file of what was answered",
    },
    Intended {
        cases: &["a state that nobody knows"],
        fields: &[
            ("code", "OK"),
            ("details", ""),
            ("phase", "2"),
            ("message", "`paused`, which this connector does not know"),
            ("outputs", "{}"),
        ],
        reason: "in Python an error of the poll; the sixth ends the job",
    },
    Intended {
        cases: &["an order of its own", "a question"],
        fields: &[("asked[0].body.*", "")],
        reason: "Python sends every number of a task's settings as a float: 1 becomes 1.0",
    },
    Intended {
        cases: &["refused with *"],
        fields: &[("code", "OK"), ("details", ""), ("meta", "")],
        reason: "what will never work is a job that is FAILED; an error of create would be tried again",
    },
    Intended {
        cases: &["refused with 401"],
        fields: &[("asked", "[]")],
        reason: "a key that may not look for the batch is not shown again",
    },
    Intended {
        cases: &["the job of what was refused with *"],
        fields: &[
            ("code", "OK"),
            ("phase", "5"),
            ("message", "the fake was told to refuse"),
            ("outputs", "{}"),
        ],
        reason: "that job; Python has none",
    },
    Intended {
        cases: &["client's arguments"],
        fields: &[("asked", "[]"), ("meta", "")],
        reason: "arguments of OpenAI's client in Python, which is not there: the task is FAILED and says so",
    },
    Intended {
        cases: &["a lost answer", "the same create again"],
        fields: &[("asked", "["), ("meta", "")],
        reason: "Python makes two batches",
    },
    Intended {
        cases: &["cancel what is completed", "cancel what is cancelled"],
        fields: &[("asked", "GET "), ("code", "OK"), ("details", ""), ("batches", "ed\"]")],
        reason: "what has ended needs no cancelling; Python's error is repeated for ever",
    },
    Intended {
        cases: &["cancel what is gone"],
        fields: &[("code", "OK"), ("details", ""), ("batches", "[]")],
        reason: "what is gone needs no cancelling",
    },
    Intended {
        cases: &["gone"],
        fields: &[
            ("code", "OK"),
            ("details", ""),
            ("phase", "5"),
            ("message", "No batch found"),
            ("outputs", "{}"),
        ],
        reason: "in Python an error of the poll; the sixth ends the job",
    },
    Intended {
        cases: &["the other server polls"],
        fields: &[("message", ""), ("outputs.result", "")],
        reason: "here each polls what the other one created: what it says is what that one says",
    },
    Intended {
        cases: &["a question", "a question of an organization", "an outage"],
        fields: &[("message", "gpt-x answered (stop)")],
        reason: "our own words",
    },
    Intended {
        cases: &["a refusal"],
        fields: &[
            ("phase", "5"),
            ("message", "the model gave no answer: I may not."),
            ("outputs.o0", "null"),
        ],
        reason: "Python succeeds with a literal that has no value",
    },
    Intended {
        cases: &["no choices", "a bad key", "an unknown model", "a stream"],
        fields: &[
            ("code", "OK"),
            ("details", ""),
            ("phase", "5"),
            ("message", ""),
            ("outputs", "{}"),
        ],
        reason: "after an error propeller calls again, whatever it is; a task that can never work fails",
    },
    Intended {
        cases: &["a stream"],
        fields: &[("asked", "[]")],
        reason: "it cannot be a task's answer, so it is not asked for",
    },
    Intended {
        cases: &["no answer"],
        fields: &[("details", "OpenAI answered 503 Service Unavailable (code_503)")],
        reason: "our own words; the code is the same",
    },
];

const KEY: &str = "sk-the-key-of-the-fake-openai";

#[tokio::test(flavor = "multi_thread")]
async fn tasks_of_the_openai_plug_in_run_alike() {
    let what = "the differential of OpenAI with flytekit's server";
    let Some(venv) = flyte1_tests::flytekit(crate::target(), what) else { return };
    let port = free_port().unwrap();
    let base = format!("http://127.0.0.1:{port}/v1");
    let of_operator = ["CHATGPT", "OPENAI_BATCH"].into_iter().flat_map(|name| {
        [("SECRET__FLYTE_OPENAI_API_KEY", KEY), ("SECRET_HOSTS", "api.openai.com")]
            .map(|(variable, value)| (format!("CONNECTOR__{name}__{variable}"), value.to_owned()))
    });
    let registry = Registry::builder()
        .register(Batch::at(Some(&base)).unwrap())
        .register_sync(ChatGpt::at(Some(&base)).unwrap())
        .variables(of_operator);
    let ours = serve(registry.build().await.unwrap()).await;
    let seen = tokio::task::spawn_blocking(move || {
        let of_theirs = [("OPENAI_BASE_URL", base.as_str()), ("_FSEC_FLYTE_OPENAI_API_KEY", KEY)];
        let server = Server::pyflyte_with(&venv, "flytekitplugins.openai", &of_theirs).unwrap();
        let (ours, theirs, port) = (ours.to_string(), server.address(), port.to_string());
        let of = |one: &str, other: &str| {
            flyte1_tests::transcript(&venv, "openai_calls.py", &[one, other, &port])
        };
        (of(&ours, theirs), of(theirs, &ours))
    });
    let (ours, theirs) = seen.await.unwrap();
    assert!(ours.steps().len() > 40);
    let found = differences(&ours, &theirs).unwrap_or_else(|error| panic!("{error}"));
    let found = complaints(&found, INTENDED);
    assert!(found.is_empty(), "{}", found.join("\n"));
}
