//! Spans of calls, sent to a collector by OTLP over gRPC, as OpenTelemetry's standard variables say.
//! `telemetry` asks for it once; without `OTEL_EXPORTER_OTLP_ENDPOINT` nothing of it exists.
//!
//! No call waits for it: finished spans go into a queue, which a thread of its own empties in batches, and what
//! finds the queue full is dropped. What sends them has a runtime of its own, too.

use std::env;
use std::sync::OnceLock;
use std::time::Duration;

use connector_gate::OpenedCall;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::{Builder, Runtime};
use tracing::{Metadata, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

/// Either says where spans go.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
/// How long the end of the process waits for the last spans to be taken.
const LAST_SPANS: Duration = Duration::from_secs(1);
/// Where the spans of calls are opened; those of libraries are nobody's business.
const OF_CALLS: &str = "connector_gate";

/// What sends spans, if anything does.
static EXPORT: OnceLock<Export> = OnceLock::new();

struct Export {
    provider: SdkTracerProvider,
    /// It carries the connection to the collector, for as long as the process lives.
    _runtime: Runtime,
}

/// What makes exported spans of those of calls; `None` where nobody says where they go.
///
/// # Errors
/// What the variables say cannot be done.
pub(crate) fn layer<S>() -> Result<Option<impl Layer<S>>, String>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let is_disabled = env::var("OTEL_SDK_DISABLED").is_ok_and(|it| it.eq_ignore_ascii_case("true"))
        || env::var("OTEL_TRACES_EXPORTER").is_ok_and(|it| it == "none");
    let is_told = |name: &&str| env::var(name).is_ok_and(|endpoint| !endpoint.is_empty());
    if is_disabled || !ENDPOINTS.iter().any(is_told) {
        return Ok(None);
    }
    let export = Export::start()?;
    let tracer = export.provider.tracer("connector-service");
    // The log is started once, and this with it.
    EXPORT.set(export).ok();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(|about: &Metadata<'_>| {
            about.is_span() && about.target().starts_with(OF_CALLS)
        }));
    Ok(Some(layer))
}

impl Export {
    fn start() -> Result<Self, String> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("otlp")
            .enable_all()
            .build()
            .map_err(|error| format!("its runtime cannot be started: {error}"))?;
        let exporter = {
            let _entered = runtime.enter();
            SpanExporter::builder().with_tonic().build().map_err(|error| error.to_string())?
        };
        let mut about = Resource::builder();
        if env::var("OTEL_SERVICE_NAME").map_or(true, |name| name.is_empty()) {
            about = about.with_service_name("connector-server");
        }
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(about.with_attribute(version).build())
            .build();
        Ok(Self { provider, _runtime: runtime })
    }
}

/// Has the span go on with the caller's trace, under a name that people find.
pub(crate) fn go_on(span: &Span, call: OpenedCall<'_>) {
    if EXPORT.get().is_none() {
        // The log alone looks.
        return;
    }
    let OpenedCall { operation, key, parent } = call;
    let name = format!("{} {}", operation.as_str(), key.task_type.as_str());
    span.record("otel.name", name);
    span.record("otel.kind", "server");
    let Some(parent) = parent else { return };
    let flags = if parent.is_sampled() { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let parent = SpanContext::new(
        TraceId::from(parent.trace()),
        SpanId::from(parent.span()),
        flags,
        true,
        TraceState::default(),
    );
    // An error would be a span that nobody exports.
    span.set_parent(Context::new().with_remote_span_context(parent)).ok();
}

/// Sends what is left, and waits a moment for it.
pub(crate) fn end() {
    if let Some(export) = EXPORT.get()
        && let Err(error) = export.provider.shutdown_with_timeout(LAST_SPANS)
    {
        tracing::warn!("the last spans were not exported: {error}");
    }
}
