//! Compares two descriptor sets by all that matters on the wire, one readable line a difference.
//! The interop test calls it with the server's set and the one that `dump_descriptors.py` wrote.
//! Pure: no files, no Python. Comments, options and order of declaration are not compared.

use std::collections::{BTreeMap, BTreeSet};

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    FileDescriptorSet, ServiceDescriptorProto,
};

/// The services from which everything is reached.
pub const ROOTS: [&str; 2] =
    ["flyteidl2.connector.AsyncConnectorService", "flyteidl2.connector.ConnectorMetadataService"];

/// Every difference between `ours` and `official`, as seen from [`ROOTS`].
///
/// Each line starts with the side that lacks the fact, so a change shows up twice.
pub fn differences(ours: &FileDescriptorSet, official: &FileDescriptorSet) -> Vec<String> {
    let (ours, official) = (facts(ours, &ROOTS), facts(official, &ROOTS));
    let missing = official.difference(&ours);
    let extra = ours.difference(&official);
    missing
        .map(|fact| format!("missing in ours: {fact}"))
        .chain(extra.map(|fact| format!("missing in official: {fact}")))
        .collect()
}

/// One line for each service, call, message, field, enum and enum value reachable from `roots`.
///
/// A root or a type that the set does not hold is a fact too: it never goes unnoticed.
pub fn facts(set: &FileDescriptorSet, roots: &[&str]) -> BTreeSet<String> {
    let index = Index::new(set);
    let mut found = BTreeSet::new();
    let mut pending = Vec::new();
    for root in roots {
        if let Some((file, service)) = index.services.get(*root) {
            describe_service(root, file, service, &mut found, &mut pending);
        } else {
            found.insert(format!("absent service {root}"));
        }
    }
    let mut seen = BTreeSet::new();
    while let Some(name) = pending.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        if let Some((file, message)) = index.messages.get(&name) {
            describe_message(&name, file, message, &mut found, &mut pending);
        } else if let Some((file, shape)) = index.enums.get(&name) {
            describe_enum(&name, file, shape, &mut found);
        } else {
            found.insert(format!("absent type {name}"));
        }
    }
    found
}

type Found<'a, T> = BTreeMap<String, (&'a FileDescriptorProto, &'a T)>;

/// Everything in a set by its full name, without the leading dot.
#[derive(Default)]
struct Index<'a> {
    services: Found<'a, ServiceDescriptorProto>,
    messages: Found<'a, DescriptorProto>,
    enums: Found<'a, EnumDescriptorProto>,
}

impl<'a> Index<'a> {
    fn new(set: &'a FileDescriptorSet) -> Self {
        let mut index = Self::default();
        for file in &set.file {
            let package = file.package();
            for service in &file.service {
                let name = join(package, service.name());
                index.services.insert(name, (file, service));
            }
            for shape in &file.enum_type {
                index.enums.insert(join(package, shape.name()), (file, shape));
            }
            for message in &file.message_type {
                index.add_message(package, file, message);
            }
        }
        index
    }

    fn add_message(
        &mut self,
        scope: &str,
        file: &'a FileDescriptorProto,
        message: &'a DescriptorProto,
    ) {
        let name = join(scope, message.name());
        for shape in &message.enum_type {
            self.enums.insert(join(&name, shape.name()), (file, shape));
        }
        for nested in &message.nested_type {
            self.add_message(&name, file, nested);
        }
        self.messages.insert(name, (file, message));
    }
}

fn describe_service(
    name: &str,
    file: &FileDescriptorProto,
    service: &ServiceDescriptorProto,
    found: &mut BTreeSet<String>,
    pending: &mut Vec<String>,
) {
    found.insert(format!("service {name} {}", place(file)));
    for call in &service.method {
        let (input, output) = (plain(call.input_type()), plain(call.output_type()));
        found.insert(format!(
            "call {name}.{}({}{input}) returns ({}{output})",
            call.name(),
            stream(call.client_streaming()),
            stream(call.server_streaming()),
        ));
        pending.extend([input.to_owned(), output.to_owned()]);
    }
}

fn describe_message(
    name: &str,
    file: &FileDescriptorProto,
    message: &DescriptorProto,
    found: &mut BTreeSet<String>,
    pending: &mut Vec<String>,
) {
    let options = message.options.as_ref();
    let kind =
        if options.is_some_and(|options| options.map_entry()) { "map entry" } else { "message" };
    found.insert(format!("{kind} {name} {}", place(file)));
    for field in &message.field {
        if !field.type_name().is_empty() {
            pending.push(plain(field.type_name()).to_owned());
        }
        found.insert(describe_field(name, file, message, field));
    }
}

fn describe_field(
    scope: &str,
    file: &FileDescriptorProto,
    message: &DescriptorProto,
    field: &FieldDescriptorProto,
) -> String {
    let mut line = format!(
        "field {scope}.{} = {}: {} {}",
        field.name(),
        field.number(),
        label(field),
        kind(field),
    );
    if field.label() == Label::Repeated && may_be_packed(field.r#type()) {
        let stated = field.options.as_ref().and_then(|options| options.packed);
        let packed = stated.unwrap_or(file.syntax() == "proto3");
        line.push_str(if packed { ", packed" } else { ", not packed" });
    }
    if let Some(at) = field.oneof_index {
        let oneof = usize::try_from(at).ok();
        let oneof = oneof.and_then(|at| message.oneof_decl.get(at));
        let oneof = oneof.map_or("of a number that is not there", |oneof| oneof.name());
        line.push_str(&format!(", in oneof {oneof}"));
    }
    if field.proto3_optional() {
        line.push_str(", presence tracked");
    }
    line.push_str(&format!(", json {}", json_name(field)));
    line
}

fn describe_enum(
    name: &str,
    file: &FileDescriptorProto,
    shape: &EnumDescriptorProto,
    found: &mut BTreeSet<String>,
) {
    found.insert(format!("enum {name} {}", place(file)));
    for value in &shape.value {
        found.insert(format!("value {name}.{} = {}", value.name(), value.number()));
    }
}

/// Where something is declared. An empty syntax means proto2.
fn place(file: &FileDescriptorProto) -> String {
    let syntax = match file.syntax() {
        "" => "proto2",
        stated => stated,
    };
    format!("in {} ({syntax})", file.name())
}

fn kind(field: &FieldDescriptorProto) -> String {
    let kind = field.r#type().as_str_name();
    let kind = kind.trim_start_matches("TYPE_").to_lowercase();
    match plain(field.type_name()) {
        "" => kind,
        named => format!("{kind} {named}"),
    }
}

fn label(field: &FieldDescriptorProto) -> &'static str {
    match field.label() {
        Label::Optional => "optional",
        Label::Required => "required",
        Label::Repeated => "repeated",
    }
}

/// The JSON name, which some compilers leave out of a descriptor when it is the usual one.
fn json_name(field: &FieldDescriptorProto) -> String {
    if let Some(stated) = &field.json_name {
        return stated.clone();
    }
    let mut name = String::new();
    let mut after_underscore = false;
    for letter in field.name().chars() {
        if letter == '_' {
            after_underscore = true;
        } else if std::mem::take(&mut after_underscore) {
            name.push(letter.to_ascii_uppercase());
        } else {
            name.push(letter);
        }
    }
    name
}

fn may_be_packed(kind: Type) -> bool {
    !matches!(kind, Type::String | Type::Bytes | Type::Message | Type::Group)
}

fn stream(streaming: bool) -> &'static str {
    if streaming { "stream " } else { "" }
}

fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}

fn plain(type_name: &str) -> &str {
    type_name.trim_start_matches('.')
}

#[cfg(test)]
#[path = "parity_tests.rs"]
mod tests;
