//! Resource metadata from hostile bytes: whoever can reach the port can send any.
//! No bytes may panic or overflow the stack; what is read must survive being written.

use std::fmt::Debug;
use std::sync::LazyLock;

use bytes::Bytes;
use connector_core::host::{CallError, JobRequest, QueryRequest};
use connector_core::logs::LogQuery;
use connector_core::metrics::MetricsQuery;
use connector_core::{CallContext, JobId, RawMeta, Registry, ResourceMeta};
use connector_examples::batch_job::BatchJob;
use connector_examples::echo::EchoedInputs;
use fuzz_tests::campaign::Campaign;
use fuzz_tests::corpus::Corpus;
use fuzz_tests::metadata::{Nested, Scalars, Tagged, Wrapped};
use fuzz_tests::{json, mutation};
use proptest::prelude::*;
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().build().expect("a runtime"));

static REGISTRY: LazyLock<Registry> =
    LazyLock::new(|| RUNTIME.block_on(Registry::linked().build()).expect("the examples agree"));

/// Reads, writes and reads again; says whether the first reading worked.
fn survives<M: ResourceMeta + Debug>(bytes: &[u8]) -> Result<bool, String> {
    let kind = std::any::type_name::<M>();
    let first = match M::decode(Bytes::copy_from_slice(bytes)) {
        Ok(meta) => meta,
        Err(error) if error.to_string().is_empty() => return Err(format!("{kind}: says nothing")),
        Err(_) => return Ok(false),
    };
    // As text: a NaN equals nothing.
    let shown = format!("{first:?}");
    let written = first.encode().map_err(|error| format!("{kind}: {shown}: {error}"))?;
    let second = M::decode(written.clone())
        .map_err(|error| format!("{kind}: {shown} is written as {written:?}: {error}"))?;
    let again = format!("{second:?}");
    if shown != again {
        return Err(format!("{kind}: {shown} is written as {written:?} and read as {again}"));
    }
    let rewritten = second.encode().map_err(|error| format!("{kind}: {again}: {error}"))?;
    if rewritten == written { Ok(true) } else { Err(format!("{kind}: {rewritten:?}")) }
}

fn check(bytes: &[u8]) -> Result<bool, String> {
    let json = survives::<BatchJob>(bytes)?
        | survives::<JobId>(bytes)?
        | survives::<Scalars>(bytes)?
        | survives::<Nested>(bytes)?
        | survives::<Tagged>(bytes)?
        | survives::<Wrapped>(bytes)?;
    survives::<EchoedInputs>(bytes)?;
    assert!(survives::<RawMeta>(bytes)?, "raw metadata takes any bytes");
    for entry in REGISTRY.entries() {
        RUNTIME.block_on(async {
            let call = CallContext::new(entry.key.clone());
            let resource_meta = Bytes::copy_from_slice(bytes);
            let asked = JobRequest {
                resource_meta: resource_meta.clone(),
                output_prefix: String::new(),
                connection: None,
            };
            let polled = entry.connector.get(asked.clone(), call.clone()).await;
            let deleted = entry.connector.delete(asked, call.clone()).await;
            // Both read the same bytes, so both can or neither can.
            let unreadable = |error: Option<&CallError>| matches!(error, Some(CallError::Meta(_)));
            assert_eq!(unreadable(polled.as_ref().err()), unreadable(deleted.as_ref().err()));
            let query = MetricsQuery::default();
            let query = QueryRequest { resource_meta: resource_meta.clone(), query };
            drop(entry.connector.get_metrics(query, call.clone()).await);
            let query = LogQuery::default();
            drop(entry.connector.get_logs(QueryRequest { resource_meta, query }, call).await);
        });
    }
    Ok(json)
}

#[test]
fn what_is_read_survives() {
    let corpus = Corpus::of("resource_meta");
    let strategy = prop_oneof![
        5 => mutation::broken(&corpus),
        1 => mutation::noise(),
        3 => json::objects(),
    ];
    Campaign::new("resource_meta", env!("CARGO_TARGET_TMPDIR")).run(&corpus, &strategy, check);
}

/// Depth is refused by every reader, also by the one that knows Python's bare words.
#[test]
fn depth_ends_in_errors() {
    for word in ["1", "NaN", "-Infinity"] {
        for (open, close) in [("[", "]"), ("{\"a\": ", "}"), ("[{\"a\": ", "}]")] {
            for text in [
                // A field that the type does not know is skipped, which must not recurse either.
                format!("{{\"x\": {}{word}{}}}", open.repeat(100_000), close.repeat(100_000)),
                format!("{{\"x\": {word}, \"y\": {}", open.repeat(100_000)),
                format!("{{\"value\": {}{word}", open.repeat(100_000)),
            ] {
                let bytes = Bytes::from(text);
                assert!(BatchJob::decode(bytes.clone()).is_err());
                assert!(Nested::decode(bytes.clone()).is_err());
                assert!(EchoedInputs::decode(bytes).is_err());
            }
        }
    }
}
