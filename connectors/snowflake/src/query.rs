//! The metadata of a query, and the place that they stand for.

use connector_core::prelude::*;
use serde_json::{Map, Value};

use crate::api::is_query_id;
use crate::config::Place;

/// What later calls need to find the query again, spelled as the official connector spells it. What is
/// secret in `connection_kwargs` is left out.
#[derive(Debug, Serialize, Deserialize)]
pub struct Query {
    pub(crate) account: String,
    pub(crate) user: String,
    pub(crate) database: String,
    pub(crate) schema: String,
    pub(crate) warehouse: String,
    pub(crate) query_id: String,
    pub(crate) has_output: bool,
    #[serde(default)]
    pub(crate) connection_kwargs: Option<Map<String, Value>>,
}

impl Query {
    /// Where the query runs.
    pub(crate) fn place(&self) -> Place {
        let Self { account, user, database, schema, warehouse, connection_kwargs, .. } = self;
        Place {
            account: account.clone(),
            user: user.clone(),
            database: database.clone(),
            schema: schema.clone(),
            warehouse: warehouse.clone(),
            kwargs: connection_kwargs.clone().unwrap_or_default(),
        }
    }

    /// Whether the metadata name a query at all.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`]: they do not.
    pub(crate) fn check(&self) -> Result<()> {
        if is_query_id(&self.query_id) {
            return Ok(());
        }
        Err(ConnectorError::not_found("the metadata name no query: `query_id` is none"))
    }
}
