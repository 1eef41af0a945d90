//! Tags of values in unions: the names of the transformers of Python's type engine.
//! `form` and `union` ask which there are, and what a value under each can look like.
//! A tag that nobody knows, or that does not go with its value, is refused and never guessed around.

use super::msgpack;
use crate::pb;
use crate::pb::blob_type::BlobDimensionality;
use crate::pb::{literal, primitive, scalar};

/// The tag of a declared type.
pub(super) fn of(declared: Option<&pb::LiteralType>) -> &str {
    let structure = declared.and_then(|declared| declared.structure.as_ref());
    structure.map(|structure| structure.tag.as_str()).unwrap_or_default()
}

const DATACLASS: &str = "Object-Dataclass-Transformer";
const PYDANTIC: &str = "Pydantic Transformer";
const NAMED_TUPLE: &str = "NamedTuple";
const TYPED_DICT: &str = "TypedDict";
const TUPLE: &str = "Typed Tuple";

/// The name that Flyte 2 has for what Flyte 1 tagged otherwise.
pub(super) fn canonical(tag: &str) -> &str {
    match tag {
        "FlyteFilePath" => "File",
        "FlyteDirectory" => "Dir",
        "StructuredDataset Transformer" => "DataFrame Transformer",
        "LiteralTypeTransformer" => "DefaultEnumTransformer",
        other => other,
    }
}

/// The name that Flyte 1 has for it.
pub(super) fn of_flyte_1(tag: &'static str) -> &'static str {
    match tag {
        "File" => "FlyteFilePath",
        "Dir" => "FlyteDirectory",
        "DataFrame Transformer" => "StructuredDataset Transformer",
        other => other,
    }
}

/// Whether a value under `tag` may be read as a type whose tag is `own`: the same, or one that says
/// no more than the type can hold.
pub(super) fn may_be(own: &str, tag: &str) -> bool {
    let tag = canonical(tag);
    own == tag
        || matches!((own, tag), ("float", "int") | ("datetime", "date") | ("date", "datetime"))
        || is_object(own) && is_object(tag)
}

fn is_object(tag: &str) -> bool {
    [DATACLASS, PYDANTIC, NAMED_TUPLE, TYPED_DICT].contains(&tag)
}

pub(super) fn is_known(tag: &str) -> bool {
    let tag = canonical(tag);
    is_object(tag)
        || [
            "int",
            "float",
            "str",
            "bool",
            "datetime",
            "date",
            "timedelta",
            "none",
            "Typed List",
            "Typed Dict",
            "Typed Union",
            "DefaultEnumTransformer",
            "Protobuf-Transformer",
            "File",
            "Dir",
            "DataFrame Transformer",
            "FlytePickle",
            TUPLE,
        ]
        .contains(&tag)
}

/// Whether a value can be under a tag. What a task takes out of an object by its name comes as
/// msgpack whatever it is, and a form has doubles only.
pub(super) fn goes_with(tag: &str, literal: &pb::Literal) -> bool {
    use primitive::Value as Primitive;
    use scalar::Value as Scalar;

    let tag = canonical(tag);
    let scalar = match &literal.value {
        // Where the value is stored elsewhere nothing is known of it; reading it says so.
        Some(literal::Value::OffloadedMetadata(_)) => return true,
        Some(literal::Value::Collection(_)) => {
            return matches!(tag, "Typed List" | "Protobuf-Transformer");
        }
        Some(literal::Value::Map(_)) => return tag == "Typed Dict",
        Some(literal::Value::Scalar(scalar)) => scalar.value.as_ref(),
        None => None,
    };
    let Some(scalar) = scalar else {
        // It came without a value; reading it says so.
        return true;
    };
    match scalar {
        Scalar::Primitive(primitive) => match &primitive.value {
            Some(Primitive::Integer(_) | Primitive::FloatValue(_)) => {
                matches!(tag, "int" | "float")
            }
            Some(Primitive::StringValue(_)) => matches!(tag, "str" | "DefaultEnumTransformer"),
            Some(Primitive::Boolean(_)) => tag == "bool",
            Some(Primitive::Datetime(_)) => matches!(tag, "datetime" | "date"),
            Some(Primitive::Duration(_)) => tag == "timedelta",
            None => true,
        },
        Scalar::NoneType(_) => tag == "none",
        Scalar::Blob(blob) => {
            let kind = blob.metadata.as_ref().and_then(|metadata| metadata.r#type.as_ref());
            let many = kind
                .is_some_and(|kind| kind.dimensionality == BlobDimensionality::Multipart as i32);
            tag == "FlytePickle" || tag == if many { "Dir" } else { "File" }
        }
        Scalar::StructuredDataset(_) => tag == "DataFrame Transformer",
        Scalar::Generic(_) => {
            is_object(tag) || matches!(tag, TUPLE | "Typed Dict" | "Protobuf-Transformer")
        }
        Scalar::Binary(binary) if binary.tag == msgpack::TAG => {
            !matches!(tag, "none" | "FlytePickle" | "Protobuf-Transformer")
        }
        Scalar::Binary(binary) if binary.tag.is_empty() => tag == "FlytePickle",
        Scalar::Union(_) => tag == "Typed Union",
        // Kinds that no type reads; reading them says so.
        Scalar::Binary(_) | Scalar::Schema(_) | Scalar::Error(_) => true,
    }
}

pub(super) fn scalar_of(literal: &pb::Literal) -> Option<&scalar::Value> {
    match &literal.value {
        Some(literal::Value::Scalar(scalar)) => scalar.value.as_ref(),
        _ => None,
    }
}
