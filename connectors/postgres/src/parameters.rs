//! `:name` in a statement: the inputs become parameters, never text of the statement.
//! `lib` binds at create. All inputs travel as one JSON object of texts, the parameter `$1`.
//! What a statement means is left to PostgreSQL: only quotes and comments are told apart here.

use connector_core::jiff::SignedDuration;
use connector_core::pb::{primitive, scalar};
use connector_core::prelude::*;

/// A statement with its values beside it.
#[derive(Debug)]
pub(crate) struct Bound {
    /// The text for PostgreSQL.
    pub(crate) sql: String,
    /// The names of the inputs it asks for.
    pub(crate) names: Vec<String>,
    /// Their values, in the same order.
    pub(crate) values: Vec<Option<String>>,
    /// For each character of `sql`, where it comes from in the author's text.
    origins: Vec<usize>,
    /// The author's text.
    pub(crate) statement: String,
}

impl Bound {
    /// Takes the inputs that the statement names.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`] for a name that is no input, and an input that is no SQL value.
    pub(crate) fn new(statement: &str, inputs: &DynamicInputs) -> Result<Self> {
        if statement.trim().is_empty() {
            return Err(ConnectorError::invalid_task("`statement` is empty"));
        }
        let mut bound = Self {
            sql: String::new(),
            names: Vec::new(),
            values: Vec::new(),
            origins: Vec::new(),
            statement: statement.to_owned(),
        };
        let (mut rest, mut at) = (statement, 0);
        while let Some((token, after)) = rest.split_at_checked(token_length(rest)) {
            if token.is_empty() {
                break;
            }
            let length = token.chars().count();
            match token.strip_prefix(':').filter(|name| name.starts_with(is_letter)) {
                Some(name) => {
                    let (sql_type, value) = value(name, inputs)?;
                    let parameter = match value {
                        Some(_) => format!("($1->>'{name}')::{sql_type}"),
                        None => "NULL".to_owned(),
                    };
                    bound.origins.extend(parameter.chars().map(|_| at));
                    bound.sql.push_str(&parameter);
                    if !bound.names.iter().any(|known| known == name) {
                        bound.names.push(name.to_owned());
                        bound.values.push(value);
                    }
                }
                None => {
                    bound.origins.extend(at..at + length);
                    bound.sql.push_str(token);
                }
            }
            (rest, at) = (after, at + length);
        }
        Ok(bound)
    }

    /// Where in the author's text a position of `sql` is, both counted from 1, in words.
    pub(crate) fn place(&self, position: u32) -> String {
        let index = usize::try_from(position).ok().and_then(|position| position.checked_sub(1));
        let Some(origin) = index.and_then(|index| self.origins.get(index)) else {
            return " at its end".to_owned();
        };
        let before: String = self.statement.chars().take(*origin).collect();
        let line = before.split('\n').count();
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        format!(" in line {line}, column {column}")
    }
}

/// The SQL type of an input, and its value as text.
fn value(name: &str, inputs: &DynamicInputs) -> Result<(&'static str, Option<String>)> {
    let no_value = |what: &str| {
        ConnectorError::invalid_task(format!("the input `{name}` is {what}, which is no SQL value"))
    };
    let mut literal = inputs.get(name).ok_or_else(|| {
        let known: Vec<&str> = inputs.iter().map(|(name, _)| name).collect();
        ConnectorError::invalid_task(format!(
            "the statement asks for `:{name}`, and there is no such input; there is: {known:?}"
        ))
    })?;
    loop {
        let scalar = match &literal.value {
            Some(pb::literal::Value::Scalar(scalar)) => scalar.value.as_ref(),
            Some(pb::literal::Value::Collection(_)) => return Err(no_value("a list")),
            Some(pb::literal::Value::Map(_)) => return Err(no_value("a dictionary")),
            Some(pb::literal::Value::OffloadedMetadata(_)) | None => {
                return Err(no_value("too large"));
            }
        };
        let primitive = match scalar {
            Some(scalar::Value::Primitive(primitive)) => primitive.value.as_ref(),
            Some(scalar::Value::NoneType(_)) => return Ok(("text", None)),
            // `Optional[…]` and the like: what it holds counts.
            Some(scalar::Value::Union(union)) => match union.value.as_deref() {
                Some(inner) => {
                    literal = inner;
                    continue;
                }
                None => return Err(no_value("empty")),
            },
            _ => return Err(no_value("an object or a file")),
        };
        return Ok(match primitive {
            Some(primitive::Value::Integer(number)) => ("bigint", Some(number.to_string())),
            Some(primitive::Value::FloatValue(number)) => {
                ("double precision", Some(number.to_string()))
            }
            Some(primitive::Value::StringValue(text)) => ("text", Some(text.clone())),
            Some(primitive::Value::Boolean(yes)) => ("boolean", Some(yes.to_string())),
            Some(primitive::Value::Datetime(_)) => {
                let time = Datetime::from_literal(literal)
                    .or_invalid_task(&format!("the input `{name}` is no time"))?;
                ("timestamptz", Some(time.to_string()))
            }
            Some(primitive::Value::Duration(_)) => {
                let span = SignedDuration::from_literal(literal)
                    .or_invalid_task(&format!("the input `{name}` is no span of time"))?;
                ("interval", Some(format!("{} microseconds", span.as_micros())))
            }
            None => return Err(no_value("empty")),
        });
    }
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_word(c: char) -> bool {
    is_letter(c) || c.is_ascii_digit() || c == '$'
}

/// How many bytes the first token has: something quoted, a comment, a word, a name with its colon, or
/// one character.
fn token_length(text: &str) -> usize {
    let through = |end: &str, from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        rest.find(end).map_or(text.len(), |at| from + at + end.len())
    };
    let word = |from: usize, belongs: fn(char) -> bool| {
        let rest = text.get(from..).unwrap_or_default();
        rest.find(|c| !belongs(c)).map_or(text.len(), |length| from + length)
    };
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (None, _) => 0,
        // A doubled quote inside is the end of one and the beginning of the next.
        (Some('\''), _) => through("'", 1),
        (Some('"'), _) => through("\"", 1),
        (Some('e' | 'E'), Some('\'')) => escaped_length(text),
        (Some('-'), Some('-')) => through("\n", 2),
        (Some('/'), Some('*')) => comment_length(text),
        (Some(':'), Some(':')) => 2,
        (Some(':'), Some(c)) if is_letter(c) => word(1, |c| is_letter(c) || c.is_ascii_digit()),
        (Some('$'), Some(c)) if is_letter(c) || c == '$' => {
            let open = word(1, |c| is_letter(c) || c.is_ascii_digit()) + 1;
            match text.get(..open).filter(|tag| tag.ends_with('$')) {
                Some(tag) => through(tag, open),
                None => 1,
            }
        }
        (Some(c), _) if is_word(c) => word(c.len_utf8(), is_word),
        (Some(c), _) => c.len_utf8(),
    }
}

/// The length of `E'…'`, where a backslash takes the next character's meaning.
fn escaped_length(text: &str) -> usize {
    let mut inside = text.char_indices().skip(2);
    while let Some((at, c)) = inside.next() {
        match c {
            '\\' => drop(inside.next()),
            '\'' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of `/*…*/`, in which others may lie.
fn comment_length(text: &str) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            (at, depth) = (at + 2, depth + 1);
        } else if rest.starts_with("*/") {
            (at, depth) = (at + 2, depth.saturating_sub(1));
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            break;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn inputs() -> DynamicInputs {
        let inputs = [
            ("n", literal::integer(7)),
            ("s", literal::string("it's; drop table x --")),
            ("nothing", literal::none()),
            ("xs", literal::list([literal::integer(1)])),
        ];
        DynamicInputs::from_literals(inputs.into_iter().collect()).unwrap()
    }

    fn bound(statement: &str) -> Bound {
        Bound::new(statement, &inputs()).unwrap()
    }

    #[test]
    fn names_become_parameters_and_values_stay_beside() {
        let bound = bound("select :n, :s, :n where :nothing is null");
        assert_eq!(
            bound.sql,
            "select ($1->>'n')::bigint, ($1->>'s')::text, ($1->>'n')::bigint where NULL is null"
        );
        assert_eq!(bound.names, ["n", "s", "nothing"]);
        let values = [Some("7"), Some("it's; drop table x --"), None];
        assert_eq!(bound.values.iter().map(Option::as_deref).collect::<Vec<_>>(), values);
    }

    #[test]
    fn what_is_no_name_stays() {
        for statement in [
            "select 'a :n', 'it''s :n', \"c :n\", 1::text, x[1: 2]",
            r"select E'\' :n', e'\\'",
            "select 1 -- :n\n, 2 /* :n /* :n */ :n */, $$ :n $$, $a$ :n $$ :n $a$",
            "select a$b$, ':n$b$'",
            "select 'open :n",
            "select $q$ open :n",
            "select /* open :n",
            "select 'größe :n', größe, $1",
        ] {
            assert_eq!(bound(statement).sql, statement);
        }
        for (statement, sql) in [
            ("select x::int+:n", "select x::int+($1->>'n')::bigint"),
            ("select 'a':n'b'", "select 'a'($1->>'n')::bigint'b'"),
            ("select E'\\\\':n", "select E'\\\\'($1->>'n')::bigint"),
            ("/**/:n--\n:n", "/**/($1->>'n')::bigint--\n($1->>'n')::bigint"),
        ] {
            assert_eq!(bound(statement).sql, sql);
        }
    }

    #[test]
    fn every_datetime_of_python_is_a_value_and_no_other() {
        let value_of = |seconds, nanos| {
            let at = literal::datetime(SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos));
            value("at", &DynamicInputs::from_iter([("at", at)]))
        };
        let (kind, text) = value_of(253_402_300_799, 999_999_000).unwrap();
        assert_eq!((kind, text.as_deref()), ("timestamptz", Some("9999-12-31T23:59:59.999999Z")));
        let error = value_of(253_402_300_800, 0).unwrap_err();
        assert!(error.message().contains("the input `at` is no time"), "{error}");
    }

    #[test]
    fn positions_are_those_of_the_authors_text() {
        let bound = bound("select :n,\n größe from");
        let of = |found: &str| {
            let before = bound.sql.split(found).next().unwrap().chars().count();
            bound.place(u32::try_from(before).unwrap() + 1)
        };
        assert_eq!(of("select"), " in line 1, column 1");
        assert_eq!(of("bigint"), " in line 1, column 8");
        assert_eq!(of("from"), " in line 2, column 8");
        assert_eq!(bound.place(1_000), " at its end");
        assert_eq!(bound.place(0), " at its end");
    }

    #[test]
    fn what_cannot_be_bound_is_said() {
        for (statement, said) in [
            ("\n", "`statement` is empty"),
            ("select :m", "asks for `:m`, and there is no such input; there is: [\"n\", \"s\""),
            ("select :xs", "the input `xs` is a list, which is no SQL value"),
        ] {
            let error = Bound::new(statement, &inputs()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidTask);
            assert!(error.message().contains(said), "{error}");
        }
    }
}
