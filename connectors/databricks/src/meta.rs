//! What later calls need to find a run again, spelled as the official connector of the Flyte that created it
//! spells it, so that replicas of either kind can poll each other's runs.

use connector_core::prelude::*;

use crate::config::RunTask;
use crate::credentials::Access;

/// Where Flyte 1's connector looks for a client's secret unless a task says otherwise.
const OAUTH_SECRET: &str = "databricks-oauth";

/// A run that was submitted.
#[derive(Debug, Serialize, Deserialize)]
pub struct SubmittedRun {
    pub(crate) databricks_instance: String,
    pub(crate) run_id: String,
    /// What Flyte 1's connector keeps besides, and Flyte 2's cannot read.
    #[serde(flatten)]
    pub(crate) of_flyte_1: Option<SignIn>,
}

/// How Flyte 1's connector signs in when it polls the run. Nothing in it is secret that was written here: its
/// replicas look for the token where they look for it at a create.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct SignIn {
    /// The token itself, where that connector wrote the metadata.
    auth_token: Option<String>,
    auth_type: Option<String>,
    client_id: Option<String>,
    oauth_secret_name: Option<String>,
    oidc_token_file: Option<String>,
    oidc_service_account: Option<String>,
    oidc_audience: Option<String>,
    namespace: Option<String>,
}

impl SignIn {
    /// For a run that is submitted here with that access, for a task of that namespace.
    pub(crate) fn of(task: &RunTask, access: &Access, namespace: &str) -> Self {
        let secret = task.oauth_secret.as_deref().filter(|name| !name.is_empty());
        Self {
            auth_type: Some(access.name_of_flyte_1().to_owned()),
            client_id: task.client_id.clone().filter(|id| !id.is_empty()),
            oauth_secret_name: Some(secret.unwrap_or(OAUTH_SECRET).to_owned()),
            namespace: Some(namespace).filter(|it| !it.is_empty()).map(str::to_owned),
            ..Self::default()
        }
    }
}

impl SubmittedRun {
    /// What goes before `access` for a run of Flyte 1: what the operator lends to its namespace, unless whoever asks
    /// brings something; and where nobody has anything, the token that stands in the metadata. It goes to the
    /// workspace that stands beside it.
    pub(crate) fn access_of_its_own(&self, access: &Access, settings: &Settings) -> Option<Access> {
        let SignIn { auth_token, namespace, .. } = self.of_flyte_1.as_ref()?;
        let namespace = namespace.as_deref().filter(|_| !access.is_tasks());
        let lent = namespace.and_then(|namespace| Access::of_namespace(namespace, settings));
        let token = auth_token.as_deref().filter(|it| access.is_nothing() && !it.is_empty());
        lent.or_else(|| token.map(Access::of_token))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use connector_core::ResourceMeta as _;
    use connector_core::prelude::Settings;

    use super::{SignIn, SubmittedRun};
    use crate::config::RunTask;
    use crate::credentials::Access;

    /// As flytekitplugins-spark 1.16.31 writes it.
    const OF_FLYTE_1: &str = "{\"databricks_instance\": \"a.example\", \"run_id\": \"7\", \
        \"auth_token\": null, \"auth_type\": \"pat\", \"client_id\": null, \"oauth_secret_name\": \"databricks-oauth\", \
        \"oidc_token_file\": null, \"oidc_service_account\": null, \"oidc_audience\": null, \
        \"namespace\": \"films-production\"}";
    const OF_FLYTE_2: &str = "{\"databricks_instance\": \"a.example\", \"run_id\": \"7\"}";

    fn sign_in() -> SignIn {
        SignIn::of(&RunTask::default(), &Access::of_token("dapi-1"), "films-production")
    }

    #[test]
    fn metadata_are_those_of_the_flyte_that_created_the_run() {
        for (sign_in, spelled) in [(Some(sign_in()), OF_FLYTE_1), (None, OF_FLYTE_2)] {
            let run = SubmittedRun {
                databricks_instance: "a.example".to_owned(),
                run_id: "7".to_owned(),
                of_flyte_1: sign_in,
            };
            assert_eq!(run.encode().unwrap(), spelled);
            let read = SubmittedRun::decode(Bytes::from_static(spelled.as_bytes())).unwrap();
            assert_eq!(
                (read.run_id.as_str(), read.databricks_instance.as_str()),
                ("7", "a.example")
            );
        }
    }

    #[test]
    fn the_token_of_a_run_counts_where_there_is_no_other() {
        let with_token = OF_FLYTE_1.replace("\"auth_token\": null", "\"auth_token\": \"dapi-1\"");
        let read =
            |text: &str| SubmittedRun::decode(Bytes::copy_from_slice(text.as_bytes())).unwrap();
        let (nothing, settings) = (Access::default(), Settings::default());
        assert!(read(&with_token).access_of_its_own(&nothing, &settings).is_some());
        assert!(
            read(&with_token).access_of_its_own(&Access::of_token("other"), &settings).is_none()
        );
        for without in [OF_FLYTE_1, OF_FLYTE_2] {
            assert!(read(without).access_of_its_own(&nothing, &settings).is_none());
        }
    }
}
