//! The definitions of the classes that types need: dataclasses, models, named tuples, typed dicts, enums.
//! `types` calls it for each class once. How a field's name travels that Python cannot have is told here.

use connector_core::host::Shape;
use connector_core::typed::{Class, FieldDescription, TypeDescription};

use crate::defaults::Fallback;
use crate::text::{assigned, docstring, fitted, string};
use crate::types::{Reader, Types};
use crate::{doubts, names};

/// A field of a class.
struct Field {
    /// What it is called in Python.
    attribute: String,
    /// What it is called on the wire.
    wire: String,
    /// Its annotation.
    kind: String,
    /// The expression of its default, if it can have one.
    default: Option<String>,
    /// Whether it may be left out.
    optional: bool,
    doc: String,
}

impl Types<'_> {
    /// The definition of a class.
    ///
    /// # Errors
    /// A field or a member that cannot be in Python, and what to change.
    pub(crate) fn definition(
        &mut self,
        name: &str,
        kind: &TypeDescription,
    ) -> Result<String, String> {
        match &kind.shape {
            Shape::Enumeration { description, members, whole } => {
                enumeration(name, description, members, *whole)
            }
            Shape::Object { description, fields, class } => {
                doubts::of_class(&kind.name, fields, *class)
                    .into_iter()
                    .for_each(|doubt| self.doubt(doubt));
                self.object(name, description, fields, *class)
            }
            _ => Ok(String::new()),
        }
    }

    fn object(
        &mut self,
        name: &str,
        description: &str,
        fields: &[FieldDescription],
        class: Class,
    ) -> Result<String, String> {
        let told = match description.trim() {
            "" => "An object of the connector.",
            told => told,
        };
        let fields = self.fields(name, fields, class)?;
        let renamed = fields.iter().any(|field| field.attribute != field.wire);
        Ok(match class {
            Class::TypedDict => {
                self.imports.module("typing_extensions");
                typed_dict(name, told, &fields)
            }
            Class::NamedTuple => {
                self.imports.name("typing", "NamedTuple");
                let head = format!("class {name}(NamedTuple):\n");
                with_fields(head + &docstring("    ", told), &fields, |field| {
                    field.default.as_ref().map(|text| format!(" = {text}")).unwrap_or_default()
                })
            }
            Class::Pydantic => {
                self.imports.module("pydantic");
                let mut head = format!("class {name}(pydantic.BaseModel):\n");
                head.push_str(&docstring("    ", told));
                if renamed {
                    head.push_str(BY_ALIAS);
                }
                with_fields(head, &fields, model_default)
            }
            _ => {
                let head = format!("@dataclasses.dataclass\nclass {name}:\n");
                let mut text = with_fields(head + &docstring("    ", told), &fields, |field| {
                    let alias = (field.attribute != field.wire)
                        .then(|| format!("\"alias\": {}", string(&field.wire)));
                    assigned(field.default.as_deref(), &alias.unwrap_or_default())
                });
                if renamed {
                    text.push_str(SERIALIZED_BY_ALIAS);
                }
                text
            }
        })
    }

    fn fields(
        &mut self,
        class_name: &str,
        fields: &[FieldDescription],
        class: Class,
    ) -> Result<Vec<Field>, String> {
        // Fields are taken by place, so a default may stand only where all that follow have one.
        let last_required = fields.iter().rposition(|field| field.required);
        let mut written: Vec<Field> = Vec::new();
        for (at, field) in fields.iter().enumerate() {
            let kind = self.annotation(&field.kind, Reader::Class)?;
            let (kind, default, note) = Fallback::of(field, self).of_kind(kind);
            let in_order = class != Class::Pydantic && last_required.is_some_and(|last| at < last);
            let attribute = self.attribute(class_name, &written, field, class)?;
            written.push(Field {
                attribute,
                wire: field.name.clone(),
                kind: kind.of_field(),
                default: default.filter(|_| !in_order),
                optional: !field.required,
                doc: [field.description.trim(), &note].join("\n"),
            });
        }
        Ok(written)
    }

    /// What a field is called in Python, and nothing else there is.
    fn attribute(
        &self,
        class_name: &str,
        others: &[Field],
        field: &FieldDescription,
        class: Class,
    ) -> Result<String, String> {
        let wire = field.name.as_str();
        let fits = match class {
            // Its keys are plain text.
            Class::TypedDict => return Ok(wire.to_owned()),
            Class::NamedTuple => names::is_field_of_tuple,
            Class::Pydantic => names::is_field_of_model,
            _ => names::is_field,
        };
        let in_use =
            |name: &str| self.is_class(name) || others.iter().any(|other| other.attribute == name);
        let attribute = names::field(wire, fits, in_use);
        let why = match class {
            _ if attribute == wire => return Ok(attribute),
            Class::NamedTuple => "a named tuple has no other names for its fields",
            Class::Pydantic if doubts::holds_enum(&field.kind) => {
                "Flyte does not find the enums in a field with another name"
            }
            _ => return Ok(attribute),
        };
        Err(format!(
            "`{wire}` cannot be a field of the class `{class_name}` in Python, and {why}; rename it \
             with `#[flyte(rename = \"…\")]`"
        ))
    }
}

/// The head of a class and its fields, each with what stands behind its annotation.
fn with_fields(head: String, fields: &[Field], value: impl Fn(&Field) -> String) -> String {
    let mut text = head;
    for field in fields {
        let head = format!("    {}: {}", field.attribute, field.kind);
        text.push_str(&format!("\n{head}{}\n", fitted(head.len(), &value(field))));
        text.push_str(&docstring("    ", &field.doc));
    }
    text
}

const BY_ALIAS: &str = "
    model_config = pydantic.ConfigDict(
        serialize_by_alias=True, validate_by_alias=True, validate_by_name=True
    )
";

const SERIALIZED_BY_ALIAS: &str = "
    class Config:
        \"\"\"Its fields travel under the connector's names.\"\"\"

        serialize_by_alias = True
";

/// Pydantic copies defaults, so that lists can stand as they are.
fn model_default(field: &Field) -> String {
    let Field { attribute, wire, default, .. } = field;
    if attribute == wire {
        return default.as_ref().map(|text| format!(" = {text}")).unwrap_or_default();
    }
    let default = default.as_ref().map(|text| format!("default={text}, ")).unwrap_or_default();
    let wire = string(wire);
    format!(" = pydantic.Field({default}validation_alias={wire}, serialization_alias={wire})")
}

fn typed_dict(name: &str, told: &str, fields: &[Field]) -> String {
    let kind = |field: &Field| match field.optional {
        true => format!("typing_extensions.NotRequired[{}]", field.kind),
        false => field.kind.clone(),
    };
    if fields.iter().all(|field| names::is_field(&field.wire)) {
        let mut text =
            format!("class {name}(typing_extensions.TypedDict):\n{}", docstring("    ", told));
        for field in fields {
            text.push_str(&format!("\n    {}: {}\n", field.attribute, kind(field)));
            text.push_str(&docstring("    ", &field.doc));
        }
        return text;
    }
    let entries: String = fields
        .iter()
        .map(|field| format!("        {}: {},\n", string(&field.wire), kind(field)))
        .collect();
    format!(
        "{name} = typing_extensions.TypedDict(\n    \"{name}\",\n    {{\n{entries}    }},\n)\n{}",
        docstring("", told)
    )
}

fn enumeration(
    name: &str,
    description: &str,
    members: &[(String, String)],
    whole: bool,
) -> Result<String, String> {
    let base = if whole { "enum.IntEnum" } else { "enum.Enum" };
    let told = if description.trim().is_empty() { "One of these." } else { description };
    let value = |value: &str| if whole { value.to_owned() } else { string(value) };
    // Python keeps these for itself.
    let kept = |member: &str| {
        member.is_empty() || member == "mro" || member.starts_with('_') && member.ends_with('_')
    };
    if let Some((member, _)) = members.iter().find(|(member, _)| kept(member)) {
        return Err(format!(
            "`{member}` cannot be a member of the enum `{name}` in Python; give it another name \
             with `#[flyte(name = \"…\")]`"
        ));
    }
    if members.iter().all(|(member, _)| names::is_member(member)) {
        let mut text = format!("class {name}({base}):\n{}\n", docstring("    ", told));
        for (member, of_member) in members {
            text.push_str(&format!("    {member} = {}\n", value(of_member)));
        }
        return Ok(text);
    }
    // A member that no Python text can name, such as `None`, is there as `Mode["None"]`.
    let entries: String = members
        .iter()
        .map(|(member, of_member)| format!("        {}: {},\n", string(member), value(of_member)))
        .collect();
    Ok(format!(
        "{name} = {base}(\n    \"{name}\",\n    {{\n{entries}    }},\n)\n{}",
        docstring("", told)
    ))
}

#[cfg(test)]
mod tests {
    use connector_core::typed::{Class, FieldDescription, TypeDescription};

    use crate::imports::Imports;
    use crate::types::{Reader, Types};

    fn defined(kind: &TypeDescription) -> Result<String, String> {
        let mut imports = Imports::default();
        let mut types = Types::new(&mut imports, []);
        types.annotation(kind, Reader::Flyte)?;
        Ok(types.finish().texts.concat())
    }

    fn object(class: Class, fields: &[&str]) -> TypeDescription {
        let fields: Vec<FieldDescription> =
            fields.iter().map(|name| FieldDescription::of::<i64>(name, "")).collect();
        TypeDescription::object("Odd", "", &fields, class)
    }

    #[test]
    fn fields_that_python_cannot_have_travel_under_their_own_names() {
        let text = defined(&object(Class::Dataclass, &["from", "Odd", "x"])).unwrap();
        assert!(text.contains("from_: int = dataclasses.field(metadata={\"alias\": \"from\"})"));
        assert!(text.contains("Odd_: int") && text.contains("x: int\n"), "{text}");
        assert!(text.contains("serialize_by_alias = True"), "{text}");
        let text = defined(&object(Class::Pydantic, &["None", "json", "x"])).unwrap();
        assert!(text.contains("None_: int = pydantic.Field("), "{text}");
        assert!(text.contains("validation_alias=\"json\", serialization_alias=\"json\""), "{text}");
        let text = defined(&object(Class::TypedDict, &["from", "a-b"])).unwrap();
        assert!(
            text.contains("Odd = typing_extensions.TypedDict(") && text.contains("\"a-b\": int,"),
            "{text}"
        );
        let plain = defined(&object(Class::Dataclass, &["x"])).unwrap();
        assert!(!plain.contains("alias"), "{plain}");
    }

    #[test]
    fn members_that_no_text_can_name_are_members_all_the_same() {
        let text = defined(&TypeDescription::enumeration("Mode", "", &[("None", "none")])).unwrap();
        assert!(
            text.starts_with("Mode = enum.Enum(\n    \"Mode\",\n    {\n        \"None\": \"none\"")
        );
        let level = TypeDescription::enumeration("Level", "", &[("LOW", "-1")]);
        let text = defined(&level.of_whole_numbers()).unwrap();
        assert!(
            text.starts_with("class Level(enum.IntEnum):") && text.contains("LOW = -1"),
            "{text}"
        );
    }

    #[test]
    fn what_python_cannot_have_is_an_error_that_says_what_to_change() {
        let member = TypeDescription::enumeration("Mode", "", &[("mro", "c")]);
        let mode = TypeDescription::enumeration("Mode", "", &[("A", "a")]);
        let mut field = FieldDescription::of::<i64>("from", "");
        field.kind = mode;
        let model = TypeDescription::object("Odd", "", &[field], Class::Pydantic);
        for (kind, part) in [
            (object(Class::NamedTuple, &["from"]), "`from` cannot be a field of the class `Odd`"),
            (model, "does not find the enums"),
            (member, "`mro` cannot be a member of the enum `Mode`"),
        ] {
            let error = defined(&kind).unwrap_err();
            assert!(error.contains(part) && error.contains("#[flyte("), "{error}");
        }
    }
}
