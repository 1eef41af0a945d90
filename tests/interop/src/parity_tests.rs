//! Proves that the comparison in `parity` can fail: each kind of change to a set is noticed.
//! Needs no Python: the server's own descriptors are compared with changed copies of themselves.
//! The comparison with the official package is the interop test's.

use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FieldOptions, FileDescriptorProto,
    FileDescriptorSet,
};

use super::{ROOTS, differences, facts};

fn ours() -> FileDescriptorSet {
    let bytes = include_bytes!("../../../connector-service/src/pb/descriptors.bin");
    let mut set = FileDescriptorSet::decode(bytes.as_slice()).unwrap();
    // Flyte 1 has messages of the same names.
    set.file.retain(|file| !file.package().starts_with("flyteidl."));
    set
}

fn file<'a>(set: &'a mut FileDescriptorSet, name: &str) -> &'a mut FileDescriptorProto {
    let mut files = set.file.iter_mut();
    files.find(|file| file.name() == name).unwrap()
}

fn message<'a>(set: &'a mut FileDescriptorSet, name: &str) -> &'a mut DescriptorProto {
    let mut all = set.file.iter_mut().flat_map(|file| &mut file.message_type);
    all.find(|message| message.name() == name).unwrap()
}

fn field<'a>(
    set: &'a mut FileDescriptorSet,
    scope: &str,
    name: &str,
) -> &'a mut FieldDescriptorProto {
    let mut fields = message(set, scope).field.iter_mut();
    fields.find(|field| field.name() == name).unwrap()
}

fn nested_enum<'a>(set: &'a mut FileDescriptorSet, scope: &str) -> &'a mut EnumDescriptorProto {
    &mut message(set, scope).enum_type[0]
}

/// Applies one change and returns the differences in both directions of comparison, which must
/// mirror each other.
fn after(change: impl FnOnce(&mut FileDescriptorSet)) -> Vec<String> {
    let original = ours();
    let mut changed = original.clone();
    change(&mut changed);
    let lines = differences(&changed, &original);
    assert_eq!(differences(&original, &changed).len(), lines.len());
    lines
}

#[track_caller]
fn assert_lines(lines: &[String], wanted: &[&str]) {
    assert_eq!(lines, wanted, "{lines:#?}");
}

#[test]
fn equal_sets_do_not_differ_and_are_not_empty() {
    assert_lines(&after(|_| {}), &[]);
    let facts = facts(&ours(), &ROOTS);
    for kind in ["service ", "call ", "message ", "map entry ", "field ", "enum ", "value "] {
        assert!(facts.iter().any(|fact| fact.starts_with(kind)), "{kind}");
    }
    let absent: Vec<_> = facts.iter().filter(|f| f.starts_with("absent")).collect();
    assert_eq!(absent, Vec::<&String>::new());
    let self_contained = "field google.protobuf.Struct.fields = 1: repeated message \
                          google.protobuf.Struct.FieldsEntry, json fields";
    assert!(facts.contains(self_contained));
}

#[test]
fn a_renamed_field_is_noticed() {
    let lines = after(|set| field(set, "Literal", "hash").name = Some("digest".to_owned()));
    assert_lines(
        &lines,
        &[
            "missing in ours: field flyteidl2.core.Literal.hash = 4: optional string, json hash",
            "missing in official: field flyteidl2.core.Literal.digest = 4: optional string, json hash",
        ],
    );
}

#[test]
fn a_field_number_is_noticed() {
    let lines = after(|set| field(set, "Resource", "phase").number = Some(7));
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contains("Resource.phase = 5:"), "{lines:#?}");
    assert!(lines[1].contains("Resource.phase = 7:"), "{lines:#?}");
}

#[test]
fn a_field_type_is_noticed() {
    let lines = after(|set| {
        field(set, "TaskCategory", "version").set_type(Type::Uint32);
    });
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contains("optional int32"), "{lines:#?}");
    assert!(lines[1].contains("optional uint32"), "{lines:#?}");
}

#[test]
fn a_message_type_is_noticed() {
    let lines = after(|set| {
        field(set, "CreateTaskRequest", "inputs").type_name =
            Some(".flyteidl2.core.LiteralMap".to_owned());
    });
    assert!(lines[0].contains("message flyteidl2.task.Inputs,"), "{lines:#?}");
}

#[test]
fn a_label_is_noticed() {
    let lines = after(|set| {
        field(set, "Resource", "log_links").set_label(Label::Optional);
    });
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contains(": repeated message"), "{lines:#?}");
    assert!(lines[1].contains(": optional message"), "{lines:#?}");
}

#[test]
fn leaving_a_oneof_is_noticed() {
    let lines = after(|set| field(set, "Scalar", "union").oneof_index = None);
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contains(", in oneof value,"), "{lines:#?}");
    assert!(!lines[1].contains("oneof"), "{lines:#?}");
}

#[test]
fn a_renamed_oneof_is_noticed_at_each_member() {
    let lines = after(|set| {
        message(set, "GetTaskLogsResponse").oneof_decl[0].name = Some("piece".to_owned());
    });
    assert_eq!(lines.len(), 4, "{lines:#?}");
}

#[test]
fn tracked_presence_is_noticed() {
    let lines = after(|set| field(set, "Backoff", "factor").proto3_optional = None);
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contains("presence tracked"), "{lines:#?}");
}

#[test]
fn a_json_name_is_noticed_and_a_usual_one_may_be_left_out() {
    let change = |name: Option<&str>| {
        let name = name.map(str::to_owned);
        after(|set| field(set, "TaskLog", "link_type").json_name = name)
    };
    assert_eq!(change(Some("link")).len(), 2);
    assert_lines(&change(None), &[]);
}

#[test]
fn packing_is_noticed() {
    let repeated = |packed: Option<bool>| {
        let mut set = ours();
        let field = field(&mut set, "TaskCategory", "version");
        field.set_label(Label::Repeated);
        field.options =
            packed.map(|packed| FieldOptions { packed: Some(packed), ..FieldOptions::default() });
        set
    };
    assert_lines(&differences(&repeated(None), &repeated(Some(true))), &[]);
    let lines = differences(&repeated(Some(false)), &repeated(None));
    assert_eq!(lines.len(), 2);
    assert!(lines[1].contains(", not packed"), "{lines:#?}");
}

#[test]
fn an_enum_value_is_noticed() {
    let lines = after(|set| nested_enum(set, "TaskExecution").value[8].number = Some(9));
    assert_lines(
        &lines,
        &[
            "missing in ours: value flyteidl2.core.TaskExecution.Phase.RETRYABLE_FAILED = 8",
            "missing in official: value flyteidl2.core.TaskExecution.Phase.RETRYABLE_FAILED = 9",
        ],
    );
    let lines = after(|set| nested_enum(set, "TaskExecution").value[0].name = Some("NIL".into()));
    assert_eq!(lines.len(), 2, "{lines:#?}");
}

#[test]
fn a_dropped_call_is_noticed() {
    let lines = after(|set| {
        let file = file(set, "flyteidl2/connector/service.proto");
        file.service[0].method.retain(|call| call.name() != "GetTaskLogs");
    });
    let wanted = "missing in ours: call flyteidl2.connector.AsyncConnectorService.GetTaskLogs\
                  (flyteidl2.connector.GetTaskLogsRequest) returns \
                  (stream flyteidl2.connector.GetTaskLogsResponse)";
    assert!(lines.iter().any(|line| line == wanted), "{lines:#?}");
}

#[test]
fn a_streaming_flag_is_noticed() {
    let lines = after(|set| {
        let file = file(set, "flyteidl2/connector/service.proto");
        file.service[0].method[0].server_streaming = Some(true);
    });
    assert_eq!(lines.len(), 2);
    assert!(lines[1].contains("CreateTask(") && lines[1].contains("(stream "), "{lines:#?}");
}

#[test]
fn a_dropped_message_is_noticed_by_name() {
    let lines = after(|set| {
        let file = file(set, "flyteidl2/core/security.proto");
        file.message_type.retain(|message| message.name() != "Connection");
    });
    let absent = "missing in official: absent type flyteidl2.core.Connection";
    assert!(lines.iter().any(|line| line == absent), "{lines:#?}");
    let gone = "missing in ours: message flyteidl2.core.Connection in \
                flyteidl2/core/security.proto (proto3)";
    assert!(lines.iter().any(|line| line == gone), "{lines:#?}");
}

#[test]
fn a_dropped_service_is_noticed() {
    let lines = after(|set| {
        file(set, "flyteidl2/connector/service.proto").service.pop();
    });
    let absent = "missing in official: absent service flyteidl2.connector.ConnectorMetadataService";
    assert!(lines.iter().any(|line| line == absent), "{lines:#?}");
}

#[test]
fn a_map_entry_type_is_noticed() {
    let lines = after(|set| {
        let entry = &mut message(set, "Connection").nested_type[0];
        entry.field[1].set_type(Type::Bytes);
    });
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contains("Connection.SecretsEntry.value = 2: optional string"), "{lines:#?}");
}

#[test]
fn a_map_that_became_a_list_is_noticed() {
    let lines = after(|set| message(set, "Connection").nested_type[0].options = None);
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contains("map entry flyteidl2.core.Connection.SecretsEntry"), "{lines:#?}");
}

#[test]
fn another_syntax_or_file_is_noticed() {
    let change = |change: fn(&mut FileDescriptorProto)| {
        after(|set| change(file(set, "flyteidl2/core/metrics.proto")))
    };
    let syntax = change(|file| file.syntax = None);
    assert!(syntax[1].ends_with("metrics.proto (proto2)"), "{syntax:#?}");
    let moved = change(|file| file.name = Some("flyteidl2/core/moved.proto".to_owned()));
    assert!(moved[1].contains("moved.proto"), "{moved:#?}");
}

#[test]
fn an_added_field_is_noticed() {
    let lines = after(|set| {
        let mut added = field(set, "TaskCategory", "name").clone();
        added.name = Some("extra".to_owned());
        added.json_name = None;
        added.number = Some(3);
        message(set, "TaskCategory").field.push(added);
    });
    assert_lines(
        &lines,
        &["missing in official: field flyteidl2.connector.TaskCategory.extra = 3: \
           optional string, json extra"],
    );
}
