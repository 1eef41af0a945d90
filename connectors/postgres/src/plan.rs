//! A statement as PostgreSQL reads it, before it is carried out: whether it is one, and what its result becomes.
//! Mistakes are told with their place in the author's text.

use connector_core::prelude::*;
use tokio_postgres::error::ErrorPosition;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error};

use crate::parameters::Bound;
use crate::sqlstate::{ending, failed};

/// A statement that PostgreSQL has taken, and the table that its result becomes, if it has one.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) sql: String,
    pub(crate) table: String,
}

/// Lets PostgreSQL read the statement without carrying it out.
///
/// # Errors
/// [`ErrorKind::InvalidTask`] with what PostgreSQL says, and where in the text.
pub(crate) async fn plan(session: &Client, job: &str, bound: &Bound) -> Result<Plan> {
    let read = session.prepare_typed(&bound.sql, &[Type::JSONB]).await;
    let statement = read.map_err(|error| refused(error, bound))?;
    if statement.params().len() > 1 {
        let text = "the statement has no parameter `$2`; inputs are `:name`";
        return Err(ConnectorError::invalid_task(text));
    }
    let has_result = statement.columns().iter().any(|column| *column.type_() != Type::VOID);
    let query = format!("CREATE TABLE {job} AS {}", bound.sql);
    // The result of an `INSERT … RETURNING` cannot become a table.
    if has_result && session.prepare_typed(&query, &[Type::JSONB]).await.is_ok() {
        return Ok(Plan { sql: query, table: job.to_owned() });
    }
    Ok(Plan { sql: bound.sql.clone(), table: String::new() })
}

fn refused(error: Error, bound: &Bound) -> ConnectorError {
    let Some(said) = error.as_db_error() else {
        return failed("cannot have the statement read")(error);
    };
    let code = said.code().code();
    if ending(code) == ErrorKind::Retryable {
        return failed("cannot have the statement read")(error);
    }
    let place = match said.position() {
        Some(ErrorPosition::Original(position)) => bound.place(*position),
        Some(ErrorPosition::Internal { .. }) | None => String::new(),
    };
    let hint = said.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
    let text = format!(
        "PostgreSQL refuses the statement{place}: {}{hint} (SQLSTATE {code})",
        said.message()
    );
    ConnectorError::invalid_task(text).with_source(error)
}
