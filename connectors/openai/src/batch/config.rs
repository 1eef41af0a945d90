//! What `BatchEndpointTask` serialises, and the order that is made of it.

use connector_core::prelude::*;
use serde_json::{Map, Value, json};

/// Under this name a batch's metadata have the key of the attempt that created it.
pub(crate) const TAG: &str = "flyte_attempt";
/// OpenAI takes no more pairs of metadata.
const MOST_METADATA: usize = 16;
/// What the official connector orders where its task says nothing.
const DEFAULTS: [(&str, &str); 2] =
    [("completion_window", "24h"), ("endpoint", "/v1/chat/completions")];
/// Arguments of OpenAI's client for Python that its `batches.create` does not send as a part of the order.
const OF_THE_CLIENT: [&str; 4] = ["extra_headers", "extra_query", "extra_body", "timeout"];

/// The settings of one task.
#[derive(Debug, Default, TaskConfig)]
pub struct BatchTask {
    /// The request of OpenAI's `POST /v1/batches` without its file: `endpoint`, `completion_window`,
    /// `metadata`, `output_expires_after`.
    config: Option<Value>,
    /// The organization that is charged, if it is not that of the key.
    pub(crate) openai_organization: Option<String>,
}

/// The inputs of one task.
#[derive(Debug, TaskInputs)]
pub struct Requests {
    /// OpenAI's id of the file with the requests, which was uploaded for the purpose `batch`.
    pub input_file_id: String,
}

/// What is sent to OpenAI.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) body: Map<String, Value>,
    /// What is in its metadata to find the batch by; `None` where the task has filled them itself.
    pub(crate) tag: Option<String>,
}

impl BatchTask {
    /// The order of a batch of that file, tagged so.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: there is something in it that is no part of an order.
    pub(crate) fn order(&self, input_file_id: &str, tag: String) -> Result<Order> {
        let invalid = |text: String| Err(ConnectorError::invalid_task(text));
        if input_file_id.is_empty() {
            return invalid("the input `input_file_id` is empty".to_owned());
        }
        let mut body = match &self.config {
            None => Map::new(),
            Some(Value::Object(config)) => config.clone(),
            Some(_) => return invalid("`custom.config` must be an object".to_owned()),
        };
        if body.contains_key("input_file_id") {
            return invalid(
                "`custom.config.input_file_id` cannot be: the file is an input of the task"
                    .to_owned(),
            );
        }
        if let Some(argument) = OF_THE_CLIENT.into_iter().find(|name| body.contains_key(*name)) {
            return invalid(format!(
                "`custom.config.{argument}` is for OpenAI's client in Python, which is not used here"
            ));
        }
        for (name, value) in DEFAULTS {
            body.entry(name).or_insert_with(|| value.into());
        }
        body.insert("input_file_id".to_owned(), input_file_id.into());
        let tag = match body.entry("metadata").or_insert(Value::Null) {
            Value::Object(own) if own.len() >= MOST_METADATA && !own.contains_key(TAG) => None,
            Value::Object(own) => {
                own.insert(TAG.to_owned(), tag.as_str().into());
                Some(tag)
            }
            empty @ Value::Null => {
                *empty = json!({TAG: tag});
                Some(tag)
            }
            _ => return invalid("`custom.config.metadata` must be an object".to_owned()),
        };
        Ok(Order { body, tag })
    }
}

#[cfg(test)]
mod tests {
    use connector_core::custom_info::json_to_struct;
    use connector_core::prelude::*;
    use serde_json::{Map, Value, json};

    use super::{BatchTask, Order};

    fn order(custom: Value) -> Result<Order> {
        let task = BatchTask::from_custom(json_to_struct(custom).unwrap()).unwrap();
        task.order("file-1", "k".to_owned())
    }

    #[test]
    fn what_the_task_leaves_out_is_as_in_the_official_connector() {
        for custom in [json!({}), json!({"config": null}), json!({"config": {"metadata": null}})] {
            let Order { body, tag } = order(custom).unwrap();
            let whole = json!({
                "completion_window": "24h", "endpoint": "/v1/chat/completions",
                "input_file_id": "file-1", "metadata": {"flyte_attempt": "k"},
            });
            assert_eq!((Value::Object(body), tag.as_deref()), (whole, Some("k")));
        }
    }

    #[test]
    fn what_the_task_says_is_sent_and_numbers_are_whole() {
        let expires = json!({"anchor": "created_at", "seconds": 3600.0});
        let config = json!({
            "endpoint": "/v1/embeddings", "metadata": {"team": "films"}, "output_expires_after": expires,
        });
        let body = Value::Object(order(json!({"config": config})).unwrap().body);
        assert_eq!(body["endpoint"], "/v1/embeddings");
        assert_eq!(body["metadata"], json!({"team": "films", "flyte_attempt": "k"}));
        assert_eq!(
            body["output_expires_after"].to_string(),
            r#"{"anchor":"created_at","seconds":3600}"#
        );
    }

    #[test]
    fn a_task_that_fills_the_metadata_itself_keeps_them() {
        let own: Map<_, _> = (0..16).map(|n| (n.to_string(), "x".into())).collect();
        let Order { body, tag } = order(json!({"config": {"metadata": own}})).unwrap();
        assert_eq!((body["metadata"].as_object().unwrap().len(), tag), (16, None));
    }

    #[test]
    fn what_is_no_order_is_told() {
        for (config, said) in [
            (json!("x"), "`custom.config` must be an object"),
            (json!({"metadata": "x"}), "`custom.config.metadata` must be an object"),
            (json!({"input_file_id": "f"}), "the file is an input"),
            (json!({"extra_body": {}}), "`custom.config.extra_body` is for OpenAI's client"),
        ] {
            let error = order(json!({"config": config})).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidTask);
            assert!(error.message().contains(said), "{error}");
        }
        let nothing = BatchTask::default().order("", "k".to_owned()).unwrap_err();
        assert!(nothing.message().contains("`input_file_id` is empty"), "{nothing}");
    }
}
