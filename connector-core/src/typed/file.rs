//! Files, directories and data frames: values that stay in storage and travel as references.
//! Inside objects they are maps, with the keys Python gives them; in Flyte 1 those are fewer, or others.

use rmpv::Value;

use super::describe::TypeDescription;
use super::form::Form;
use super::mismatch::Mismatches;
use super::object::{ValueFields, ValueFieldsOut};
use super::{FlyteType, Style};
use crate::flyte::{Flyte, reader};
use crate::pb;
use crate::pb::blob_type::BlobDimensionality;
use crate::pb::{literal, literal_type, scalar};

/// One file in storage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct File {
    /// Where it is.
    pub uri: String,
    /// Its format, such as `csv`; empty if not said.
    pub format: String,
    /// A hash of its content, if the producer gave one.
    pub hash: Option<String>,
    /// What people call it; only objects carry it.
    pub name: Option<String>,
}

/// A directory in storage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dir {
    /// Where it is.
    pub uri: String,
    /// The format of its files; empty if not said.
    pub format: String,
    /// A hash of its content, if the producer gave one.
    pub hash: Option<String>,
    /// What people call it; only objects carry it.
    pub name: Option<String>,
}

/// What files and directories have in common.
macro_rules! blobs {
    ($($type:ident $tag:literal $dimension:ident $found:literal),+) => {
        $(impl $type {
            /// One at that place.
            #[must_use]
            pub fn new(uri: impl Into<String>) -> Self {
                Self { uri: uri.into(), ..Self::default() }
            }

            /// Sets the format, such as `csv`.
            #[must_use]
            pub fn format(mut self, format: impl Into<String>) -> Self {
                self.format = format.into();
                self
            }

            /// Sets the hash of the content.
            #[must_use]
            pub fn hash(mut self, hash: impl Into<String>) -> Self {
                self.hash = Some(hash.into());
                self
            }

            /// Sets what people call it.
            #[must_use]
            pub fn name(mut self, name: impl Into<String>) -> Self {
                self.name = Some(name.into());
                self
            }
        }

        impl FlyteType for $type {
            const TAG: &'static str = $tag;

            fn literal_type() -> pb::LiteralType {
                let kind = literal_type::Type::Blob(blob_type("", BlobDimensionality::$dimension));
                pb::LiteralType { r#type: Some(kind), ..Default::default() }
            }

            fn describe() -> TypeDescription {
                TypeDescription::formatted($tag, "uri")
            }

            fn from_literal(literal: &pb::Literal) -> Result<Self, Mismatches> {
                let read = Self::from_form(Form::of(literal)?)?;
                Ok(Self { hash: content_hash(literal).or(read.hash), ..read })
            }

            fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
                match form {
                    Form::Blob(blob) => {
                        let declared = blob.metadata.as_ref().and_then(|m| m.r#type.as_ref());
                        let wanted = BlobDimensionality::$dimension;
                        if declared.is_some_and(|declared| declared.dimensionality != wanted as i32) {
                            return Err(Mismatches::expected($tag, $found));
                        }
                        let format = declared.map(|declared| declared.format.clone());
                        Ok(Self {
                            uri: blob.uri.clone(),
                            format: format.unwrap_or_default(),
                            ..Self::default()
                        })
                    }
                    object @ Form::Fields(_) => {
                        let mut fields = ValueFields::of(object, $tag)?;
                        let uri = fields.take::<String>("path");
                        let format = fields.take_or::<String>("format", String::new);
                        let hash = fields.take::<Option<String>>("hash");
                        let name = fields.take::<Option<String>>("name");
                        fields.finish((|| {
                            Some(Self { uri: uri?, format: format?, hash: hash?, name: name? })
                        })())
                    }
                    other => Err(Mismatches::expected($tag, other)),
                }
            }

            fn into_literal(self) -> Result<pb::Literal, Mismatches> {
                let r#type = Some(blob_type(&self.format, BlobDimensionality::$dimension));
                let metadata = Some(pb::BlobMetadata { r#type });
                let blob = pb::Blob { metadata, uri: self.uri };
                Ok(pb::Literal {
                    hash: self.hash.unwrap_or_default(),
                    ..of_scalar(scalar::Value::Blob(blob))
                })
            }

            fn into_value(self, style: Style) -> Result<Value, Mismatches> {
                let mut fields = ValueFieldsOut::new(style);
                fields.put("path", self.uri);
                if reader() == Flyte::V1 {
                    return fields.finish();
                }
                fields.put("name", self.name);
                fields.put("format", self.format);
                fields.put("hash", self.hash);
                fields.finish()
            }

            fn is_own(form: &Form<'_>) -> bool {
                Self::from_form(form.clone()).is_ok()
            }
        })+
    };
}

blobs!(File "File" Single "a directory", Dir "Dir" Multipart "a file");

fn blob_type(format: &str, dimensionality: BlobDimensionality) -> pb::BlobType {
    pb::BlobType { format: format.to_owned(), dimensionality: dimensionality as i32 }
}

fn of_scalar(value: scalar::Value) -> pb::Literal {
    let scalar = Box::new(pb::Scalar { value: Some(value) });
    pb::Literal { value: Some(literal::Value::Scalar(scalar)), ..Default::default() }
}

/// The hash that a literal carries beside its value; wrapped for a union it has it inside.
fn content_hash(literal: &pb::Literal) -> Option<String> {
    if !literal.hash.is_empty() {
        return Some(literal.hash.clone());
    }
    let Some(literal::Value::Scalar(scalar)) = &literal.value else {
        return None;
    };
    match &scalar.value {
        Some(scalar::Value::Union(union)) => union.value.as_deref().and_then(content_hash),
        _ => None,
    }
}

/// A data frame in storage.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct DataFrame {
    /// Where it is.
    pub uri: String,
    /// How it is stored, such as `parquet`; empty if not said.
    pub format: String,
    /// A hash of its content, if the producer gave one; objects do not carry it.
    pub hash: Option<String>,
    /// Its declared columns and schema, if the producer gave them.
    pub schema: Option<pb::StructuredDatasetType>,
}

impl DataFrame {
    /// One at that place, in that format.
    #[must_use]
    pub fn new(uri: impl Into<String>, format: impl Into<String>) -> Self {
        Self { uri: uri.into(), format: format.into(), ..Self::default() }
    }

    /// Sets the hash of the content.
    #[must_use]
    pub fn hash(mut self, hash: impl Into<String>) -> Self {
        self.hash = Some(hash.into());
        self
    }

    /// Sets columns and schema.
    #[must_use]
    pub fn schema(mut self, schema: pb::StructuredDatasetType) -> Self {
        self.schema = Some(schema);
        self
    }
}

impl FlyteType for DataFrame {
    const TAG: &'static str = "DataFrame Transformer";

    fn literal_type() -> pb::LiteralType {
        let kind = literal_type::Type::StructuredDatasetType(pb::StructuredDatasetType::default());
        pb::LiteralType { r#type: Some(kind), ..Default::default() }
    }

    fn describe() -> TypeDescription {
        TypeDescription::formatted("DataFrame", "uri")
    }

    fn from_literal(literal: &pb::Literal) -> Result<Self, Mismatches> {
        let read = Self::from_form(Form::of(literal)?)?;
        Ok(Self { hash: content_hash(literal), ..read })
    }

    fn from_form(form: Form<'_>) -> Result<Self, Mismatches> {
        match form {
            Form::Table(table) => {
                let metadata = table.metadata.as_ref();
                let schema = metadata.and_then(|m| m.structured_dataset_type.clone());
                let format = schema.as_ref().map(|schema| schema.format.clone());
                let (uri, format) = (table.uri.clone(), format.unwrap_or_default());
                Ok(Self { uri, format, hash: None, schema })
            }
            object @ Form::Fields(_) => {
                let mut fields = ValueFields::of(object, "DataFrame")?;
                let uri = fields.take::<String>("uri");
                let format = fields.take_or::<String>("format", String::new);
                let old = fields.take_or::<String>("file_format", String::new);
                fields.finish((|| {
                    let format = format.filter(|format| !format.is_empty()).or(old);
                    Some(Self { uri: uri?, format: format?, ..Self::default() })
                })())
            }
            other => Err(Mismatches::expected("a DataFrame", other)),
        }
    }

    fn into_literal(self) -> Result<pb::Literal, Mismatches> {
        let Self { uri, format, hash, schema } = self;
        let structured_dataset_type =
            Some(pb::StructuredDatasetType { format, ..schema.unwrap_or_default() });
        // Readers look into the metadata without asking whether it is there.
        let metadata = Some(pb::StructuredDatasetMetadata { structured_dataset_type });
        let table = pb::StructuredDataset { uri, metadata };
        Ok(pb::Literal {
            hash: hash.unwrap_or_default(),
            ..of_scalar(scalar::Value::StructuredDataset(table))
        })
    }

    fn into_value(self, style: Style) -> Result<Value, Mismatches> {
        let mut fields = ValueFieldsOut::new(style);
        fields.put("uri", self.uri);
        fields.put(if reader() == Flyte::V1 { "file_format" } else { "format" }, self.format);
        fields.finish()
    }

    fn is_own(form: &Form<'_>) -> bool {
        Self::from_form(form.clone()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::FlyteType;
    use super::{DataFrame, File};

    #[test]
    fn a_hash_survives_inside_a_union() {
        let file = File::new("s3://b/f").hash("abc");
        let wrapped = Some(file.clone()).into_literal().unwrap();
        assert!(wrapped.hash.is_empty(), "it stands beside the value");
        assert_eq!(Option::<File>::from_literal(&wrapped), Ok(Some(file.clone())));
        assert_eq!(File::from_literal(&wrapped), Ok(file));
        let frame = DataFrame::new("s3://b/t", "csv").hash("abc");
        let read = DataFrame::from_literal(&frame.into_literal().unwrap()).unwrap();
        assert_eq!(read.hash.as_deref(), Some("abc"));
    }
}
