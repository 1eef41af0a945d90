//! What the derives of the four parts of a task call: a struct's fields, named once and then read or described.
//! Expansions reach it through `__private`; nothing else calls it. Objects inside values are in `record`.
//! One concrete reader for every purpose keeps expansions, and what is compiled of them, small.

pub use prost_types::Struct;

use super::FlyteType;
use super::connection::{ConnectionFields, ConnectionValue, SecretValue};
use super::describe::FieldDescription;
use super::fields::LiteralFields;
pub use super::fields::LiteralFieldsOut;
use super::mismatch::Mismatches;
pub use super::object::Glance;
use super::object::ValueFields;
use super::optional::OptionalField;
use crate::error::Result;
use crate::pb;
use crate::secret::OperatorSecrets;
use crate::task::NamedLiterals;

/// What `describe` of the four parts returns.
pub type Descriptions = Option<Vec<FieldDescription>>;

/// Where a derived struct takes its fields from; or nowhere, to learn which there are.
#[derive(Debug)]
pub enum Reader<'a> {
    /// A task's inputs.
    Literals(&'a mut LiteralFields),
    /// An object.
    Values(&'a mut ValueFields),
    /// Nowhere: the fields are described.
    Descriptions(&'a mut Vec<FieldDescription>),
    /// Nowhere: an object is looked at from outside.
    Glance(Glance<'a>),
}

impl Reader<'_> {
    /// Takes a field; it must be there, unless its type can be absent.
    pub fn take<T: FlyteType>(&mut self, name: &str, doc: &str) -> Option<T> {
        match self {
            Self::Literals(fields) => fields.take(name),
            Self::Values(fields) => fields.take(name),
            Self::Descriptions(fields) => {
                fields.push(FieldDescription::of::<T>(name, doc));
                None
            }
            Self::Glance(glance) => {
                glance.see::<T>(name);
                None
            }
        }
    }

    /// Takes a field that was said to be optional.
    pub fn take_optional<T: FlyteType + OptionalField>(
        &mut self,
        name: &str,
        doc: &str,
    ) -> Option<T> {
        self.take(name, doc)
    }

    /// Takes a field that has a default.
    pub fn take_or<T: FlyteType>(
        &mut self,
        name: &str,
        doc: &str,
        default: fn() -> T,
    ) -> Option<T> {
        match self {
            Self::Literals(fields) => fields.take_or(name, default),
            Self::Values(fields) => fields.take_or(name, default),
            Self::Descriptions(fields) => {
                fields.push(FieldDescription::of::<T>(name, doc).with_default(default()));
                None
            }
            Self::Glance(glance) => {
                glance.see_or::<T>(name);
                None
            }
        }
    }
}

/// Where a derived connection takes its fields from; or nowhere, to learn which there are.
#[derive(Debug)]
pub enum ConnectionReader<'a> {
    /// A connection.
    Connection(&'a mut ConnectionFields),
    /// Nowhere: the fields are described.
    Descriptions(&'a mut Vec<FieldDescription>),
}

impl ConnectionReader<'_> {
    /// Takes a setting; it must be there, unless its type can be absent.
    pub fn take<T: ConnectionValue>(&mut self, name: &str, doc: &str) -> Option<T> {
        match self {
            Self::Connection(fields) => fields.take(name),
            Self::Descriptions(fields) => {
                fields.push(FieldDescription::of_setting::<T>(name, doc));
                None
            }
        }
    }

    /// Takes a setting that was said to be optional.
    pub fn take_optional<T: ConnectionValue + OptionalField>(
        &mut self,
        name: &str,
        doc: &str,
    ) -> Option<T> {
        self.take(name, doc)
    }

    /// Takes a setting that has a default.
    pub fn take_or<T: ConnectionValue>(
        &mut self,
        name: &str,
        doc: &str,
        default: fn() -> T,
    ) -> Option<T> {
        match self {
            Self::Connection(fields) => fields.take_or(name, default),
            Self::Descriptions(fields) => {
                let field = FieldDescription::of_setting::<T>(name, doc);
                let default = Some(default().to_json());
                fields.push(FieldDescription { required: false, default, ..field });
                None
            }
        }
    }

    /// Takes a secret.
    pub fn take_secret<T: SecretValue>(&mut self, name: &str, doc: &str) -> Option<T> {
        match self {
            Self::Connection(fields) => fields.take_secret(name),
            Self::Descriptions(fields) => {
                fields.push(FieldDescription::of_secret::<T>(name, doc));
                None
            }
        }
    }
}

/// A struct with `#[derive(TaskInputs)]`.
pub trait DerivedInputs: Sized {
    /// Takes every field.
    fn read(fields: &mut Reader<'_>) -> Option<Self>;
}

/// A struct with `#[derive(TaskConfig)]`.
pub trait DerivedConfig: Sized {
    /// Takes every field.
    fn read(fields: &mut Reader<'_>) -> Option<Self>;
}

/// A struct with `#[derive(TaskConnection)]`.
pub trait DerivedConnection: Sized {
    /// Takes every field.
    fn read(fields: &mut ConnectionReader<'_>) -> Option<Self>;
}

/// A struct with `#[derive(TaskOutputs)]`.
pub trait DerivedOutputs: Sized {
    /// How the outputs are described and written.
    fn codec() -> OutputCodec<Self>;
}

/// How outputs are described and written.
///
/// Both stand in one function of the expansion, so that a type that does not fit is one error.
#[derive(Debug)]
pub struct OutputCodec<O> {
    /// Describes every field.
    pub describe: fn(&mut OutputDescriptions),
    /// Writes every field.
    pub write: fn(O, &mut LiteralFieldsOut),
}

/// The outputs that were described.
#[derive(Debug, Default)]
pub struct OutputDescriptions(Vec<FieldDescription>);

impl OutputDescriptions {
    /// Describes an output. Every output is sent, so every one is required.
    pub fn add<T: FlyteType>(&mut self, name: &str, doc: &str) {
        self.0.push(FieldDescription { required: true, ..FieldDescription::of::<T>(name, doc) });
    }
}

/// Reads derived inputs.
///
/// # Errors
/// [`crate::ErrorKind::InvalidTask`], listing every problem.
pub fn read_inputs<T: DerivedInputs>(literals: NamedLiterals) -> Result<T> {
    let mut fields = LiteralFields::new(literals);
    let inputs = T::read(&mut Reader::Literals(&mut fields));
    fields.finish(inputs)
}

/// Describes derived inputs.
#[must_use]
pub fn describe_inputs<T: DerivedInputs>() -> Descriptions {
    described(|fields| drop(T::read(&mut Reader::Descriptions(fields))))
}

/// Reads derived settings.
///
/// # Errors
/// [`crate::ErrorKind::InvalidTask`], listing every problem.
pub fn read_config<T: DerivedConfig>(custom: &Struct) -> Result<T> {
    let mut fields = ValueFields::of_struct(custom);
    let config = T::read(&mut Reader::Values(&mut fields));
    fields
        .finish(config)
        .map_err(|found: Mismatches| found.into_error("the task's settings (`custom`)"))
}

/// Describes derived settings.
#[must_use]
pub fn describe_config<T: DerivedConfig>() -> Descriptions {
    described(|fields| drop(T::read(&mut Reader::Descriptions(fields))))
}

/// Reads a derived connection.
///
/// # Errors
/// [`crate::ErrorKind::InvalidTask`], listing every problem, never a value.
pub fn read_connection<T: DerivedConnection>(connection: pb::Connection) -> Result<T> {
    read_fields(ConnectionFields::new(connection))
}

/// Reads a derived connection, with the operator's secrets for what is missing.
///
/// # Errors
/// [`crate::ErrorKind::InvalidTask`], listing every problem, never a value.
pub fn read_connection_with<T: DerivedConnection>(
    connection: pb::Connection,
    operator: &OperatorSecrets,
) -> Result<T> {
    read_fields(ConnectionFields::with_operator(connection, operator))
}

fn read_fields<T: DerivedConnection>(mut fields: ConnectionFields) -> Result<T> {
    let connection = T::read(&mut ConnectionReader::Connection(&mut fields));
    fields.finish(connection)
}

/// Describes a derived connection.
#[must_use]
pub fn describe_connection<T: DerivedConnection>() -> Descriptions {
    described(|fields| drop(T::read(&mut ConnectionReader::Descriptions(fields))))
}

/// Writes derived outputs.
///
/// # Errors
/// A value that Flyte cannot carry, naming the output.
pub fn write_outputs<T: DerivedOutputs>(outputs: T) -> Result<NamedLiterals> {
    let mut fields = LiteralFieldsOut::new();
    (T::codec().write)(outputs, &mut fields);
    fields.finish()
}

/// Describes derived outputs.
#[must_use]
pub fn describe_outputs<T: DerivedOutputs>() -> Descriptions {
    let mut fields = OutputDescriptions::default();
    (T::codec().describe)(&mut fields);
    Some(fields.0)
}

fn described(read: impl FnOnce(&mut Vec<FieldDescription>)) -> Descriptions {
    let mut fields = Vec::new();
    read(&mut fields);
    Some(fields)
}
