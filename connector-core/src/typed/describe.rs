//! What a connector takes and gives, as data: for people, for JSON Schema, for generated code.
//! Types and derives fill it; `connector-server describe` prints it.

use serde_json::{Value as Json, json};

use super::Style;
use crate::pb;

/// A type, for people and for machines.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TypeDescription {
    /// The name a Python author would write, such as `list[int]`.
    pub name: String,
    /// The JSON Schema of its values.
    pub schema: Json,
    /// What it is made of; for a server, as `host` is.
    #[doc(hidden)]
    pub shape: Shape,
}

/// What a type is made of, for generated code: a schema keeps neither the order of fields nor what
/// is specific to Python.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Nothing else: the name says all.
    Plain,
    /// Values of one type.
    List(Box<TypeDescription>),
    /// Keys and values.
    Map(Box<TypeDescription>, Box<TypeDescription>),
    /// The type, or nothing.
    Optional(Box<TypeDescription>),
    /// One of these types.
    Union(Vec<TypeDescription>),
    /// One value of each of these types.
    Tuple(Vec<TypeDescription>),
    /// One of several names.
    Enumeration {
        /// What it is for.
        description: String,
        /// Names and values, in order.
        members: Vec<(String, String)>,
        /// Whether the values are whole numbers, and the enum an `IntEnum`.
        whole: bool,
    },
    /// Named fields.
    Object {
        /// What it is for.
        description: String,
        /// The fields, in order.
        fields: Vec<FieldDescription>,
        /// Which of Python's classes it stands for.
        class: Class,
    },
    /// An object inside itself: its fields are told further out.
    Named,
}

/// Which of Python's families of classes a struct stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Class {
    /// A dataclass.
    #[default]
    Dataclass,
    /// A pydantic model.
    Pydantic,
    /// A `NamedTuple`: alone it is written as a model, inside objects as a list.
    NamedTuple,
    /// A `TypedDict`: alone it is written as a model, inside objects as their other fields are.
    TypedDict,
}

impl Class {
    /// How the fields of a class are spelled where it stands alone.
    #[must_use]
    pub(crate) const fn alone(self) -> Style {
        match self {
            Self::Dataclass => Style::Dataclass,
            Self::Pydantic | Self::NamedTuple => Style::Pydantic,
            Self::TypedDict => Style::TypedDict,
        }
    }

    /// How its fields are spelled inside an object that is spelled in the style given.
    #[must_use]
    pub(crate) const fn inside(self, style: Style) -> Style {
        match (self, style) {
            (_, Style::Dataclass) => Style::Dataclass,
            (Self::Pydantic, Style::Pydantic | Style::TypedDict) => Style::Pydantic,
            (Self::TypedDict, Style::TypedDict) => Style::TypedDict,
            _ => Style::Within,
        }
    }
}

impl TypeDescription {
    fn of(name: impl Into<String>, schema: Json) -> Self {
        Self { name: name.into(), schema, shape: Shape::Plain }
    }

    fn made_of(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }

    /// A type with a JSON type of its own.
    #[must_use]
    pub fn plain(name: &str, json_type: &str) -> Self {
        Self::of(name, json!({"type": json_type}))
    }

    /// A type that JSON writes as text in a format.
    #[must_use]
    pub fn formatted(name: &str, format: &str) -> Self {
        Self::of(name, json!({"type": "string", "format": format}))
    }

    /// Any value.
    #[must_use]
    pub fn anything() -> Self {
        Self::of("Any", json!({}))
    }

    /// Any JSON. Flyte has a type for objects of any content only, which is Python's bare `dict`.
    #[must_use]
    pub fn json() -> Self {
        Self::of("dict", json!({}))
    }

    /// Whole numbers in a range; the full range of Flyte's integers goes without saying.
    #[must_use]
    pub fn integer(least: i128, most: i128) -> Self {
        let mut schema = json!({"type": "integer"});
        for (key, bound, unsaid) in
            [("minimum", least, i128::from(i64::MIN)), ("maximum", most, i128::from(i64::MAX))]
        {
            if bound != unsaid
                && let Ok(bound) = i64::try_from(bound)
            {
                set(&mut schema, key, bound);
            }
        }
        Self::of("int", schema)
    }

    /// A list.
    #[must_use]
    pub fn list(item: &Self) -> Self {
        let schema = json!({"type": "array", "items": item.schema});
        Self::of(format!("list[{}]", item.name), schema).made_of(Shape::List(item.clone().into()))
    }

    /// A map.
    #[must_use]
    pub fn map(key: &Self, value: &Self) -> Self {
        let schema = json!({"type": "object", "additionalProperties": value.schema});
        Self::of(format!("dict[{}, {}]", key.name, value.name), schema)
            .made_of(Shape::Map(key.clone().into(), value.clone().into()))
    }

    /// A type or nothing.
    #[must_use]
    pub fn optional(inner: &Self) -> Self {
        let schema = json!({"anyOf": [inner.schema, {"type": "null"}]});
        Self::of(format!("{} | None", inner.name), schema)
            .made_of(Shape::Optional(inner.clone().into()))
    }

    /// One of several types.
    #[must_use]
    pub fn union(variants: &[Self]) -> Self {
        let names: Vec<&str> = variants.iter().map(|variant| variant.name.as_str()).collect();
        let schemas: Vec<&Json> = variants.iter().map(|variant| &variant.schema).collect();
        Self::of(names.join(" | "), json!({"anyOf": schemas}))
            .made_of(Shape::Union(variants.to_vec()))
    }

    /// A fixed number of values of given types.
    #[must_use]
    pub fn tuple(items: &[Self]) -> Self {
        let names: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
        let schemas: Vec<&Json> = items.iter().map(|item| &item.schema).collect();
        let schema = json!({"type": "array", "prefixItems": schemas, "minItems": items.len(), "maxItems": items.len()});
        Self::of(format!("tuple[{}]", names.join(", ")), schema)
            .made_of(Shape::Tuple(items.to_vec()))
    }

    /// One of several names, each with the value it stands for in Python.
    #[must_use]
    pub fn enumeration(name: &str, description: &str, members: &[(&str, &str)]) -> Self {
        let names: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
        let mut schema = json!({"title": name, "type": "string", "enum": names});
        describe(&mut schema, description);
        let members = members.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Self::of(name, schema).made_of(Shape::Enumeration {
            description: description.to_owned(),
            members: members.collect(),
            whole: false,
        })
    }

    /// The same enumeration, whose values are whole numbers.
    #[must_use]
    pub fn of_whole_numbers(mut self) -> Self {
        if let Shape::Enumeration { whole, .. } = &mut self.shape {
            *whole = true;
        }
        self
    }

    /// An object with named fields.
    #[must_use]
    pub fn object(
        name: &str,
        description: &str,
        fields: &[FieldDescription],
        class: Class,
    ) -> Self {
        let mut schema = object_schema(fields);
        set(&mut schema, "title", name);
        describe(&mut schema, description);
        Self::of(name, schema).made_of(Shape::Object {
            description: description.to_owned(),
            fields: fields.to_vec(),
            class,
        })
    }

    /// An object by its name only, where its fields are told elsewhere.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self::of(name, json!({"type": "object", "title": name})).made_of(Shape::Named)
    }

    /// The name as part of a sentence: `an int`, `a list[str]`.
    #[must_use]
    pub fn article(&self) -> String {
        let vowel = self.name.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O']);
        format!("{} {}", if vowel { "an" } else { "a" }, self.name)
    }
}

/// Adds a key to a schema, which is always an object.
fn set(schema: &mut Json, key: &str, value: impl Into<Json>) {
    if let Json::Object(schema) = schema {
        schema.insert(key.to_owned(), value.into());
    }
}

fn describe(schema: &mut Json, description: &str) {
    if !description.is_empty() {
        set(schema, "description", description);
    }
}

fn object_schema(fields: &[FieldDescription]) -> Json {
    let properties: serde_json::Map<String, Json> =
        fields.iter().map(|field| (field.name.clone(), field.schema())).collect();
    let required: Vec<&str> =
        fields.iter().filter(|field| field.required).map(|field| field.name.as_str()).collect();
    json!({"type": "object", "properties": properties, "required": required})
}

/// One input, output, setting or secret.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FieldDescription {
    /// Its name on the wire.
    pub name: String,
    /// Its type.
    pub kind: TypeDescription,
    /// Its type as a task's interface declares it; `None` for what no interface declares: secrets and
    /// settings of a connection.
    pub declared: Option<pb::LiteralType>,
    /// What it is for.
    pub description: String,
    /// Whether it must be given.
    pub required: bool,
    /// What counts where it is not given.
    pub default: Option<Json>,
    /// Whether its value must not be shown.
    pub secret: bool,
}

impl FieldDescription {
    fn schema(&self) -> Json {
        let mut schema = self.kind.schema.clone();
        describe(&mut schema, &self.description);
        if let Some(default) = &self.default {
            set(&mut schema, "default", default.clone());
        }
        if self.secret {
            set(&mut schema, "writeOnly", true);
        }
        schema
    }
}

/// Everything a connector takes and gives. `None` where it takes anything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Interface {
    /// Settings in `TaskTemplate.custom`.
    pub config: Option<Vec<FieldDescription>>,
    /// Inputs.
    pub inputs: Option<Vec<FieldDescription>>,
    /// Outputs.
    pub outputs: Option<Vec<FieldDescription>>,
    /// Secrets and settings of the connection.
    pub connection: Option<Vec<FieldDescription>>,
}

impl Interface {
    /// The parts and their names, in the order people read them.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, Option<&[FieldDescription]>); 4] {
        [
            ("config", self.config.as_deref()),
            ("inputs", self.inputs.as_deref()),
            ("outputs", self.outputs.as_deref()),
            ("connection", self.connection.as_deref()),
        ]
    }

    /// One JSON Schema, with a property for each part; a part that takes anything is open.
    #[must_use]
    pub fn to_json_schema(&self, title: &str) -> Json {
        let properties: serde_json::Map<String, Json> = self
            .parts()
            .into_iter()
            .map(|(name, fields)| {
                let schema = fields.map_or_else(|| json!({"type": "object"}), object_schema);
                (name.to_owned(), schema)
            })
            .collect();
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": title,
            "type": "object",
            "properties": properties,
        })
    }
}
