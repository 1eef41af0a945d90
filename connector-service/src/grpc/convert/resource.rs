//! Answers of connectors, as the messages of the service.

use connector_core::TaskLog;
use connector_core::host::ErasedResource;
use connector_core::logs::LogLine;
use connector_core::metrics::Metric;
use connector_core::pb as core_pb;

use crate::pb;

pub(in crate::grpc) fn resource(resource: ErasedResource) -> pb::Resource {
    let ErasedResource { phase, message, log_links, outputs, custom_info, .. } = resource;
    pb::Resource {
        // Absent and empty outputs differ: absent ones are read from storage by the executor.
        outputs: outputs.into_inline().map(|outputs| core_pb::task::Outputs {
            literals: outputs.into_entries(),
            ..Default::default()
        }),
        message,
        log_links: log_links.into_iter().map(task_log).collect(),
        phase: phase as i32,
        // As Python does, an empty object is left out.
        custom_info: (!custom_info.fields.is_empty()).then_some(custom_info),
    }
}

fn task_log(link: TaskLog) -> core_pb::TaskLog {
    core_pb::TaskLog {
        uri: link.uri,
        name: link.name,
        message_format: link.format as i32,
        ttl: None,
        show_while_pending: link.show_while_pending,
        hide_once_finished: link.hide_once_finished,
        link_type: link.kind as i32,
        ready: link.ready,
        icon_uri: link.icon_uri,
    }
}

pub(in crate::grpc) fn log_line(line: LogLine) -> core_pb::logs::dataplane::LogLine {
    core_pb::logs::dataplane::LogLine {
        timestamp: line.timestamp.map(prost_types::Timestamp::from),
        message: line.message,
        originator: line.originator as i32,
        ..Default::default()
    }
}

pub(in crate::grpc) fn metric(metric: Metric) -> core_pb::ExecutionMetricResult {
    core_pb::ExecutionMetricResult { metric: metric.name, data: Some(metric.data) }
}
