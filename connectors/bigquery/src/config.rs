//! What the official task class serialises: project, location, domain, and the members of a
//! `QueryJobConfig`'s `query` part beside them, which take effect here.

use connector_core::Flyte;
use connector_core::custom_info::struct_to_json;
use connector_core::prelude::*;
use serde_json::{Map, Value};

/// Keys of `custom` that are no part of the job's configuration.
const OWN: [&str; 4] = ["ProjectID", "Location", "Domain", "secrets"];

/// The settings of one task.
#[derive(Debug)]
pub(crate) struct QueryTask {
    pub(crate) project: String,
    pub(crate) location: Option<String>,
    /// What BigQuery sees as the program that calls.
    pub(crate) user_agent: String,
    /// The members of `configuration.query`, as the task gave them.
    pub(crate) query: Map<String, Value>,
}

impl QueryTask {
    /// Reads them.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: the project is missing, or something is of another type.
    pub(crate) fn read(
        config: &DynamicConfig,
        template: &pb::TaskTemplate,
        flyte: Flyte,
    ) -> Result<Self> {
        let project = config.string("ProjectID")?.filter(|project| !project.is_empty());
        let project = project.ok_or_else(|| {
            ConnectorError::invalid_task(
                "the setting `ProjectID` is missing: give `BigQueryConfig(ProjectID=\"…\")` the project \
                 that the query is billed to",
            )
        })?;
        let location = config.string("Location")?.filter(|location| !location.is_empty());
        let domain = config.string("Domain")?.unwrap_or_default();
        let runtime = template.metadata.as_ref().and_then(|metadata| metadata.runtime.as_ref());
        let version = runtime.map_or("", |runtime| runtime.version.as_str());
        let program = match flyte {
            Flyte::V1 => "Flytekit",
            Flyte::V2 => "Flyte",
        };
        let Value::Object(mut query) = struct_to_json(config.as_struct()) else {
            return Err(ConnectorError::invalid_task("the settings are no object"));
        };
        query.retain(|key, value| !OWN.contains(&key.as_str()) && !value.is_null());
        query.values_mut().for_each(whole);
        Ok(Self {
            project: project.to_owned(),
            location: location.map(str::to_owned),
            user_agent: format!("{program}/{version} (GPN:Union;{domain})"),
            query,
        })
    }
}

/// Makes whole numbers of those that are: settings carry every number as a float, and the API refuses
/// `2.0` where it wants `2`.
fn whole(value: &mut Value) {
    match value {
        Value::Number(number) => {
            #[expect(clippy::cast_possible_truncation, reason = "it is compared with what it was")]
            let integer = number.as_f64().map(|float| (float, float as i64));
            #[expect(clippy::cast_precision_loss, reason = "a loss shows in the comparison")]
            if let Some((float, integer)) = integer
                && integer as f64 == float
                && integer.unsigned_abs() < 1 << 53
            {
                *value = integer.into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(whole),
        Value::Object(members) => members.values_mut().for_each(whole),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use connector_core::Flyte;
    use connector_core::custom_info::json_to_struct;
    use connector_core::prelude::*;
    use serde_json::json;

    use super::QueryTask;

    fn read(custom: serde_json::Value) -> Result<QueryTask> {
        let config = DynamicConfig::from_custom(json_to_struct(custom).unwrap())?;
        QueryTask::read(&config, &pb::TaskTemplate::default(), Flyte::V2)
    }

    #[test]
    fn what_stands_beside_the_projects_name_is_the_jobs() {
        let task = read(json!({
            "ProjectID": "p", "Location": null, "Domain": "production",
            "secrets": {"google_application_credentials": "key"},
            "priority": "BATCH", "maximumBytesBilled": "10000000000", "useQueryCache": false,
            "maximumBillingTier": 2, "timePartitioning": {"type": "DAY", "expirationMs": "1000"},
        }));
        let task = task.unwrap();
        assert_eq!((task.project.as_str(), task.location), ("p", None));
        assert_eq!(task.user_agent, "Flyte/ (GPN:Union;production)");
        assert_eq!(
            serde_json::Value::Object(task.query),
            json!({
                "priority": "BATCH", "maximumBytesBilled": "10000000000", "useQueryCache": false,
                "maximumBillingTier": 2, "timePartitioning": {"type": "DAY", "expirationMs": "1000"},
            })
        );
    }

    #[test]
    fn a_missing_project_is_told() {
        for custom in [json!({}), json!({"ProjectID": ""}), json!({"ProjectID": null})] {
            let error = read(custom).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidTask);
            assert!(error.message().contains("ProjectID"), "{error}");
        }
    }
}
