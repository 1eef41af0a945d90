//! A resource as JSON that can be compared field by field. Nothing is left out.

use connector_core::custom_info::struct_to_json;
use connector_core::pb as core_pb;
use connector_service::pb::Resource;
use serde_json::{Map, Value, json};

/// The resource of a `GetTask` answer.
pub(crate) fn resource(resource: &Resource) -> Value {
    let outputs = resource.outputs.as_ref().map(|outputs| {
        let literal = |named: &core_pb::task::NamedLiteral| {
            let value = named.value.as_ref().map(|value| format!("{value:?}"));
            (named.name.clone(), Value::from(value))
        };
        outputs.literals.iter().map(literal).collect::<Map<_, _>>()
    });
    json!({
        "phase": resource.phase().as_str_name(),
        "message": resource.message,
        "log_links": resource.log_links.iter().map(link).collect::<Vec<_>>(),
        "outputs": outputs,
        "custom_info": resource.custom_info.as_ref().map(struct_to_json),
    })
}

fn link(link: &core_pb::TaskLog) -> Value {
    json!({
        "name": link.name, "uri": link.uri, "ready": link.ready,
        "link_type": link.link_type().as_str_name(),
        "message_format": link.message_format().as_str_name(), "icon_uri": link.icon_uri,
        "show_while_pending": link.show_while_pending, "hide_once_finished": link.hide_once_finished,
        "ttl": link.ttl.as_ref().map(|ttl| format!("{ttl:?}")),
    })
}
