//! Rule: a success carries the outputs that the task declares.
//! The executor checks nothing: outputs that are missing break the task after this one, and outputs
//! that nobody wrote fail this one with a storage error. What a task declares is known at create
//! only, so `poll` remembers it for jobs created here.

use std::sync::Arc;

use connector_core::host::ErasedResource;
use connector_core::pb::{Literal, SimpleType, literal, literal_type, primitive, scalar};
use connector_core::{ConnectorKey, NamedLiterals, Outputs, Phase, Policy, pb};
use prost::{decode_length_delimiter, encode_length_delimiter};

use crate::answer;
use crate::text::TextLimit;

/// Names and plain types of the outputs a task declares. Cloning shares it.
///
/// It is remembered for every job that runs, and so in one piece: for each output a byte that says its plain type,
/// and its name after its length.
#[derive(Debug, Clone)]
pub(crate) struct Declared(Arc<[u8]>);

/// The byte of an output whose type is not a plain one.
const NOT_PLAIN: u8 = u8::MAX;

impl Declared {
    /// What a template declares, where the policy wants it checked.
    pub(crate) fn checked_by(policy: &Policy, template: &pb::TaskTemplate) -> Option<Self> {
        if policy.check_outputs { Self::of(template) } else { None }
    }

    /// The job as it may be reported: a success without what the task declares is a failure.
    pub(crate) fn held_against(
        &self,
        resource: ErasedResource,
        key: &ConnectorKey,
        texts: TextLimit,
    ) -> ErasedResource {
        if resource.phase != Phase::Succeeded {
            return resource;
        }
        let Some(problem) = self.problem(&resource.outputs) else {
            return resource;
        };
        tracing::warn!(%key, "a success is reported as FAILED: {problem}");
        let said = match resource.message.as_str() {
            "" => String::new(),
            said => format!(" (the job says: {said})"),
        };
        let mut failed = answer::failed(texts.capped(format!(
            "the job succeeded{said}, but its outputs are not those of the task: {problem}"
        )));
        failed.log_links = resource.log_links;
        failed
    }

    /// What a template declares; `None` if that is nothing.
    pub(crate) fn of(template: &pb::TaskTemplate) -> Option<Self> {
        let outputs = template.interface.as_ref()?.outputs.as_ref()?;
        let mut declared = Vec::new();
        for entry in &outputs.variables {
            let kind = entry.value.as_ref().and_then(|variable| variable.r#type.as_ref());
            declared.push(match kind.and_then(|kind| kind.r#type.as_ref()) {
                Some(literal_type::Type::Simple(number)) => {
                    u8::try_from(*number).unwrap_or(NOT_PLAIN)
                }
                _ => NOT_PLAIN,
            });
            // A growing vector takes everything.
            encode_length_delimiter(entry.key.len(), &mut declared).ok();
            declared.extend_from_slice(entry.key.as_bytes());
        }
        (!declared.is_empty()).then(|| Self(declared.into()))
    }

    /// What it holds beside itself, its counts of who shares it included.
    pub(crate) fn heap(&self) -> usize {
        2 * size_of::<usize>() + self.0.len()
    }

    /// The outputs in their order: names, and the types of those that have a plain one.
    fn outputs(&self) -> impl Iterator<Item = (&str, Option<SimpleType>)> {
        let mut left = &*self.0;
        std::iter::from_fn(move || {
            let (kind, mut rest) = left.split_first()?;
            let length = decode_length_delimiter(&mut rest).ok()?;
            let (name, rest) = rest.split_at_checked(length)?;
            left = rest;
            let plain = SimpleType::try_from(i32::from(*kind)).ok();
            Some((std::str::from_utf8(name).ok()?, plain))
        })
    }

    /// What is wrong with a success that carries these outputs, for the task's author.
    pub(crate) fn problem(&self, outputs: &Outputs<NamedLiterals>) -> Option<String> {
        if outputs.is_none() {
            return Some(format!(
                "the connector gave no outputs, and the task declares {}; answer them inline, or \
                 `Outputs::WrittenByTask` if the job wrote `outputs.pb`",
                self.names()
            ));
        }
        // What the job wrote itself, only the executor can look at.
        let literals = outputs.inline()?;
        let wrong: Vec<String> = self
            .outputs()
            .filter_map(|(name, plain)| match literals.get(name) {
                None => Some(format!("`{name}` is missing")),
                Some(literal) => {
                    let expected = plain?;
                    let found = contradicts(expected, literal)?;
                    Some(format!("`{name}` is declared {} and is {found}", expected.as_str_name()))
                }
            })
            .collect();
        (!wrong.is_empty()).then(|| {
            let given: Vec<String> = literals.iter().map(|(name, _)| format!("`{name}`")).collect();
            let given = if given.is_empty() { "none".to_owned() } else { given.join(", ") };
            format!("{}; the connector gave {given}", wrong.join(", "))
        })
    }

    fn names(&self) -> String {
        let names: Vec<String> = self.outputs().map(|(name, _)| format!("`{name}`")).collect();
        names.join(", ")
    }
}

/// What a literal is, if readers of the declared plain type would refuse it. Whatever they take,
/// such as an integer for a float, is left alone.
fn contradicts(expected: SimpleType, literal: &Literal) -> Option<&'static str> {
    let found = match literal.value.as_ref()? {
        literal::Value::Collection(_) => return unless(expected, &[], "a list"),
        literal::Value::Map(_) => return unless(expected, &[SimpleType::Struct], "a map"),
        literal::Value::OffloadedMetadata(_) => return None,
        literal::Value::Scalar(scalar) => scalar.value.as_ref()?,
    };
    let scalar::Value::Primitive(primitive) = found else {
        return None;
    };
    let numbers = [SimpleType::Integer, SimpleType::Float];
    match primitive.value.as_ref()? {
        primitive::Value::Integer(_) => unless(expected, &numbers, "an integer"),
        primitive::Value::FloatValue(_) => unless(expected, &numbers, "a float"),
        primitive::Value::StringValue(_) => unless(expected, &[SimpleType::String], "a string"),
        primitive::Value::Boolean(_) => unless(expected, &[SimpleType::Boolean], "a boolean"),
        primitive::Value::Datetime(_) => unless(expected, &[SimpleType::Datetime], "a time"),
        primitive::Value::Duration(_) => {
            unless(expected, &[SimpleType::Duration], "a span of time")
        }
    }
}

fn unless(
    expected: SimpleType,
    fitting: &[SimpleType],
    found: &'static str,
) -> Option<&'static str> {
    (!fitting.contains(&expected)).then_some(found)
}

#[cfg(test)]
mod tests {
    use connector_core::pb::{
        LiteralType, SimpleType, TaskTemplate, TypedInterface, Variable, VariableEntry,
        VariableMap, literal_type,
    };
    use connector_core::{NamedLiterals, Outputs, literal};

    use super::Declared;

    fn declared(outputs: &[(&str, SimpleType)]) -> Option<Declared> {
        let variables = outputs.iter().map(|(name, simple)| VariableEntry {
            key: (*name).to_owned(),
            value: Some(Variable {
                r#type: Some(LiteralType {
                    r#type: Some(literal_type::Type::Simple(*simple as i32)),
                    ..Default::default()
                }),
                ..Default::default()
            }),
        });
        let outputs = Some(VariableMap { variables: variables.collect() });
        let interface = Some(TypedInterface { outputs, ..Default::default() });
        Declared::of(&TaskTemplate { interface, ..Default::default() })
    }

    fn inline(literals: &[(&str, connector_core::pb::Literal)]) -> Outputs<NamedLiterals> {
        Outputs::Inline(literals.iter().cloned().collect())
    }

    #[test]
    fn a_task_without_outputs_is_not_checked() {
        assert!(declared(&[]).is_none());
        assert!(Declared::of(&TaskTemplate::default()).is_none());
    }

    #[test]
    fn what_fits_passes() {
        let one = declared(&[("x", SimpleType::Float), ("s", SimpleType::String)]).unwrap();
        let fitting =
            [("x", literal::integer(1)), ("s", literal::string("")), ("more", literal::integer(1))];
        assert_eq!(one.problem(&inline(&fitting)), None);
        assert_eq!(one.problem(&Outputs::WrittenByTask), None);
    }

    #[test]
    fn what_is_missing_or_of_another_kind_is_named() {
        let one = declared(&[("x", SimpleType::Integer), ("s", SimpleType::String)]).unwrap();
        let none = one.problem(&Outputs::None).expect("a problem");
        assert!(none.contains("the task declares `x`, `s`"), "{none}");
        assert_eq!(
            one.problem(&inline(&[("s", literal::integer(1)), ("y", literal::integer(1))])),
            Some(
                "`x` is missing, `s` is declared STRING and is an integer; the connector gave \
                 `s`, `y`"
                    .to_owned()
            )
        );
    }
}
