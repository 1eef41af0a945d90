//! The types of a connector as Python annotations, and the classes they need, each written once.
//! `parts` asks for them field by field; the order of definitions is one that Python can read.

use std::collections::BTreeMap;

use connector_core::typed::{Class, FieldDescription, Shape, TypeDescription};

use crate::imports::Imports;
use crate::names;
use crate::text::{docstring, expression, field_default, string};

/// A type in the text of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Annotation {
    /// The type.
    pub(crate) text: String,
    /// Whether it names a class that is being defined.
    forward: bool,
}

impl Annotation {
    /// The annotation of a field.
    pub(crate) fn of_field(&self) -> String {
        if self.forward { format!("\"{}\"", self.text) } else { self.text.clone() }
    }

    /// The same, but nothing is allowed, too.
    pub(crate) fn or_none(self) -> Self {
        if self.text.split(" | ").any(|variant| variant == "None") || self.text == "Any" {
            return self;
        }
        Self { text: format!("{} | None", self.text), ..self }
    }
}

/// A default in the text of a module, and what to say about one that cannot stand there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fallback {
    /// The value must be given.
    None,
    /// This expression.
    Expression(String),
    /// The service's own, for which Python writes `None`.
    OfService(String),
}

impl Fallback {
    /// What a field of that kind is written with: the annotation, which allows for the default, the
    /// default as an expression, and what to say about it.
    pub(crate) fn of_kind(self, kind: Annotation) -> (Annotation, Option<String>, String) {
        let (default, note) = match self {
            Self::None => (None, String::new()),
            Self::Expression(text) => (Some(text), String::new()),
            Self::OfService(told) => (Some("None".to_owned()), told),
        };
        let kind = if default.as_deref() == Some("None") { kind.or_none() } else { kind };
        (kind, default, note)
    }

    pub(crate) fn of(field: &FieldDescription) -> Self {
        match &field.default {
            _ if field.required => Self::None,
            None => Self::Expression("None".to_owned()),
            Some(value) => expression(value, &field.kind).map_or_else(
                || Self::OfService(format!("If it is not set, the service takes {value}.")),
                Self::Expression,
            ),
        }
    }
}

/// The classes a module defines.
#[derive(Debug)]
pub(crate) struct Types<'a> {
    imports: &'a mut Imports,
    /// Names in use, with what a class of that name is made of.
    made_of: BTreeMap<String, Option<Shape>>,
    open: Vec<String>,
    definitions: Vec<String>,
    public: Vec<String>,
}

impl<'a> Types<'a> {
    /// No classes yet; `reserved` are names that the module needs itself.
    pub(crate) fn new(
        imports: &'a mut Imports,
        reserved: impl IntoIterator<Item = String>,
    ) -> Self {
        let made_of = reserved.into_iter().map(|name| (name, None)).collect();
        Self { imports, made_of, open: Vec::new(), definitions: Vec::new(), public: Vec::new() }
    }

    /// The definitions, each before its first use, and the names they have.
    pub(crate) fn finish(self) -> (Vec<String>, Vec<String>) {
        (self.definitions, self.public)
    }

    /// The annotation of a type. What it is made of is defined on the way.
    ///
    /// # Errors
    /// A class or a field that cannot have its name in Python.
    pub(crate) fn annotation(&mut self, kind: &TypeDescription) -> Result<Annotation, String> {
        let plain = |text: String| Annotation { text, forward: false };
        Ok(match &kind.shape {
            Shape::Plain => plain(self.plain(kind)),
            Shape::List(item) => self.joined("list", &[item])?,
            Shape::Map(key, value) => self.joined("dict", &[key, value])?,
            Shape::Tuple(items) => self.joined("tuple", &items.iter().collect::<Vec<_>>())?,
            Shape::Optional(inner) => self.annotation(inner)?.or_none(),
            Shape::Union(variants) => {
                let variants = self.all(&variants.iter().collect::<Vec<_>>())?;
                let forward = variants.iter().any(|variant| variant.forward);
                let texts: Vec<String> = variants.into_iter().map(|one| one.text).collect();
                Annotation { text: texts.join(" | "), forward }
            }
            Shape::Enumeration { .. } | Shape::Object { .. } => {
                self.define(kind)?;
                Annotation { text: kind.name.clone(), forward: self.open.contains(&kind.name) }
            }
            Shape::Named => Annotation { text: kind.name.clone(), forward: true },
        })
    }

    fn all(&mut self, kinds: &[&TypeDescription]) -> Result<Vec<Annotation>, String> {
        kinds.iter().map(|kind| self.annotation(kind)).collect()
    }

    fn joined(&mut self, outer: &str, kinds: &[&TypeDescription]) -> Result<Annotation, String> {
        let kinds = self.all(kinds)?;
        let forward = kinds.iter().any(|kind| kind.forward);
        let texts: Vec<String> = kinds.into_iter().map(|one| one.text).collect();
        Ok(Annotation { text: format!("{outer}[{}]", texts.join(", ")), forward })
    }

    /// A type without parts; one that an author named himself is told by its JSON type.
    fn plain(&mut self, kind: &TypeDescription) -> String {
        let name = kind.name.as_str();
        match name {
            "int" | "float" | "str" | "bool" | "bytes" | "dict" | "None" => name.to_owned(),
            "datetime" | "date" | "timedelta" => format!("datetime.{name}"),
            "File" | "Dir" | "DataFrame" => {
                self.imports.name("flyte.io", name);
                name.to_owned()
            }
            _ => match kind.schema.get("type").and_then(serde_json::Value::as_str) {
                Some("string") => "str",
                Some("integer") => "int",
                Some("number") => "float",
                Some("boolean") => "bool",
                _ => "Any",
            }
            .to_owned(),
        }
    }

    fn define(&mut self, kind: &TypeDescription) -> Result<(), String> {
        let name = &kind.name;
        if self.open.contains(name) {
            return Ok(());
        }
        match self.made_of.get(name) {
            Some(Some(known)) if alike(known, &kind.shape) => return Ok(()),
            Some(_) => {
                return Err(format!(
                    "the module would have two classes `{name}`; give one type another name with \
                     `#[flyte(rename = \"…\")]`"
                ));
            }
            None if names::is_field(name) => {}
            None => {
                return Err(format!(
                    "`{name}` cannot be a class in Python; give the type another name with \
                     `#[flyte(rename = \"…\")]`"
                ));
            }
        }
        self.made_of.insert(name.clone(), Some(kind.shape.clone()));
        let definition = match &kind.shape {
            Shape::Enumeration { description, members, whole } => {
                enumeration(name, description, members, *whole)?
            }
            Shape::Object { description, fields, class } => {
                self.open.push(name.clone());
                let written = self.object(name, description, fields, *class);
                self.open.pop();
                written?
            }
            _ => return Ok(()),
        };
        self.definitions.push(definition);
        self.public.push(name.clone());
        Ok(())
    }

    fn object(
        &mut self,
        name: &str,
        description: &str,
        fields: &[FieldDescription],
        style: Class,
    ) -> Result<String, String> {
        let mut text = match style {
            Class::Dataclass => format!("@dataclasses.dataclass\nclass {name}:\n"),
            _ => {
                self.imports.module("pydantic");
                format!("class {name}(pydantic.BaseModel):\n")
            }
        };
        let told =
            if description.trim().is_empty() { "An object of the connector." } else { description };
        text.push_str(&docstring("    ", told));
        // A dataclass takes its fields by place, so a default may stand only where all that follow
        // have one.
        let last_required = fields.iter().rposition(|field| field.required);
        for (at, field) in fields.iter().enumerate() {
            if !names::is_field(&field.name) {
                return Err(format!(
                    "`{}` cannot be a field of the class `{name}` in Python; give it another name \
                     with `#[flyte(rename = \"…\")]`",
                    field.name
                ));
            }
            let kind = self.annotation(&field.kind)?;
            let (kind, default, note) = Fallback::of(field).of_kind(kind);
            let may = style == Class::Pydantic || last_required.is_none_or(|last| at > last);
            let default = default.filter(|_| may).map(|default| match style {
                Class::Dataclass => field_default(&default),
                // Pydantic copies defaults.
                _ => default,
            });
            let default = default.map(|default| format!(" = {default}")).unwrap_or_default();
            text.push_str(&format!("\n    {}: {}{default}\n", field.name, kind.of_field()));
            text.push_str(&docstring("    ", &[field.description.trim(), &note].join("\n")));
        }
        Ok(text)
    }
}

/// Whether two shapes of one name are one class. A class inside itself is only named, so the story of
/// one depends on where it began: names decide.
fn alike(one: &Shape, other: &Shape) -> bool {
    match (one, other) {
        (Shape::Object { fields: one, class, .. }, Shape::Object { fields, class: other, .. }) => {
            let told = |field: &FieldDescription| (field.name.clone(), field.kind.name.clone());
            class == other && one.iter().map(told).eq(fields.iter().map(told))
        }
        _ => one == other,
    }
}

fn enumeration(
    name: &str,
    description: &str,
    members: &[(String, String)],
    _whole: bool,
) -> Result<String, String> {
    let mut text = format!("class {name}(enum.Enum):\n");
    let told = if description.trim().is_empty() { "One of these." } else { description };
    text.push_str(&docstring("    ", told));
    text.push('\n');
    for (member, value) in members {
        if !names::is_identifier(member) || member.starts_with('_') {
            return Err(format!(
                "`{member}` cannot be a member of the enum `{name}` in Python; give it another \
                 name with `#[flyte(name = \"…\")]`"
            ));
        }
        text.push_str(&format!("    {member} = {}\n", string(value)));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use connector_core::typed::{Class, FieldDescription, TypeDescription};
    use serde_json::json;

    use super::{Fallback, Types};
    use crate::imports::Imports;

    fn object(name: &str, fields: &[FieldDescription]) -> TypeDescription {
        TypeDescription::object(name, "", fields, Class::Dataclass)
    }

    fn annotated(kinds: &[TypeDescription]) -> Result<(Vec<String>, Vec<String>), String> {
        let mut imports = Imports::default();
        let mut types = Types::new(&mut imports, ["File".to_owned()]);
        let texts: Result<Vec<String>, String> =
            kinds.iter().map(|kind| types.annotation(kind).map(|one| one.of_field())).collect();
        Ok((texts?, types.finish().0))
    }

    #[test]
    fn a_class_is_defined_once_and_before_its_use() {
        let leaf = object("Leaf", &[FieldDescription::of::<i64>("b", "")]);
        let field = FieldDescription { kind: leaf.clone(), ..FieldDescription::of::<i64>("a", "") };
        let (texts, definitions) =
            annotated(&[TypeDescription::list(&object("Tree", &[field])), leaf]).unwrap();
        assert_eq!(texts, ["list[Tree]", "Leaf"]);
        let classes: Vec<&str> =
            definitions.iter().filter_map(|text| text.lines().nth(1)).collect();
        assert_eq!(classes, ["class Leaf:", "class Tree:"]);
    }

    #[test]
    fn what_python_cannot_have_is_an_error_that_says_what_to_change() {
        let one = object("Leaf", &[FieldDescription::of::<i64>("a", "")]);
        let other = object("Leaf", &[FieldDescription::of::<String>("a", "")]);
        let keyword = object("Leaf", &[FieldDescription::of::<i64>("from", "")]);
        let member = TypeDescription::enumeration("Mode", "", &[("a-b", "c")]);
        for (kinds, part) in [
            (vec![one, other], "two classes `Leaf`"),
            (vec![keyword], "`from` cannot be a field of the class `Leaf`"),
            (vec![object("class", &[])], "`class` cannot be a class"),
            (vec![object("File", &[])], "two classes `File`"),
            (vec![member], "`a-b` cannot be a member of the enum `Mode`"),
        ] {
            let error = annotated(&kinds).unwrap_err();
            assert!(error.contains(part) && error.contains("#[flyte("), "{error}");
        }
    }

    #[test]
    fn types_of_an_authors_own_are_told_by_their_json_type() {
        let (texts, _) = annotated(&[
            TypeDescription::plain("Money", "string"),
            TypeDescription::plain("Odd", "array"),
            TypeDescription::union(&[
                TypeDescription::plain("int", "integer"),
                TypeDescription::formatted("datetime", "date-time"),
            ]),
        ])
        .unwrap();
        assert_eq!(texts, ["str", "Any", "int | datetime.datetime"]);
    }

    #[test]
    fn defaults_without_a_plain_word_are_left_to_the_service() {
        let mut field = FieldDescription::of::<i64>("a", "");
        assert_eq!(Fallback::of(&field), Fallback::None);
        (field.required, field.default) = (false, Some(json!("PT1M")));
        assert!(matches!(Fallback::of(&field), Fallback::OfService(told) if told.contains("PT1M")));
    }
}
