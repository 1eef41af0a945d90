//! The metadata of a query, and the place that they stand for.

use std::result::Result;

use connector_core::prelude::{ConnectorError, Deserialize, Serialize};
use serde::ser::{SerializeStruct, Serializer};
use serde_json::{Map, Value};

use crate::api::is_query_id;
use crate::config::Place;

/// What later calls need to find the query again, spelled as the official connector spells it. What is
/// secret in `connection_kwargs` is left out. Without them they are spelled as in Flyte 1, which knows none.
#[derive(Debug, Deserialize)]
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

impl Serialize for Query {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Query", 8)?;
        let [first, second] = [("account", &self.account), ("user", &self.user)];
        let [first, second] =
            if self.connection_kwargs.is_some() { [first, second] } else { [second, first] };
        for (name, value) in [first, second] {
            fields.serialize_field(name, value)?;
        }
        fields.serialize_field("database", &self.database)?;
        fields.serialize_field("schema", &self.schema)?;
        fields.serialize_field("warehouse", &self.warehouse)?;
        fields.serialize_field("query_id", &self.query_id)?;
        fields.serialize_field("has_output", &self.has_output)?;
        if let Some(kwargs) = &self.connection_kwargs {
            fields.serialize_field("connection_kwargs", kwargs)?;
        }
        fields.end()
    }
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
    /// [`connector_core::ErrorKind::NotFound`]: they do not.
    pub(crate) fn check(&self) -> connector_core::Result<()> {
        if is_query_id(&self.query_id) {
            return Ok(());
        }
        Err(ConnectorError::not_found("the metadata name no query: `query_id` is none"))
    }
}

#[cfg(test)]
mod tests {
    use connector_core::{Flyte, ResourceMeta};
    use serde_json::Map;

    use super::Query;

    fn written(flyte: Flyte) -> String {
        let text = str::to_owned;
        let query = Query {
            account: text("a"),
            user: text("u"),
            database: text("d"),
            schema: text("s"),
            warehouse: text("w"),
            query_id: text("q"),
            has_output: true,
            connection_kwargs: (flyte == Flyte::V2).then(Map::new),
        };
        let meta = query.encode().unwrap();
        let read = Query::decode(meta.clone()).unwrap();
        assert_eq!(read.encode().unwrap(), meta, "read and written again");
        String::from_utf8(meta.to_vec()).unwrap()
    }

    #[test]
    fn metadata_are_those_of_the_flyte_that_created_the_query() {
        assert_eq!(
            written(Flyte::V1),
            "{\"user\": \"u\", \"account\": \"a\", \"database\": \"d\", \"schema\": \"s\", \
             \"warehouse\": \"w\", \"query_id\": \"q\", \"has_output\": true}"
        );
        assert_eq!(
            written(Flyte::V2),
            "{\"account\": \"a\", \"user\": \"u\", \"database\": \"d\", \"schema\": \"s\", \
             \"warehouse\": \"w\", \"query_id\": \"q\", \"has_output\": true, \
             \"connection_kwargs\": {}}"
        );
    }
}
