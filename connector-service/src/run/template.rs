//! Task templates in files: the serialised message or its protobuf JSON, alone or inside of a `TaskSpec`, which
//! is what the SDK's `serialize` gives.
//! `task` builds on what is read here. Templates made of flags alone are made there.

use connector_core::pb;
use connector_core::pb::task::NamedLiteral;
use prost::Message;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage};
use serde_json::{Map, Value as Json};

use crate::pb::FILE_DESCRIPTOR_SET;

/// A template, and what inputs are where nobody gives them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Given {
    pub(super) template: pb::TaskTemplate,
    pub(super) defaults: Vec<NamedLiteral>,
}

/// `flyteidl2.task.TaskSpec`, as far as it is read here. The one of Flyte 1 has its template in the same place.
#[derive(Clone, PartialEq, Message)]
struct TaskSpec {
    #[prost(message, optional, tag = "1")]
    task_template: Option<pb::TaskTemplate>,
    #[prost(message, repeated, tag = "2")]
    default_inputs: Vec<NamedParameter>,
}

/// `flyteidl2.task.NamedParameter`.
#[derive(Clone, PartialEq, Message)]
struct NamedParameter {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    parameter: Option<Parameter>,
}

/// `flyteidl2.core.Parameter`, of which only a default gives a value.
#[derive(Clone, PartialEq, Message)]
struct Parameter {
    #[prost(message, optional, tag = "2")]
    default: Option<pb::Literal>,
}

/// Reads a template. Which of the two forms it has is seen from its first character: no serialised
/// message of these begins with a brace.
///
/// # Errors
/// It is neither; the text says what is wrong with it.
pub(super) fn read(bytes: &[u8]) -> Result<Given, String> {
    let given = if bytes.trim_ascii_start().starts_with(b"{") {
        from_json(bytes)?
    } else {
        from_message(bytes)?
    };
    if given.template.r#type.is_empty() {
        return Err("it names no task type".to_owned());
    }
    Ok(given)
}

fn from_message(bytes: &[u8]) -> Result<Given, String> {
    let template = pb::TaskTemplate::decode(bytes);
    // A spec read as a template has no type: there stand its default inputs.
    if let Ok(template) = &template
        && connector_core::TaskType::parse(&template.r#type).is_ok()
    {
        return Ok(Given { template: template.clone(), defaults: Vec::new() });
    }
    if let Ok(TaskSpec { task_template: Some(template), default_inputs }) = TaskSpec::decode(bytes)
        && !template.r#type.is_empty()
    {
        let default = |it: NamedParameter| {
            Some(NamedLiteral { name: it.name, value: Some(it.parameter?.default?) })
        };
        let defaults = default_inputs.into_iter().filter_map(default).collect();
        return Ok(Given { template, defaults });
    }
    template.map(|template| Given { template, defaults: Vec::new() }).map_err(|error| {
        format!(
            "it is no serialised TaskTemplate or TaskSpec: {error}; JSON would begin with a brace"
        )
    })
}

fn from_json(bytes: &[u8]) -> Result<Given, String> {
    let wrong =
        |error: String| format!("it is no TaskTemplate or TaskSpec in protobuf JSON: {error}");
    let mut json: Map<String, Json> =
        serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?;
    let mut part = |names: [&str; 2]| names.into_iter().find_map(|name| json.remove(name));
    // Fields may come by either of their names; "template" is what Flyte 1 calls it.
    let of_spec = part(["taskTemplate", "task_template"]).or_else(|| part(["template", ""]));
    let inputs = part(["defaultInputs", "default_inputs"]);
    let Some(template) = of_spec else {
        let template = message("flyteidl2.core.TaskTemplate", Json::Object(json)).map_err(wrong)?;
        return Ok(Given { template, defaults: Vec::new() });
    };
    let template = message("flyteidl2.core.TaskTemplate", template).map_err(wrong)?;
    let mut defaults = Vec::new();
    for mut input in inputs.as_ref().and_then(Json::as_array).into_iter().flatten().cloned() {
        let value = input.pointer_mut("/parameter/default").map(Json::take);
        let name = input.get("name").and_then(Json::as_str);
        let (Some(name), Some(value)) = (name, value) else { continue };
        let value = message("flyteidl2.core.Literal", value).map_err(wrong)?;
        defaults.push(NamedLiteral { name: name.to_owned(), value: Some(value) });
    }
    Ok(Given { template, defaults })
}

/// The message of that name that protobuf JSON stands for.
fn message<M: Message + Default>(name: &str, json: Json) -> Result<M, String> {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).map_err(|error| error.to_string())?;
    let message = pool.get_message_by_name(name).ok_or("the messages are not described")?;
    // A newer SDK may write fields this server has never heard of.
    let lenient = DeserializeOptions::new().deny_unknown_fields(false);
    let read = DynamicMessage::deserialize_with_options(message, json, &lenient);
    let read = read.map_err(|error| error.to_string())?;
    M::decode(read.encode_to_vec().as_slice()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use connector_core::custom_info::json_to_struct;
    use connector_core::{FlyteType as _, literal, pb};
    use prost::Message as _;
    use serde_json::json;

    use super::{Given, NamedLiteral, NamedParameter, Parameter, TaskSpec, read};

    fn template() -> pb::TaskTemplate {
        pb::TaskTemplate {
            id: Some(pb::Identifier {
                resource_type: pb::ResourceType::Task.into(),
                project: "p".to_owned(),
                ..Default::default()
            }),
            r#type: "render".to_owned(),
            task_type_version: 3,
            custom: Some(json_to_struct(json!({"fps": 24})).unwrap()),
            interface: Some(pb::TypedInterface {
                inputs: Some(pb::VariableMap {
                    variables: vec![pb::VariableEntry {
                        key: "x".to_owned(),
                        value: Some(pb::Variable {
                            r#type: Some(i64::literal_type()),
                            ..Default::default()
                        }),
                    }],
                }),
                outputs: None,
            }),
            ..Default::default()
        }
    }

    fn text() -> serde_json::Value {
        json!({
            "id": {"resourceType": "TASK", "project": "p"},
            "type": "render", "taskTypeVersion": 3, "custom": {"fps": 24.0},
            "interface": {"inputs": {"variables": [
                {"key": "x", "value": {"type": {"simple": "INTEGER"}}}
            ]}},
            "aFieldOfTomorrow": 1,
        })
    }

    #[test]
    fn both_forms_are_read() {
        let given = Ok(Given { template: template(), defaults: Vec::new() });
        assert_eq!(read(&template().encode_to_vec()), given);
        assert_eq!(read(format!("\n{}", text()).as_bytes()), given);
    }

    #[test]
    fn a_spec_is_read_with_its_default_inputs() {
        let defaults =
            vec![NamedLiteral { name: "x".to_owned(), value: Some(literal::integer(5)) }];
        let given = Ok(Given { template: template(), defaults });
        let input = |name: &str, default| NamedParameter {
            name: name.to_owned(),
            parameter: Some(Parameter { default }),
        };
        let spec = TaskSpec {
            task_template: Some(template()),
            default_inputs: vec![input("x", Some(literal::integer(5))), input("y", None)],
        };
        assert_eq!(read(&spec.encode_to_vec()), given);
        let mut anonymous = spec;
        if let (Some(template), Ok(given)) = (&mut anonymous.task_template, given.clone()) {
            template.id = None;
            let template = pb::TaskTemplate { id: None, ..given.template };
            let given = Given { template, ..given };
            assert_eq!(read(&anonymous.encode_to_vec()), Ok(given));
        }
        let value = json!({"scalar": {"primitive": {"integer": "5"}}});
        for (template, inputs) in
            [("taskTemplate", "defaultInputs"), ("task_template", "default_inputs")]
        {
            let spec = json!({
                template: text(), "shortName": "render", "environment": {"name": "e"},
                inputs: [
                    {"name": "x", "parameter": {"default": value, "var": {}}},
                    {"name": "y", "parameter": {"required": true}},
                ],
            });
            assert_eq!(read(spec.to_string().as_bytes()), given);
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_reason() {
        for (bytes, reason) in [
            (&b"{}"[..], "names no task type"),
            (b"", "names no task type"),
            (b"{\"type\": 5}", "protobuf JSON"),
            (b"{\"type\": \"a\"} b", "protobuf JSON"),
            (b"{\"taskTemplate\": {\"type\": 5}}", "protobuf JSON"),
            (b"{\"taskTemplate\": {}}", "names no task type"),
            (b"\xff\xff", "no serialised TaskTemplate"),
        ] {
            let error = read(bytes).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
