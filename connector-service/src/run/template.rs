//! Task templates in files: the serialised message, or its protobuf JSON.
//! `task` builds on what is read here. Templates made of flags alone are made there.

use connector_core::pb;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage};

use crate::pb::FILE_DESCRIPTOR_SET;

const NAME: &str = "flyteidl2.core.TaskTemplate";

/// Reads a template. Which of the two forms it has is seen from its first character: no serialised
/// template begins with a brace.
///
/// # Errors
/// It is neither; the text says what is wrong with it.
pub(super) fn read(bytes: &[u8]) -> Result<pb::TaskTemplate, String> {
    let template = if bytes.trim_ascii_start().starts_with(b"{") {
        from_json(bytes)?
    } else {
        pb::TaskTemplate::decode(bytes).map_err(|error| {
            format!("it is no serialised TaskTemplate: {error}; JSON would begin with a brace")
        })?
    };
    if template.r#type.is_empty() {
        return Err("it names no task type".to_owned());
    }
    Ok(template)
}

fn from_json(bytes: &[u8]) -> Result<pb::TaskTemplate, String> {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).map_err(|error| error.to_string())?;
    let message = pool.get_message_by_name(NAME).ok_or("the messages are not described")?;
    // A newer SDK may write fields this server has never heard of.
    let lenient = DeserializeOptions::new().deny_unknown_fields(false);
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = DynamicMessage::deserialize_with_options(message, &mut json, &lenient)
        .and_then(|message| json.end().map(|()| message))
        .map_err(|error| format!("it is no TaskTemplate in protobuf JSON: {error}"))?;
    pb::TaskTemplate::decode(read.encode_to_vec().as_slice()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use connector_core::custom_info::json_to_struct;
    use connector_core::pb;
    use prost::Message as _;
    use serde_json::json;

    use super::read;

    #[test]
    fn both_forms_are_read() {
        let template = pb::TaskTemplate {
            r#type: "render".to_owned(),
            task_type_version: 3,
            custom: Some(json_to_struct(json!({"fps": 24})).unwrap()),
            interface: Some(pb::TypedInterface {
                inputs: Some(pb::VariableMap {
                    variables: vec![pb::VariableEntry {
                        key: "x".to_owned(),
                        value: Some(pb::Variable {
                            r#type: Some(<i64 as connector_core::FlyteType>::literal_type()),
                            ..Default::default()
                        }),
                    }],
                }),
                outputs: None,
            }),
            ..Default::default()
        };
        assert_eq!(read(&template.encode_to_vec()), Ok(template.clone()));
        let text = json!({
            "type": "render", "taskTypeVersion": 3, "custom": {"fps": 24.0},
            "interface": {"inputs": {"variables": [
                {"key": "x", "value": {"type": {"simple": "INTEGER"}}}
            ]}},
            "aFieldOfTomorrow": 1,
        });
        assert_eq!(read(format!("\n{text}").as_bytes()), Ok(template));
    }

    #[test]
    fn anything_else_is_refused_with_the_reason() {
        for (bytes, reason) in [
            (&b"{}"[..], "names no task type"),
            (b"", "names no task type"),
            (b"{\"type\": 5}", "protobuf JSON"),
            (b"{\"type\": \"a\"} b", "protobuf JSON"),
            (b"\xff\xff", "no serialised TaskTemplate"),
        ] {
            let error = read(bytes).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
