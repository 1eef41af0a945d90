//! The statement of a task and its inputs as what is sent: placeholders become binds, so that no value
//! of an input is ever part of the text.

use connector_core::prelude::*;
use serde_json::{Map, Value};

use crate::batch::{self, Rows};
use crate::bind::{self, Input};
use crate::scan::{Kind, Within, scan};

/// What is sent.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) bindings: Map<String, Value>,
}

/// Puts a task's inputs into its statement. Without inputs the statement is sent as it is, as the
/// official connector does; with some, `%%` stands for `%`.
///
/// # Errors
/// [`ErrorKind::InvalidTask`]: an input is missing, is of a type that Snowflake does not have, or stands
/// where no bind can.
pub(crate) fn of_task(sql: &str, inputs: &DynamicInputs, is_batch: bool) -> Result<Statement> {
    if inputs.iter().next().is_none() {
        return Ok(Statement { sql: sql.to_owned(), ..Statement::default() });
    }
    let mut writer = Writer::default();
    if is_batch {
        writer.batch(sql, inputs).map_err(ConnectorError::invalid_task)?;
    } else {
        writer.put(sql, &|name| inputs.get(name).map(bind::input));
    }
    writer.done(inputs)
}

#[derive(Debug, Default)]
struct Writer {
    statement: Statement,
    problems: Vec<String>,
}

impl Writer {
    /// Appends a part of the statement, with the values of its placeholders.
    fn put(&mut self, sql: &str, value: &dyn Fn(&str) -> Option<Result<Input, String>>) {
        for piece in scan(sql) {
            match piece.kind {
                Kind::Text => self.statement.sql.push_str(piece.text),
                Kind::Percent => self.statement.sql.push('%'),
                // A comment says what it says.
                Kind::Placeholder { .. } if piece.within == Within::Comment => {
                    self.statement.sql.push_str(piece.text);
                }
                Kind::Placeholder { name, conversion: 's' } => {
                    let put = match value(name) {
                        None => Err("there is no such input".to_owned()),
                        Some(Err(problem)) => Err(format!("it is {problem}")),
                        Some(Ok(input)) if piece.within == Within::Quotes => {
                            self.put_quoted(&input)
                        }
                        Some(Ok(input)) => self.put_bound(&input),
                    };
                    if let Err(problem) = put {
                        self.problem(format!(" - `%({name})s`: {problem}"));
                    }
                }
                Kind::Placeholder { name, conversion } => self.problem(format!(
                    " - `%({name}){conversion}`: only `%({name})s` is known here"
                )),
            }
        }
    }

    fn put_bound(&mut self, input: &Input) -> Result<(), String> {
        let binds = match input {
            Input::One(bind) => std::slice::from_ref(bind),
            Input::Many(binds) => binds,
        };
        if binds.is_empty() {
            return Err("it is an empty list, and SQL has no `IN ()`".to_owned());
        }
        for (index, bind) in binds.iter().enumerate() {
            self.statement.sql.push_str(if index == 0 { "?" } else { ", ?" });
            let number = self.statement.bindings.len() + 1;
            self.statement.bindings.insert(number.to_string(), bind.json());
        }
        Ok(())
    }

    /// Numbers have one spelling, inside of quotes and outside; of a text nobody knows where it ends.
    fn put_quoted(&mut self, input: &Input) -> Result<(), String> {
        let bare = match input {
            Input::One(bind) => bind.bare(),
            Input::Many(_) => None,
        };
        let bare = bare.ok_or(
            "it stands inside of quotes, where only numbers can; write `'…' || %(name)s || '…'`, or \
             `IDENTIFIER(%(name)s)` for a name",
        )?;
        self.statement.sql.push_str(&bare);
        Ok(())
    }

    fn batch(&mut self, sql: &str, inputs: &DynamicInputs) -> Result<(), String> {
        let mut read = Vec::new();
        for (name, literal) in inputs.iter() {
            match bind::input(literal) {
                Ok(input) => read.push((name, input)),
                Err(problem) => self.problem(format!(" - `{name}`: it is {problem}")),
            }
        }
        if !self.problems.is_empty() {
            return Ok(());
        }
        let rows = Rows::of(&read)?;
        let around = batch::row(sql)?;
        self.put(around.before, &|_| None);
        self.statement.sql.push_str("VALUES ");
        for index in 0..rows.count {
            self.statement.sql.push_str(if index == 0 { "(" } else { ", (" });
            self.put(around.row, &|name| Some(Ok(Input::One(rows.value(name, index)?.clone()))));
            self.statement.sql.push(')');
        }
        self.put(around.after, &|_| None);
        Ok(())
    }

    fn problem(&mut self, problem: String) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    fn done(self, inputs: &DynamicInputs) -> Result<Statement> {
        if self.problems.is_empty() {
            return Ok(self.statement);
        }
        let mut names: Vec<String> = inputs.iter().map(|(name, _)| format!("`{name}`")).collect();
        names.sort_unstable();
        Err(ConnectorError::invalid_task(format!(
            "these inputs cannot stand in the statement:\n{}\nThe task's inputs are {}",
            self.problems.join("\n"),
            names.join(", ")
        )))
    }
}

#[cfg(test)]
mod tests;
