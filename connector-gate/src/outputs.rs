//! Rule: a success carries the outputs that the task declares.
//! The executor checks nothing: outputs that are missing break the task after this one, and outputs
//! that nobody wrote fail this one with a storage error. What a task declares is known at create
//! only, so `poll` remembers it for jobs created here.

use std::sync::Arc;

use connector_core::host::ErasedResource;
use connector_core::pb::{Literal, SimpleType, literal, literal_type, primitive, scalar};
use connector_core::{ConnectorKey, NamedLiterals, Outputs, Phase, Policy, pb};

use crate::answer;
use crate::text::TextLimit;

/// Names and plain types of the outputs a task declares. Cloning shares it.
#[derive(Debug, Clone)]
pub(crate) struct Declared(Arc<[(Box<str>, Option<SimpleType>)]>);

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
        let declared: Arc<[_]> = outputs
            .variables
            .iter()
            .map(|entry| {
                let kind = entry.value.as_ref().and_then(|variable| variable.r#type.as_ref());
                let plain = match kind.and_then(|kind| kind.r#type.as_ref()) {
                    Some(literal_type::Type::Simple(number)) => SimpleType::try_from(*number).ok(),
                    _ => None,
                };
                (entry.key.as_str().into(), plain)
            })
            .collect();
        (!declared.is_empty()).then_some(Self(declared))
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
            .0
            .iter()
            .filter_map(|(name, plain)| match literals.get(name) {
                None => Some(format!("`{name}` is missing")),
                Some(literal) => {
                    let expected = (*plain)?;
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
        let names: Vec<String> = self.0.iter().map(|(name, _)| format!("`{name}`")).collect();
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
