//! What the gRPC port says of itself: every file of its services, and which of them declares a name.
//! `reflection` asks. Built at the first question, as most servers are never asked and a start must be quick.

use prost_reflect::{DescriptorError, DescriptorPool, EnumDescriptor, FileDescriptor};

use crate::pb::FILE_DESCRIPTOR_SET;

/// Every file that can be asked for.
#[derive(Debug)]
pub(super) struct Described {
    pool: DescriptorPool,
}

impl Described {
    /// The services of this port with all they import, and the files that every protobuf library has:
    /// tools ask for `descriptor.proto` when they meet an option.
    ///
    /// # Errors
    /// Descriptors that do not fit together, which would be a broken build.
    pub(super) fn new() -> Result<Self, DescriptorError> {
        let mut pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET)?;
        for set in [
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        ] {
            pool.decode_file_descriptor_set(set)?;
        }
        let common = DescriptorPool::global();
        let missing: Vec<_> = common
            .file_descriptor_protos()
            .filter(|file| pool.get_file_by_name(file.name()).is_none())
            .cloned()
            .collect();
        pool.add_file_descriptor_protos(missing)?;
        Ok(Self { pool })
    }

    /// The names of all services.
    pub(super) fn services(&self) -> impl Iterator<Item = String> {
        self.pool.services().map(|service| service.full_name().to_owned())
    }

    /// The file of that name, encoded.
    pub(super) fn file(&self, name: &str) -> Option<Vec<u8>> {
        Some(self.pool.get_file_by_name(name)?.encode_to_vec())
    }

    /// The file that declares a symbol, encoded.
    pub(super) fn file_of_symbol(&self, symbol: &str) -> Option<Vec<u8>> {
        let found = self.of_its_own(symbol).or_else(|| self.part_of_another(symbol));
        Some(found?.encode_to_vec())
    }

    /// The file that extends a message with that number, encoded.
    pub(super) fn file_of_extension(&self, message: &str, number: i32) -> Option<Vec<u8>> {
        let message = self.pool.get_message_by_name(message)?;
        let extension = message.get_extension(u32::try_from(number).ok()?)?;
        Some(extension.parent_file().encode_to_vec())
    }

    /// The numbers a message is extended with; `None` for what is no message here.
    pub(super) fn extensions(&self, message: &str) -> Option<Vec<i32>> {
        let message = self.pool.get_message_by_name(message)?;
        // Field numbers end far below the largest `i32`.
        Some(message.extensions().filter_map(|it| i32::try_from(it.number()).ok()).collect())
    }

    fn of_its_own(&self, symbol: &str) -> Option<FileDescriptor> {
        let pool = &self.pool;
        None.or_else(|| Some(pool.get_message_by_name(symbol)?.parent_file()))
            .or_else(|| Some(pool.get_service_by_name(symbol)?.parent_file()))
            .or_else(|| Some(pool.get_enum_by_name(symbol)?.parent_file()))
            .or_else(|| Some(pool.get_extension_by_name(symbol)?.parent_file()))
    }

    fn part_of_another(&self, symbol: &str) -> Option<FileDescriptor> {
        let (scope, name) = symbol.rsplit_once('.').unwrap_or(("", symbol));
        if let Some(message) = self.pool.get_message_by_name(scope)
            && (message.get_field_by_name(name).is_some()
                || message.oneofs().any(|oneof| oneof.name() == name))
        {
            return Some(message.parent_file());
        }
        if let Some(service) = self.pool.get_service_by_name(scope)
            && service.methods().any(|method| method.name() == name)
        {
            return Some(service.parent_file());
        }
        // Protobuf puts the values of an enum beside the enum, not into it.
        let beside = |it: &EnumDescriptor| {
            it.full_name().strip_suffix(it.name()).map(|scope| scope.trim_end_matches('.'))
                == Some(scope)
        };
        let mut beside = self.pool.all_enums().filter(beside);
        let found = beside.find(|it| it.get_value_by_name(name).is_some())?;
        Some(found.parent_file())
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use prost_types::FileDescriptorProto;

    use super::Described;

    #[test]
    fn every_kind_of_symbol_is_found_where_protobuf_declares_it() {
        let described = Described::new().expect("the descriptors fit together");
        let name =
            |file: Vec<u8>| FileDescriptorProto::decode(file.as_slice()).unwrap().name.unwrap();
        let declared = |symbol: &str| described.file_of_symbol(symbol).map(name);
        let connector = "flyteidl2/connector/connector.proto";
        for (symbol, file) in [
            ("flyteidl2.connector.CreateTaskRequest", connector),
            ("flyteidl2.connector.CreateTaskRequest.inputs", connector),
            ("flyteidl2.connector.GetTaskLogsResponse.part", connector),
            (
                "flyteidl2.connector.AsyncConnectorService.GetTask",
                "flyteidl2/connector/service.proto",
            ),
            ("flyteidl2.core.TaskExecution.Phase", "flyteidl2/core/execution.proto"),
            ("flyteidl2.core.TaskExecution.RETRYABLE_FAILED", "flyteidl2/core/execution.proto"),
            ("flyteidl2.core.SimpleType", "flyteidl2/core/types.proto"),
            ("flyteidl2.core.INTEGER", "flyteidl2/core/types.proto"),
            ("google.protobuf.FileDescriptorProto", "google/protobuf/descriptor.proto"),
            ("google.protobuf.NULL_VALUE", "google/protobuf/struct.proto"),
        ] {
            assert_eq!(declared(symbol).as_deref(), Some(file), "{symbol}");
        }
        for symbol in [
            "flyteidl2.core.TaskExecution.Phase.RETRYABLE_FAILED",
            "flyteidl2.core",
            "CreateTaskRequest",
            "",
            ".",
            "flyteidl2.core.",
        ] {
            assert_eq!(declared(symbol), None, "{symbol}");
        }
    }

    #[test]
    fn files_are_found_by_name_and_extensions_by_message() {
        let described = Described::new().unwrap();
        for file in ["google/protobuf/descriptor.proto", "google/protobuf/any.proto"] {
            assert!(described.file(file).is_some(), "{file}");
        }
        assert!(described.file("no/such.proto").is_none());
        let options = "google.protobuf.FieldOptions";
        assert_eq!(described.extensions(options), Some(Vec::new()));
        assert_eq!(described.extensions("no.Such"), None);
        assert_eq!(described.file_of_extension(options, 1), None);
        assert_eq!(described.file_of_extension(options, -1), None);
    }
}
