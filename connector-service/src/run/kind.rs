//! Declared types as the command line sees them: what kind they are, and what Python calls them.
//! `value` reads by them and names them in messages.

use connector_core::pb;
use connector_core::pb::blob_type::BlobDimensionality;
use connector_core::pb::literal_type::Type;

/// What values of a type look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    None,
    Integer,
    Float,
    Text,
    Truth,
    /// A date, where something says that it is no datetime: only the tag inside a union does.
    Day,
    Time,
    Span,
    Object,
    List,
    Map,
    Enum,
    File,
    Dir,
    Table,
    Union,
    /// Declared without a type.
    Unknown,
    /// Nothing the command line can write: pickles, old schemas.
    Other,
}

impl Kind {
    pub(super) fn of(declared: &pb::LiteralType) -> Self {
        match &declared.r#type {
            None => Self::Unknown,
            Some(Type::Simple(_)) => Self::of_simple(declared),
            Some(Type::CollectionType(_)) => Self::List,
            Some(Type::MapValueType(_)) => Self::Map,
            Some(Type::EnumType(_)) => Self::Enum,
            Some(Type::UnionType(_)) => Self::Union,
            Some(Type::StructuredDatasetType(_)) => Self::Table,
            Some(Type::Blob(blob)) if blob.format == "PythonPickle" => Self::Other,
            Some(Type::Blob(blob)) if blob.dimensionality() == BlobDimensionality::Multipart => {
                Self::Dir
            }
            Some(Type::Blob(_)) => Self::File,
            Some(Type::Schema(_)) => Self::Other,
        }
    }

    fn of_simple(declared: &pb::LiteralType) -> Self {
        let Some(Type::Simple(simple)) = &declared.r#type else { return Self::Other };
        match pb::SimpleType::try_from(*simple) {
            Ok(pb::SimpleType::None) => Self::None,
            Ok(pb::SimpleType::Integer) => Self::Integer,
            Ok(pb::SimpleType::Float) => Self::Float,
            Ok(pb::SimpleType::String) => Self::Text,
            Ok(pb::SimpleType::Boolean) => Self::Truth,
            Ok(pb::SimpleType::Datetime) if is_day(declared) => Self::Day,
            Ok(pb::SimpleType::Datetime) => Self::Time,
            Ok(pb::SimpleType::Duration) => Self::Span,
            Ok(pb::SimpleType::Struct) => Self::Object,
            Ok(pb::SimpleType::Binary | pb::SimpleType::Error) | Err(_) => Self::Other,
        }
    }
}

fn is_day(declared: &pb::LiteralType) -> bool {
    declared.structure.as_ref().is_some_and(|structure| structure.tag == "date")
}

/// What Python calls the type.
pub(super) fn name(declared: &pb::LiteralType) -> String {
    let of = |inner: &pb::LiteralType| name(inner);
    match (&declared.r#type, Kind::of(declared)) {
        (Some(Type::CollectionType(item)), _) => format!("list[{}]", of(item)),
        (Some(Type::MapValueType(value)), _) => format!("dict[str, {}]", of(value)),
        (Some(Type::UnionType(union)), _) => {
            union.variants.iter().map(of).collect::<Vec<_>>().join(" | ")
        }
        (_, Kind::None) => "None".to_owned(),
        (_, Kind::Integer) => "int".to_owned(),
        (_, Kind::Float) => "float".to_owned(),
        (_, Kind::Text) => "str".to_owned(),
        (_, Kind::Truth) => "bool".to_owned(),
        (_, Kind::Day) => "date".to_owned(),
        (_, Kind::Time) => "datetime".to_owned(),
        (_, Kind::Span) => "timedelta".to_owned(),
        (_, Kind::Object) => title(declared).unwrap_or("object").to_owned(),
        (_, Kind::Enum) => "enum".to_owned(),
        (_, Kind::File) => "File".to_owned(),
        (_, Kind::Dir) => "Dir".to_owned(),
        (_, Kind::Table) => "DataFrame".to_owned(),
        _ => "value the command line can write".to_owned(),
    }
}

/// What the author calls an object's class.
fn title(declared: &pb::LiteralType) -> Option<&str> {
    match &declared.metadata.as_ref()?.fields.get("title")?.kind {
        Some(prost_types::value::Kind::StringValue(title)) => Some(title),
        _ => None,
    }
}

/// The name as part of a sentence: `an int`, `a list[str]`.
pub(super) fn article(declared: &pb::LiteralType) -> String {
    let name = name(declared);
    let vowel = name.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O']);
    format!("{} {name}", if vowel { "an" } else { "a" })
}

pub(super) fn simple(simple: pb::SimpleType) -> pb::LiteralType {
    pb::LiteralType { r#type: Some(Type::Simple(simple.into())), ..Default::default() }
}

pub(super) fn list(item: pb::LiteralType) -> pb::LiteralType {
    pb::LiteralType { r#type: Some(Type::CollectionType(Box::new(item))), ..Default::default() }
}
