//! The types of a connector as Python annotations, and the classes they need, each written once.
//! `parts` and `task` ask for them field by field; `classes` writes the definitions, in an order that
//! Python can read.

use std::collections::BTreeSet;

use connector_core::host::Shape;
use connector_core::typed::TypeDescription;

use crate::imports::Imports;
use crate::{doubts, names};

/// A type in the text of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Annotation {
    /// The type.
    pub(crate) text: String,
    /// Whether it names a class that is being defined.
    forward: bool,
}

impl Annotation {
    fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), forward: false }
    }

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

/// Who reads an annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Flyte, which chooses by it how a value travels, and knows no `Any`.
    Flyte,
    /// A checker of types, and nobody else.
    Checker,
    /// Mashumaro or pydantic, inside a class.
    Class,
}

/// A class of the module.
#[derive(Debug)]
struct Known {
    /// What it is called in Python.
    name: String,
    /// The type it stands for.
    kind: TypeDescription,
}

/// The classes a module defines.
#[derive(Debug)]
pub(crate) struct Types<'a> {
    pub(crate) imports: &'a mut Imports,
    /// Names in use.
    taken: BTreeSet<String>,
    known: Vec<Known>,
    /// Which of them are being defined, from the outside in.
    open: Vec<usize>,
    definitions: Vec<String>,
    public: Vec<String>,
    doubts: Vec<String>,
}

/// What has been defined.
#[derive(Debug)]
pub(crate) struct Definitions {
    /// The texts, each before its first use.
    pub(crate) texts: Vec<String>,
    /// The names they have.
    pub(crate) public: Vec<String>,
    /// What Flyte's SDK cannot do with them.
    pub(crate) doubts: Vec<String>,
}

impl<'a> Types<'a> {
    /// No classes yet; `reserved` are names that the module needs itself.
    pub(crate) fn new(
        imports: &'a mut Imports,
        reserved: impl IntoIterator<Item = String>,
    ) -> Self {
        Self {
            imports,
            taken: reserved.into_iter().collect(),
            known: Vec::new(),
            open: Vec::new(),
            definitions: Vec::new(),
            public: Vec::new(),
            doubts: Vec::new(),
        }
    }

    /// All classes.
    pub(crate) fn finish(self) -> Definitions {
        let Self { definitions: texts, public, doubts, .. } = self;
        Definitions { texts, public, doubts }
    }

    /// Adds what somebody should know before relying on the module; once is enough.
    pub(crate) fn doubt(&mut self, doubt: String) {
        if !self.doubts.contains(&doubt) {
            self.doubts.push(doubt);
        }
    }

    /// Whether a class has this name, which a field of that name would hide from those below it.
    pub(crate) fn is_class(&self, name: &str) -> bool {
        self.known.iter().any(|known| known.name == name)
    }

    /// The annotation of a type. What it is made of is defined on the way.
    ///
    /// # Errors
    /// A class or a field that cannot be in Python.
    pub(crate) fn annotation(
        &mut self,
        kind: &TypeDescription,
        reader: Reader,
    ) -> Result<Annotation, String> {
        Ok(match &kind.shape {
            Shape::Plain => Annotation::plain(self.plain(kind, reader)),
            Shape::List(item) => self.joined("list", &[item], reader)?,
            Shape::Map(key, value) => {
                // With other keys than text it is one object, whatever it is in.
                let whole = key.name != "str" && reader == Reader::Flyte;
                let reader = if whole { Reader::Class } else { reader };
                self.joined("dict", &[key, value], reader)?
            }
            Shape::Tuple(items) => {
                let reader = if reader == Reader::Flyte { Reader::Class } else { reader };
                self.joined("tuple", &items.iter().collect::<Vec<_>>(), reader)?
            }
            Shape::Optional(inner) => self.annotation(inner, reader)?.or_none(),
            Shape::Union(variants) => {
                if reader == Reader::Flyte {
                    doubts::of_union(variants).into_iter().for_each(|doubt| self.doubt(doubt));
                }
                let mut texts = Vec::new();
                let mut forward = false;
                for variant in variants {
                    // Beside others, `Any` would be all there is.
                    let reader = match (reader, is_json(variant)) {
                        (Reader::Class, true) => Reader::Flyte,
                        _ => reader,
                    };
                    let variant = self.annotation(variant, reader)?;
                    forward |= variant.forward;
                    texts.push(variant.text);
                }
                Annotation { text: texts.join(" | "), forward }
            }
            Shape::Enumeration { .. } | Shape::Object { .. } => {
                let at = self.define(kind)?;
                Annotation { text: self.name_of(at), forward: self.open.contains(&at) }
            }
            Shape::Named => match self.known_by_name(&kind.name) {
                Some(at) => Annotation { text: self.name_of(at), forward: self.open.contains(&at) },
                None => Annotation::plain("Any"),
            },
        })
    }

    /// What a class that was defined is called in Python.
    pub(crate) fn class_of(&self, kind: &TypeDescription) -> Option<&str> {
        self.known.iter().find(|known| alike(&known.kind, kind)).map(|known| known.name.as_str())
    }

    fn name_of(&self, at: usize) -> String {
        self.known.get(at).map(|known| known.name.clone()).unwrap_or_default()
    }

    /// The innermost class of that name: a class inside itself is told by its name alone.
    fn known_by_name(&self, name: &str) -> Option<usize> {
        let called = |at: &usize| self.known.get(*at).is_some_and(|known| known.kind.name == name);
        let open = self.open.iter().rev().copied().find(|at| called(at));
        open.or_else(|| (0..self.known.len()).rev().find(called))
    }

    fn joined(
        &mut self,
        outer: &str,
        kinds: &[&TypeDescription],
        reader: Reader,
    ) -> Result<Annotation, String> {
        let mut texts = Vec::new();
        let mut forward = false;
        for kind in kinds {
            let inner = self.annotation(kind, reader)?;
            forward |= inner.forward;
            texts.push(inner.text);
        }
        Ok(Annotation { text: format!("{outer}[{}]", texts.join(", ")), forward })
    }

    /// A type without parts; one that an author named himself is told by its JSON type.
    fn plain(&mut self, kind: &TypeDescription, reader: Reader) -> String {
        let name = kind.name.as_str();
        match name {
            "dict" => match reader {
                // Whatever is inside the brackets, Flyte would pickle it.
                Reader::Flyte => "dict",
                Reader::Class if is_json(kind) => "Any",
                Reader::Checker | Reader::Class => "dict[str, Any]",
            }
            .to_owned(),
            "int" | "float" | "str" | "bool" | "bytes" | "None" => name.to_owned(),
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

    /// Defines a class unless it has been defined, and answers which it is.
    fn define(&mut self, kind: &TypeDescription) -> Result<usize, String> {
        if let Some(at) = self.known.iter().position(|known| alike(&known.kind, kind)) {
            return Ok(at);
        }
        let name = names::type_name(&kind.name, |name| self.taken.contains(name));
        self.taken.insert(name.clone());
        let at = self.known.len();
        self.known.push(Known { name: name.clone(), kind: kind.clone() });
        self.open.push(at);
        let written = self.definition(&name, kind);
        self.open.pop();
        self.definitions.push(written?);
        self.public.push(name);
        Ok(at)
    }
}

/// Whether a type is any JSON, which Python has as a bare `dict` where Flyte reads it.
pub(crate) fn is_json(kind: &TypeDescription) -> bool {
    kind.name == "dict" && kind.shape == Shape::Plain && kind.schema.get("type").is_none()
}

/// Whether two types are one class. A class inside itself is only named, so that what is told of one
/// depends on where the telling began: there the names decide.
fn alike(one: &TypeDescription, other: &TypeDescription) -> bool {
    if one.name != other.name {
        return false;
    }
    let all = |one: &[TypeDescription], other: &[TypeDescription]| {
        one.len() == other.len() && one.iter().zip(other).all(|(one, other)| alike(one, other))
    };
    match (&one.shape, &other.shape) {
        (Shape::Named, _) | (_, Shape::Named) => true,
        (Shape::Object { fields: one, class, .. }, Shape::Object { fields, class: other, .. }) => {
            class == other
                && one.len() == fields.len()
                && one.iter().zip(fields).all(|(one, other)| {
                    one.name == other.name
                        && one.required == other.required
                        && alike(&one.kind, &other.kind)
                })
        }
        (Shape::List(one), Shape::List(other)) | (Shape::Optional(one), Shape::Optional(other)) => {
            alike(one, other)
        }
        (Shape::Map(key, value), Shape::Map(other_key, other_value)) => {
            alike(key, other_key) && alike(value, other_value)
        }
        (Shape::Union(one), Shape::Union(other)) | (Shape::Tuple(one), Shape::Tuple(other)) => {
            all(one, other)
        }
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use connector_core::FlyteType;
    use connector_core::typed::{Class, FieldDescription, TypeDescription};
    use serde_json::Value as Json;

    use super::{Reader, Types};
    use crate::imports::Imports;

    pub(crate) fn object(name: &str, fields: &[FieldDescription]) -> TypeDescription {
        TypeDescription::object(name, "", fields, Class::Dataclass)
    }

    fn annotated(kinds: &[TypeDescription], reader: Reader) -> (Vec<String>, Vec<String>) {
        let mut imports = Imports::default();
        let mut types = Types::new(&mut imports, ["Mapping".to_owned()]);
        let texts = kinds.iter().map(|kind| types.annotation(kind, reader).unwrap().of_field());
        (texts.collect(), types.finish().texts)
    }

    fn classes(definitions: &[String]) -> Vec<&str> {
        definitions.iter().filter_map(|text| text.lines().nth(1)).collect()
    }

    #[test]
    fn a_class_is_defined_once_and_before_its_use() {
        let leaf = object("Leaf", &[FieldDescription::of::<i64>("b", "")]);
        let mut field = FieldDescription::of::<i64>("a", "");
        field.kind = leaf.clone();
        let tree = TypeDescription::list(&object("Tree", &[field]));
        let (texts, definitions) = annotated(&[tree, leaf], Reader::Flyte);
        assert_eq!(texts, ["list[Tree]", "Leaf"]);
        assert_eq!(classes(&definitions), ["class Leaf:", "class Tree:"]);
    }

    #[test]
    fn two_types_of_one_name_are_two_classes() {
        let one = object("Leaf", &[FieldDescription::of::<i64>("a", "")]);
        let other = object("Leaf", &[FieldDescription::of::<String>("a", "")]);
        // A class of one name inside another of it.
        let mut inner = FieldDescription::of::<i64>("a", "");
        inner.kind = other.clone();
        let outer = object("Leaf", &[inner]);
        let kinds = [one, other, outer, object("class", &[]), object("Mapping", &[])];
        let (texts, definitions) = annotated(&kinds, Reader::Flyte);
        assert_eq!(texts, ["Leaf", "Leaf2", "Leaf3", "class_", "Mapping2"]);
        assert!(definitions[2].contains("a: Leaf2"), "{}", definitions[2]);
        assert_eq!(definitions.len(), 5);
    }

    #[test]
    fn json_is_what_its_reader_takes() {
        let kinds = [
            Json::describe(),
            Vec::<Json>::describe(),
            Option::<Json>::describe(),
            TypeDescription::map(&i64::describe(), &Json::describe()),
            TypeDescription::tuple(&[i64::describe(), Json::describe()]),
            TypeDescription::union(&[i64::describe(), Json::describe()]),
        ];
        let (texts, _) = annotated(&kinds, Reader::Flyte);
        let inside = ["dict[int, Any]", "tuple[int, Any]", "int | dict"];
        assert_eq!(texts, [&["dict", "list[dict]", "dict | None"][..], &inside].concat());
        let (texts, _) = annotated(&kinds, Reader::Class);
        assert_eq!(texts, [&["Any", "list[Any]", "Any"][..], &inside].concat());
        let (texts, _) = annotated(&kinds[..1], Reader::Checker);
        assert_eq!(texts, ["dict[str, Any]"]);
    }

    #[test]
    fn types_of_an_authors_own_are_told_by_their_json_type() {
        let kinds = [
            TypeDescription::plain("Money", "string"),
            TypeDescription::plain("Odd", "array"),
            TypeDescription::union(&[
                TypeDescription::plain("int", "integer"),
                TypeDescription::formatted("datetime", "date-time"),
            ]),
        ];
        let (texts, _) = annotated(&kinds, Reader::Flyte);
        assert_eq!(texts, ["str", "Any", "int | datetime.datetime"]);
    }
}
