//! What a query is to Flyte: its phase, the output, the page in Snowflake's console, what it cost.

use connector_core::custom_info::InfoValue;
use connector_core::prelude::*;
use pb::{literal as kinds, scalar};
use serde_json::Value;

use crate::envelope::told;
use crate::query::Query;
use crate::states::{NO_DATA, STATES};

/// What Snowflake tells beside the status, and the names that it has here.
const DETAILS: [(&str, &str); 6] = [
    ("warehouse", "/warehouseName"),
    ("warehouse_size", "/warehouseExternalSize"),
    ("rows_produced", "/stats/producedRows"),
    ("bytes_scanned", "/stats/scanBytes"),
    ("duration_ms", "/totalDuration"),
    ("query_tag", "/queryTag"),
];

/// The status of a query; one that says none is one that is not known.
pub(crate) fn status(seen: &Value) -> &str {
    seen.get("status").and_then(Value::as_str).unwrap_or(NO_DATA)
}

/// Where a query stands.
pub(crate) fn resource(query: &Query, seen: &Value) -> Resource {
    let status = status(seen);
    let mut resource: Resource = STATES.resource(status);
    if resource.phase == Phase::Failed {
        resource = resource.message(told_end(seen));
    } else if resource.message.is_empty() {
        resource = resource.message(status.to_owned());
    }
    if resource.phase == Phase::Succeeded && query.has_output {
        resource = resource.outputs(DynamicOutputs::from_iter([("results", result(query))]));
    }
    for (name, pointer) in DETAILS {
        let value = seen.pointer(pointer).filter(|value| !value.is_null() && **value != "");
        if let Some(value) = value {
            resource = resource.info(name, InfoValue::from(value.clone()));
        }
    }
    resource
}

/// `errorCode: errorMessage`, or the status where Snowflake says no more.
pub(crate) fn told_end(seen: &Value) -> String {
    let text = |name: &str| match seen.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    Some(told(&text("errorCode"), &text("errorMessage")))
        .filter(|told| !told.is_empty())
        .unwrap_or_else(|| status(seen).to_owned())
}

/// The page of the query in Snowflake's console.
pub(crate) fn link(query: &Query) -> TaskLog {
    let Query { account, query_id, .. } = query;
    let account = account.replacen('-', "/", 1);
    let uri =
        format!("https://app.snowflake.com/{account}/#/compute/history/queries/{query_id}/detail");
    TaskLog::new("Snowflake Dashboard", uri).ready(true).kind(connector_core::LinkKind::Dashboard)
}

/// Where the result is, as the data frame `results`. It is read by the query's id, by whoever has access.
fn result(query: &Query) -> pb::Literal {
    let Query { account, user, database, schema, warehouse, query_id, .. } = query;
    let uri = format!("snowflake://{user}/{account}/{warehouse}/{database}/{schema}/{query_id}");
    let metadata = pb::StructuredDatasetMetadata {
        structured_dataset_type: Some(pb::StructuredDatasetType::default()),
    };
    let dataset = pb::StructuredDataset { uri, metadata: Some(metadata) };
    let scalar = pb::Scalar { value: Some(scalar::Value::StructuredDataset(dataset)) };
    pb::Literal { value: Some(kinds::Value::Scalar(scalar.into())), ..Default::default() }
}

#[cfg(test)]
mod tests {
    use connector_core::prelude::*;
    use serde_json::json;

    use super::{link, resource};
    use crate::query::Query;

    fn query(account: &str) -> Query {
        Query {
            account: account.to_owned(),
            user: "u".to_owned(),
            database: "d".to_owned(),
            schema: "s".to_owned(),
            warehouse: "w".to_owned(),
            query_id: "01b2".to_owned(),
            has_output: true,
            connection_kwargs: None,
        }
    }

    #[test]
    fn a_failure_is_told_by_code_and_text() {
        for (seen, told) in [
            (
                json!({"status": "ABORTED", "errorCode": "000604", "errorMessage": "SQL execution canceled"}),
                "000604: SQL execution canceled",
            ),
            (
                json!({"status": "FAILED_WITH_ERROR", "errorCode": 1003, "errorMessage": "syntax"}),
                "001003: syntax",
            ),
            (json!({"status": "DISCONNECTED", "errorCode": null}), "DISCONNECTED"),
        ] {
            let seen = resource(&query("a"), &seen);
            assert_eq!((seen.phase, seen.message.as_str()), (Phase::Failed, told));
        }
    }

    #[test]
    fn the_page_is_of_the_organisations_account() {
        for (account, part) in [("myorg-acc", "myorg/acc"), ("a-b-c", "a/b-c"), ("acc", "acc")] {
            assert_eq!(
                link(&query(account)).uri,
                format!("https://app.snowflake.com/{part}/#/compute/history/queries/01b2/detail")
            );
        }
    }
}
