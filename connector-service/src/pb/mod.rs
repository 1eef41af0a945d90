//! The connector services as the wire has them: requests, responses, server traits, and clients for tests
//! that dial a server.
//!
//! All of it is generated from Flyte's package `flyteidl2.connector`; the messages it shares with the rest
//! of Flyte are in [`connector_core::pb`].

// The sibling files are written by `cargo run -p codegen` from `proto/`; only this file is written by hand.
// No conversion belongs here.

/// The package `flyteidl2.connector`.
#[expect(
    missing_docs,
    unused_qualifications,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::doc_markdown,
    clippy::missing_errors_doc,
    reason = "generated: a field whose name says it all has no comment in proto/"
)]
mod connector {
    include!("flyteidl2.connector.rs");
}

pub mod flyte1;

pub use connector::*;

/// Every file the services need, encoded as a `FileDescriptorSet`, for gRPC reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("descriptors.bin");

#[cfg(test)]
mod shared_with_flyte1;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prost::Message as _;
    use prost_types::FileDescriptorSet;

    use super::{FILE_DESCRIPTOR_SET, connector, flyte1};

    fn described() -> FileDescriptorSet {
        FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).expect("the set decodes")
    }

    #[test]
    fn descriptors_hold_the_services_under_the_names_they_are_served_by() {
        let set = described();
        let services: BTreeSet<String> = set
            .file
            .iter()
            .flat_map(|file| {
                let named = file.service.iter();
                named.map(|service| format!("{}.{}", file.package(), service.name()))
            })
            .collect();
        let served = [
            connector::async_connector_service_server::SERVICE_NAME,
            connector::connector_metadata_service_server::SERVICE_NAME,
            flyte1::async_agent_service_server::SERVICE_NAME,
            flyte1::sync_agent_service_server::SERVICE_NAME,
            flyte1::agent_metadata_service_server::SERVICE_NAME,
        ];
        assert_eq!(services, served.map(str::to_owned).into());
    }

    #[test]
    fn descriptors_hold_every_imported_file_before_its_importer() {
        let mut seen = BTreeSet::new();
        for file in &described().file {
            for import in &file.dependency {
                assert!(seen.contains(import), "{} needs {import}", file.name());
            }
            seen.insert(file.name().to_owned());
        }
        assert!(seen.contains("google/protobuf/struct.proto"));
    }
}
