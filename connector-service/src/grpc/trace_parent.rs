//! Which trace a call belongs to, as the header `traceparent` says.
//! The services read it into the route of every call; the gate makes the span.

use connector_gate::TraceParent;
use http::{HeaderMap, HeaderName};

/// Made once: a name given as text is checked at every look-up.
static TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");

/// The caller's trace. A malformed header counts as none.
pub(super) fn trace_parent(headers: &HeaderMap) -> Option<TraceParent> {
    TraceParent::read(headers.get(&TRACE_PARENT)?.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use connector_core::{Registry, pb as core_pb};
    use connector_examples::echo::Echo;
    use serde_json::Value as Json;
    use tonic::Request;
    use tracing_subscriber::filter::LevelFilter;
    use tracing_subscriber::fmt::format::FmtSpan;

    use crate::in_process::InProcess;
    use crate::pb;
    use crate::pb::async_connector_service_client::AsyncConnectorServiceClient;
    use crate::server::Server;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn create() -> pb::CreateTaskRequest {
        let run = core_pb::WorkflowExecutionIdentifier {
            project: "p".to_owned(),
            domain: "d".to_owned(),
            name: "r-1".to_owned(),
            ..Default::default()
        };
        let node =
            core_pb::NodeExecutionIdentifier { node_id: "a0".to_owned(), execution_id: Some(run) };
        let id = core_pb::TaskExecutionIdentifier {
            node_execution_id: Some(node),
            retry_attempt: 2,
            ..Default::default()
        };
        let template = core_pb::TaskTemplate { r#type: "echo".to_owned(), ..Default::default() };
        pb::CreateTaskRequest {
            template: Some(Box::new(template)),
            task_execution_metadata: Some(Box::new(pb::TaskExecutionMetadata {
                task_execution_id: Some(id),
                ..Default::default()
            })),
            ..Default::default()
        }
    }

    #[tokio::test]
    async fn a_call_is_a_span_of_its_callers_trace() {
        let lines = Lines::default();
        let sink = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_max_level(LevelFilter::DEBUG)
            .with_span_events(FmtSpan::CLOSE)
            .with_writer(move || sink.clone())
            .finish();
        // While there is but one subscriber, what another test's thread comes to first is noted as seen by nobody.
        let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
        // The server runs on this thread, so it is seen by this subscriber alone.
        let _seen = tracing::subscriber::set_default(subscriber);
        let registry = Registry::builder().register(Echo).build().await.unwrap();
        let server = Server::builder().registry(registry).without_isolation().build();
        let server = InProcess::serve(server);
        let mut tasks = AsyncConnectorServiceClient::new(server.channel());
        let mut request = Request::new(create());
        request.set_timeout(std::time::Duration::from_secs(10));
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        request.metadata_mut().insert("traceparent", parent.parse().unwrap());
        tasks.create_task(request).await.unwrap();
        server.stop().await.unwrap();

        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let closed = text.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
        let mut closed = closed.filter(|line| line["fields"]["message"] == "close");
        let span =
            closed.find(|line| line["span"]["name"] == "call").expect("a span")["span"].clone();
        for (field, value) in [
            ("operation", "create"),
            ("task_type", "echo"),
            ("execution", "p/d/r-1"),
            ("node", "a0"),
            ("trace_id", "0af7651916cd43dd8448eb211c80319c"),
            ("parent_span_id", "b7ad6b7169203331"),
        ] {
            assert_eq!(span[field], value, "{field} of {span}");
        }
        assert_eq!((&span["attempt"], &span["version"]), (&2.into(), &0.into()), "{span}");
        let remaining = span["remaining_ms"].to_string();
        let remaining: u32 = remaining.trim_matches('"').parse().expect("milliseconds");
        assert!((1_000..10_000).contains(&remaining), "{span}");
    }
}
