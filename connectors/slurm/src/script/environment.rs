//! The variables that a job gets: who runs it, and its inputs.

use std::collections::BTreeMap;

use connector_core::TaskExecution;
use connector_core::prelude::*;

/// What a task in a pod is told of its attempt, in the variables that the run-time reads. Variables that the
/// executor sends go on as they are: among them is the storage prefix without which a task does not start.
pub(crate) fn of_attempt(execution: &TaskExecution) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let id = execution.id.as_ref();
    let run = id.and_then(|id| id.node_execution_id.as_ref()?.execution_id.as_ref());
    if let Some(run) = run {
        let named = [
            ("FLYTE_INTERNAL_EXECUTION_PROJECT", &run.project),
            ("FLYTE_INTERNAL_EXECUTION_DOMAIN", &run.domain),
            ("FLYTE_INTERNAL_EXECUTION_ID", &run.name),
            ("_U_ORG_NAME", &run.org),
        ];
        let told = named.into_iter().filter(|(_, value)| !value.is_empty());
        variables.extend(told.map(|(name, value)| (name.to_owned(), value.clone())));
    }
    if let Some(id) = id {
        variables.insert("FLYTE_ATTEMPT_NUMBER".to_owned(), id.retry_attempt.to_string());
    }
    let sent = execution.environment_variables.iter();
    variables.extend(sent.map(|(name, value)| (name.clone(), value.clone())));
    variables
}

/// The inputs of a script: `FLYTE_INPUT_<NAME>`.
///
/// # Errors
/// [`ErrorKind::InvalidTask`], naming the input: it is no scalar, file or directory.
pub(crate) fn inputs(inputs: &DynamicInputs) -> Result<BTreeMap<String, String>> {
    let read = |(name, literal)| Ok((variable("FLYTE_INPUT_", name), input(name, literal)?));
    inputs.iter().map(read).collect()
}

fn input(name: &str, literal: &pb::Literal) -> Result<String> {
    // So Flyte's task class sends what a call has left out; Python reads False there, for one.
    if literal.value.is_none() {
        return Err(ConnectorError::invalid_task(format!(
            "Input '{name}' has no value: the call of the task has left it out, or misspelt it, which Flyte sends \
             all the same. Give it by its name."
        )));
    }
    if let Some(text) = primitive(literal).and_then(scalar) {
        return Ok(text);
    }
    if let Ok(file) = File::from_literal(literal) {
        return Ok(file.uri);
    }
    if let Ok(folder) = Dir::from_literal(literal) {
        return Ok(folder.uri);
    }
    Err(ConnectorError::invalid_task(format!(
        "Input '{name}' cannot be passed to an sbatch script: it is neither a scalar nor a File or Dir. \
         Scalars become FLYTE_INPUT_<NAME>, and File/Dir become their URI; anything else has no \
         representation in the environment. Pass a URI as a string and fetch it in the script."
    )))
}

/// The plain value in a literal, also where it is one of an optional input's.
fn primitive(literal: &pb::Literal) -> Option<&pb::primitive::Value> {
    let Some(pb::literal::Value::Scalar(found)) = &literal.value else { return None };
    match &found.value {
        Some(pb::scalar::Value::Primitive(plain)) => plain.value.as_ref(),
        Some(pb::scalar::Value::Union(wrapped)) => primitive(wrapped.value.as_deref()?),
        _ => None,
    }
}

/// As Python's `str` writes it, but that truth is written in small letters; points and spans of time are none.
fn scalar(value: &pb::primitive::Value) -> Option<String> {
    match value {
        pb::primitive::Value::Integer(number) => Some(number.to_string()),
        pb::primitive::Value::FloatValue(number) => Some(python_float(*number)),
        pb::primitive::Value::StringValue(text) => Some(text.clone()),
        pb::primitive::Value::Boolean(is) => Some(is.to_string()),
        pb::primitive::Value::Datetime(_) | pb::primitive::Value::Duration(_) => None,
    }
}

/// The name of the variable that an input or output is told in.
pub(crate) fn variable(prefix: &str, name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    prefix.chars().chain(name.chars().map(letter)).collect()
}

pub(crate) fn is_name(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}

/// As Python's `str` writes it: the shortest digits that read back, with an exponent below 1e-4 and from
/// 1e16 on.
fn python_float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number == 0.0 || number.is_infinite() || (1e-4..1e16).contains(&number.abs()) {
        return format!("{number:?}");
    }
    let text = format!("{number:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let sign = if exponent.starts_with('-') { '-' } else { '+' };
    format!("{digits}e{sign}{:0>2}", exponent.trim_start_matches('-'))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use connector_core::prelude::*;

    use super::{inputs, python_float, variable};

    #[test]
    fn scalars_files_and_directories_are_variables() {
        let given = DynamicInputs::from_iter([
            ("text", literal::string("7")),
            ("whole", literal::integer(-7)),
            ("half", literal::float(2.0)),
            ("is", literal::boolean(true)),
            ("maybe", Some(7_i64).into_literal().unwrap()),
            ("in-file", File::new("s3://b/f").into_literal().unwrap()),
            ("dir", Dir::new("s3://b/d").into_literal().unwrap()),
        ]);
        let read: Vec<_> = inputs(&given).unwrap().into_iter().collect();
        let expected = [
            ("FLYTE_INPUT_DIR", "s3://b/d"),
            ("FLYTE_INPUT_HALF", "2.0"),
            ("FLYTE_INPUT_IN_FILE", "s3://b/f"),
            ("FLYTE_INPUT_IS", "true"),
            ("FLYTE_INPUT_MAYBE", "7"),
            ("FLYTE_INPUT_TEXT", "7"),
            ("FLYTE_INPUT_WHOLE", "-7"),
        ];
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn other_inputs_are_refused_by_name() {
        for other in [
            literal::list([literal::integer(1)]),
            literal::none(),
            literal::datetime(SystemTime::UNIX_EPOCH),
        ] {
            let error = inputs(&DynamicInputs::from_iter([("odd", other)])).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidTask);
            assert!(error.message().contains("'odd'"), "{error}");
        }
        let left_out = DynamicInputs::from_iter([("paid", pb::Literal::default())]);
        let error = inputs(&left_out).unwrap_err();
        assert!(error.message().starts_with("Input 'paid' has no value"), "{error}");
    }

    #[test]
    fn numbers_are_written_as_python_writes_them() {
        for (number, text) in [
            (0.1, "0.1"),
            (1e16, "1e+16"),
            (1.5e-5, "1.5e-05"),
            (f64::INFINITY, "inf"),
            (-2.0, "-2.0"),
        ] {
            assert_eq!(python_float(number), text);
        }
        assert_eq!(variable("FLYTE_OUTPUT_", "é.b"), "FLYTE_OUTPUT___B");
    }
}
