//! What Flyte 1 shares with Flyte 2 is the same on the wire: every field of a message that the code
//! generator takes one of Flyte 2 for has its number, its type and its label there.

use std::collections::BTreeMap;

use prost::Message as _;
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorSet};

use super::FILE_DESCRIPTOR_SET;

/// Messages of the services, and what stands for them. Those of `flyteidl.core` are named alike.
const SHARED: [(&str, &str); 11] = [
    ("flyteidl.admin.CreateTaskRequest", "flyteidl2.connector.CreateTaskRequest"),
    ("flyteidl.admin.CreateTaskResponse", "flyteidl2.connector.CreateTaskResponse"),
    ("flyteidl.admin.TaskExecutionMetadata", "flyteidl2.connector.TaskExecutionMetadata"),
    ("flyteidl.admin.TaskCategory", "flyteidl2.connector.TaskCategory"),
    ("flyteidl.admin.GetTaskResponse", "flyteidl2.connector.GetTaskResponse"),
    ("flyteidl.admin.DeleteTaskResponse", "flyteidl2.connector.DeleteTaskResponse"),
    ("flyteidl.admin.GetTaskMetricsResponse", "flyteidl2.connector.GetTaskMetricsResponse"),
    ("flyteidl.admin.GetTaskLogsResponse", "flyteidl2.connector.GetTaskLogsResponse"),
    ("flyteidl.admin.Resource", "flyteidl2.connector.Resource"),
    ("flyteidl.core.LiteralMap", "flyteidl2.task.Inputs"),
    ("flyteidl.core.LiteralMap", "flyteidl2.task.Outputs"),
];

/// Fields that the other side does not have: the first one nobody sends, the others stay unset in jobs, and
/// where they are sent there is a message of its own.
const OF_FLYTE_1_ALONE: [&str; 3] = [
    "flyteidl.admin.TaskExecutionMetadata.overrides",
    "flyteidl.admin.Resource.state",
    "flyteidl.admin.Resource.agent_error",
];

struct Described {
    messages: BTreeMap<String, DescriptorProto>,
    enums: BTreeMap<String, EnumDescriptorProto>,
}

impl Described {
    fn new() -> Self {
        let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).expect("the set decodes");
        let mut described = Self { messages: BTreeMap::new(), enums: BTreeMap::new() };
        for file in set.file {
            let package = file.package().to_owned();
            described.add_enums(&package, file.enum_type);
            file.message_type.into_iter().for_each(|it| described.add_message(&package, it));
        }
        described
    }

    fn add_message(&mut self, scope: &str, message: DescriptorProto) {
        let name = format!("{scope}.{}", message.name());
        self.add_enums(&name, message.enum_type.clone());
        message.nested_type.iter().for_each(|it| self.add_message(&name, it.clone()));
        self.messages.insert(name, message);
    }

    fn add_enums(&mut self, scope: &str, enums: Vec<EnumDescriptorProto>) {
        for shape in enums {
            self.enums.insert(format!("{scope}.{}", shape.name()), shape);
        }
    }

    /// What of the first message reads otherwise as the second; pairs that were seen are not asked again.
    fn differences(&self, pair: (&str, &str), seen: &mut Vec<(String, String)>) -> Vec<String> {
        let (first, second) = (pair.0.to_owned(), pair.1.to_owned());
        if first == second || seen.contains(&(first.clone(), second.clone())) {
            return Vec::new();
        }
        seen.push((first.clone(), second.clone()));
        if let (Some(first), Some(second)) = (self.enums.get(&first), self.enums.get(&second)) {
            let same = |value: &prost_types::EnumValueDescriptorProto| {
                second.value.iter().any(|it| it.number() == value.number())
            };
            let gone = first.value.iter().filter(|value| !same(value));
            return gone.map(|value| format!("{} is no {}", value.name(), second.name())).collect();
        }
        let Some(messages) = self.messages.get(&first).zip(self.messages.get(&second)) else {
            return vec![format!("{first} and {second} are not both there")];
        };
        let mut found = Vec::new();
        for field in &messages.0.field {
            let name = format!("{first}.{}", field.name());
            let same = messages.1.field.iter().find(|it| it.number() == field.number());
            let Some(same) = same else {
                found.extend((!OF_FLYTE_1_ALONE.contains(&&*name)).then_some(name));
                continue;
            };
            if (field.r#type(), field.label()) != (same.r#type(), same.label()) {
                found.push(format!("{name} is another type in {second}"));
            }
            if matches!(field.r#type(), Type::Message | Type::Enum) {
                let plain = |name: &str| name.trim_start_matches('.').to_owned();
                let types = (plain(field.type_name()), plain(same.type_name()));
                found.extend(self.differences((&types.0, &types.1), seen));
            }
        }
        found
    }
}

#[test]
fn what_stands_for_another_message_reads_as_it() {
    let described = Described::new();
    let mut seen = Vec::new();
    for pair in SHARED {
        assert_eq!(described.differences(pair, &mut seen), Vec::<String>::new(), "{pair:?}");
    }
    let literals = ("flyteidl.core.Literal".to_owned(), "flyteidl2.core.Literal".to_owned());
    assert!(seen.len() > 50 && seen.contains(&literals), "only {seen:?}");
}

#[test]
fn a_difference_is_seen() {
    let described = Described::new();
    let told = |name: &str, of_second: &str| {
        let (first, second) = (format!("flyteidl.admin.{name}"), format!("flyteidl2.{of_second}"));
        described.differences((&first, &second), &mut Vec::new())
    };
    assert_eq!(
        told("GetTaskRequest", "connector.GetTaskRequest"),
        ["flyteidl.admin.GetTaskRequest.task_type"]
    );
    assert!(!told("Agent", "connector.Connector").is_empty());
}
