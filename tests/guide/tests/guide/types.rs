//! The guide's table of types, held against the types: what each is in Python, which literal it makes, and how `run`
//! writes it, which is typed into the shipped binary and read from it.
//! The texts around the table are the page's own.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use connector_core::jiff::civil::Date;
use connector_core::jiff::{SignedDuration, Timestamp};
use connector_core::pb::blob_type::BlobDimensionality;
use connector_core::pb::{literal, literal_type, primitive, scalar};
use connector_core::prelude::*;
use interop_tests::peer;
use prost::Message as _;
use serde_json::{Value as Json, json};

use crate::pages::book;
use crate::project::target;

#[derive(FlyteType)]
enum Mode {
    Fast,
    Slow,
}

#[derive(FlyteType)]
struct Point {
    x: f64,
    label: Option<String>,
}

#[derive(FlyteType)]
#[flyte(pydantic)]
struct Model {
    took: SignedDuration,
}

#[derive(FlyteType)]
enum Level {
    #[flyte(value = 1)]
    Low,
    #[flyte(value = 2)]
    High,
}

#[derive(FlyteType)]
#[flyte(named_tuple)]
struct Size {
    width: i64,
    height: i64,
}

#[derive(FlyteType)]
#[flyte(typed_dict)]
struct Options {
    quick: bool,
}

#[derive(FlyteType)]
enum Target {
    At(Point),
    Named(String),
}

/// One row of the table.
struct Row {
    rust: &'static str,
    python: String,
    literal: String,
    /// A value as its type declares and writes it; nothing where it cannot stand alone.
    value: Option<(pb::LiteralType, pb::Literal)>,
    /// Reads a literal and writes it again: JSON has text keys only, which the type reads as its own.
    again: fn(&pb::Literal) -> Option<pb::Literal>,
}

fn row<T: FlyteType>(rust: &'static str, value: T) -> Row {
    let declared = T::literal_type();
    let written = value.into_literal().ok();
    let literal = match (&written, declared_as(&declared)) {
        (None, _) => "none by itself".to_owned(),
        (Some(literal), declared) => match kind(literal) {
            kind if kind == declared => kind,
            kind => format!("{kind}, declared as {declared}"),
        },
    };
    Row {
        rust,
        python: T::describe().name,
        literal,
        value: Some(declared).zip(written),
        again: |literal| T::from_literal(literal).ok()?.into_literal().ok(),
    }
}

impl Row {
    /// The same row tells of another type.
    fn and<T: FlyteType>(self) -> Self {
        assert_eq!(T::describe().name, self.python);
        assert_eq!(
            Some(T::literal_type()),
            self.value.as_ref().map(|(declared, _)| declared.clone())
        );
        self
    }
}

/// Every type that core implements.
fn rows() -> Vec<Row> {
    let text = |text: &str| text.to_owned();
    vec![
        row("i8, i16, i32, i64, u8, u16, u32, u64", 5_i64)
            .and::<i8>()
            .and::<i16>()
            .and::<i32>()
            .and::<u8>()
            .and::<u16>()
            .and::<u32>()
            .and::<u64>(),
        row("f32, f64", 1.5_f64).and::<f32>(),
        row("bool", true),
        row("String", text("blue")),
        row(
            "Datetime, Timestamp, SystemTime",
            "2024-01-02T03:04:05.678901Z".parse::<Datetime>().expect("a time"),
        )
        .and::<Timestamp>()
        .and::<SystemTime>(),
        row("Date", "2024-01-02".parse::<Date>().expect("a day")),
        row("SignedDuration, Duration", SignedDuration::from_millis(90_500)).and::<Duration>(),
        row("()", ()),
        row("Option<i64>", Some(5_i64)),
        row("Vec<i64>", vec![1_i64, 2]),
        row("(i64, String)", (1_i64, text("a"))),
        row("BTreeMap<String, f64>, HashMap<String, f64>", HashMap::from([(text("a"), 1.5)]))
            .and::<BTreeMap<String, f64>>(),
        row("BTreeMap<i64, String>", BTreeMap::from([(1_i64, text("a"))])),
        row("Mode", Mode::Fast),
        row("Level", Level::High),
        row("Point", Point { x: 0.5, label: None }),
        row("Model", Model { took: SignedDuration::from_millis(90_500) }),
        row("Size", Size { width: 4, height: 3 }),
        row("Options", Options { quick: true }),
        row("Target", Target::Named(text("home"))),
        row("Box<Point>", Box::new(Point { x: 0.5, label: None })),
        row("File", File::new("s3://bucket/file")),
        row("Dir", Dir::new("s3://bucket/dir")),
        row("DataFrame", DataFrame::new("s3://bucket/table", "parquet")),
        row("serde_json::Value", json!({"a": [1, "b"]})),
        row("prost_types::Struct", prost_types::Struct::default()),
        row("Bytes", bytes::Bytes::from_static(b"any")),
        Row {
            literal: text("any, untouched"),
            value: None,
            ..row("pb::Literal", connector_core::literal::none())
        },
    ]
}

#[test]
fn the_table_says_what_the_types_are() {
    let told: Vec<Vec<String>> =
        table().into_iter().map(|row| row.into_iter().take(3).collect()).collect();
    let rows = rows().into_iter().map(|row| vec![row.rust.to_owned(), row.python, row.literal]);
    assert_eq!(told, rows.collect::<Vec<_>>());
}

#[test]
fn run_reads_and_writes_each_type_as_the_table_shows() {
    let page = table();
    let rows = rows();
    let alone = rows.iter().zip(&page).enumerate().filter_map(|(number, (row, told))| {
        let (declared, written) = row.value.as_ref()?;
        let shown = told.get(3).filter(|shown| !shown.is_empty())?;
        Some(Alone { name: format!("i{number:02}"), shown, declared, written, again: row.again })
    });
    let alone: Vec<_> = alone.collect();
    assert!(alone.len() > 20, "only {} rows show how `run` writes them", alone.len());

    let variables = alone.iter().map(|Alone { name, declared, .. }| {
        let variable = pb::Variable { r#type: Some((*declared).clone()), ..Default::default() };
        pb::VariableEntry { key: name.clone(), value: Some(variable) }
    });
    let variables = pb::VariableMap { variables: variables.collect() };
    let interface =
        pb::TypedInterface { inputs: Some(variables.clone()), outputs: Some(variables) };
    let template = pb::TaskTemplate {
        r#type: "echo".to_owned(),
        interface: Some(interface),
        custom: Some(prost_types::Struct {
            fields: [("any".to_owned(), prost_types::Value::default())].into(),
        }),
        ..Default::default()
    };
    let inputs: serde_json::Map<String, Json> = alone
        .iter()
        .map(|Alone { name, shown, .. }| {
            let shown = serde_json::from_str(shown).unwrap_or_else(|why| panic!("{shown}: {why}"));
            (name.clone(), shown)
        })
        .collect();

    let folder = target().join("guide-types");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("template.pb"), template.encode_to_vec()).expect("a template");
    let inputs = Json::from(inputs);
    fs::write(folder.join("inputs.json"), inputs.to_string()).expect("inputs");

    let printed: Json = serde_json::from_str(&run(&folder, &[])).expect("outputs");
    assert_eq!(printed, inputs, "as the page writes them, and as `run` does");
    run(&folder, &["--output", "outputs.pb"]);
    let outputs = fs::read(folder.join("outputs.pb")).expect("outputs");
    let outputs = pb::task::Outputs::decode(outputs.as_slice()).expect("outputs");
    let outputs: HashMap<String, Option<pb::Literal>> =
        outputs.literals.into_iter().map(|named| (named.name, named.value)).collect();
    for Alone { name, shown, written, again, .. } in &alone {
        let came = outputs.get(name).and_then(Option::as_ref).and_then(again);
        assert_eq!(came.as_ref(), Some(*written), "{shown}");
    }
}

/// What `run` is given of a row.
struct Alone<'a> {
    name: String,
    shown: &'a str,
    declared: &'a pb::LiteralType,
    written: &'a pb::Literal,
    again: fn(&pb::Literal) -> Option<pb::Literal>,
}

/// Every type that a Flyte task can declare is in the table, but for those that the page says are not read.
#[test]
fn nothing_that_flyte_declares_is_left_out() {
    let simple = (0..).map_while(|number| pb::SimpleType::try_from(number).ok());
    let simple = simple.map(|simple| simple.as_str_name().to_lowercase());
    let others =
        ["collection", "map", "blob", "multipart blob", "enum", "structured dataset", "union"];
    let all: BTreeSet<String> = simple.chain(others.map(str::to_owned)).collect();
    let declared = rows().into_iter().filter_map(|row| row.value);
    let mut seen: BTreeSet<String> = declared.map(|(declared, _)| declared_as(&declared)).collect();
    seen.extend(["error", "binary"].map(str::to_owned));
    assert_eq!(all, seen);
}

/// Runs `echo` on the template and the inputs in a folder, and answers what it printed.
fn run(folder: &Path, more: &[&str]) -> String {
    let mut command = Command::new(peer::binary(&target()).expect("the binary"));
    command.args(["run", "echo", "--template", "template.pb", "--inputs", "inputs.json"]);
    command.args(["--interval", "10ms"]);
    let output = command.args(more).current_dir(folder).output().expect("an answer");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The cells of the page's table without their marks.
fn table() -> Vec<Vec<String>> {
    let page = fs::read_to_string(book().join("types.md")).expect("a page");
    let rows = page.lines().filter(|line| line.starts_with('|')).skip(2);
    let cells = |row: &str| {
        let row = row.replace("\\|", "\u{0}");
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.replace('`', "").replace('\u{0}', "|").trim().to_owned()).collect()
    };
    rows.map(cells).collect()
}

/// A declared type, in a word.
fn declared_as(declared: &pb::LiteralType) -> String {
    match declared.r#type.as_ref() {
        None => "nothing".to_owned(),
        Some(literal_type::Type::Simple(simple)) => {
            let simple = pb::SimpleType::try_from(*simple).expect("a simple type");
            simple.as_str_name().to_lowercase()
        }
        Some(literal_type::Type::Schema(_)) => "schema".to_owned(),
        Some(literal_type::Type::CollectionType(_)) => "collection".to_owned(),
        Some(literal_type::Type::MapValueType(_)) => "map".to_owned(),
        Some(literal_type::Type::Blob(blob)) => of_blob(blob.dimensionality()).to_owned(),
        Some(literal_type::Type::EnumType(_)) => "enum".to_owned(),
        Some(literal_type::Type::StructuredDatasetType(_)) => "structured dataset".to_owned(),
        Some(literal_type::Type::UnionType(_)) => "union".to_owned(),
    }
}

fn of_blob(dimensionality: BlobDimensionality) -> &'static str {
    match dimensionality {
        BlobDimensionality::Single => "blob",
        BlobDimensionality::Multipart => "multipart blob",
    }
}

/// A literal, in a word.
fn kind(literal: &pb::Literal) -> String {
    let scalar = match literal.value.as_ref().expect("a value") {
        literal::Value::Collection(_) => return "collection".to_owned(),
        literal::Value::Map(_) => return "map".to_owned(),
        literal::Value::OffloadedMetadata(_) => return "offloaded".to_owned(),
        literal::Value::Scalar(scalar) => scalar.value.as_ref().expect("a value"),
    };
    let word = match scalar {
        scalar::Value::Primitive(primitive) => match primitive.value.as_ref().expect("a value") {
            primitive::Value::Integer(_) => "integer",
            primitive::Value::FloatValue(_) => "float",
            primitive::Value::StringValue(_) => "string",
            primitive::Value::Boolean(_) => "boolean",
            primitive::Value::Datetime(_) => "datetime",
            primitive::Value::Duration(_) => "duration",
        },
        scalar::Value::Blob(blob) => {
            let kind = blob.metadata.as_ref().and_then(|metadata| metadata.r#type.as_ref());
            of_blob(kind.expect("the type of a blob").dimensionality())
        }
        scalar::Value::Binary(binary) => return format!("{} object", binary.tag),
        scalar::Value::Schema(_) => "schema",
        scalar::Value::NoneType(_) => "none",
        scalar::Value::Error(_) => "error",
        scalar::Value::Generic(_) => "protobuf object",
        scalar::Value::StructuredDataset(_) => "structured dataset",
        scalar::Value::Union(_) => "union",
    };
    word.to_owned()
}
