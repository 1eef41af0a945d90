//! Rust reads what the official type engine writes, and writes it back: every type, both ways.
//! The committed vectors need no Python; one test makes them anew with it, to keep them honest.
//! The classes stand in `classes.rs` and `families.rs`.

#[macro_use]
mod telling;
mod classes;
mod families;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use bytes::Bytes;
use connector_core::jiff::civil::Date;
use connector_core::jiff::{SignedDuration, Timestamp};
use connector_core::typed::Style;
use connector_core::{DataFrame, Datetime, Dir, File, FlyteType, literal};
use interop_tests::typed_vectors::Case;
use interop_tests::venv::Venv;
use prost_types::Struct;
use serde_json::Value as Json;

use classes::{
    Choice, IntOrStr, Level, Mode, Node, NodeModel, Options, Partial, Point, PointModel, Raw,
    RawModel, Record, RecordModel, Row, Unsigned,
};
use families::{
    Alike, AlikeInside, Choices, ChoicesModel, DateOrTime, Dated, DatedModel, Families,
    FamiliesDict, FamiliesModel, FamiliesTuple, LevelOrInt, ListOrMap, Loose, LooseModel, Moments,
    MomentsModel, Numbers, RowOrInt, RowOrOptions, Scalar, Shape, SpanOrReal, TimeOrText,
};

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/type_vectors.jsonl");

type Check = fn(&Case) -> Vec<String>;

/// The Rust type of every case.
const CASES: &[(&str, Check)] = &[
    ("int", Case::check::<i64>),
    ("float", Case::check::<f64>),
    ("str", Case::check::<String>),
    ("bool", Case::check::<bool>),
    ("datetime", Case::check::<Datetime>),
    ("date", Case::check::<Date>),
    ("timedelta", Case::check::<SignedDuration>),
    ("none", Case::check::<()>),
    ("mode", Case::check::<Mode>),
    ("choice", Case::check::<Choice>),
    ("file", Case::check::<File>),
    ("dir", Case::check::<Dir>),
    ("frame", Case::check::<DataFrame>),
    ("struct", Case::check::<Struct>),
    ("list_int", Case::check::<Vec<i64>>),
    ("list_float", Case::check::<Vec<f64>>),
    ("list_str", Case::check::<Vec<String>>),
    ("list_bool", Case::check::<Vec<bool>>),
    ("list_datetime", Case::check::<Vec<Datetime>>),
    ("list_date", Case::check::<Vec<Date>>),
    ("list_timedelta", Case::check::<Vec<SignedDuration>>),
    ("list_none", Case::check::<Vec<()>>),
    ("list_mode", Case::check::<Vec<Mode>>),
    ("list_file", Case::check::<Vec<File>>),
    ("list_list_int", Case::check::<Vec<Vec<i64>>>),
    ("list_map_float", Case::check::<Vec<BTreeMap<String, f64>>>),
    ("list_optional", Case::check::<Vec<Option<i64>>>),
    ("list_point", Case::check::<Vec<Point>>),
    ("list_tuple", Case::check::<Vec<(i64, String)>>),
    ("list_dict", Case::check::<Vec<Json>>),
    ("list_shape", Case::check::<Vec<Shape>>),
    ("map_int", Case::check::<BTreeMap<String, i64>>),
    ("map_float", Case::check::<BTreeMap<String, f64>>),
    ("map_mode", Case::check::<BTreeMap<String, Mode>>),
    ("map_list", Case::check::<BTreeMap<String, Vec<String>>>),
    ("map_map", Case::check::<BTreeMap<String, BTreeMap<String, bool>>>),
    ("map_optional", Case::check::<BTreeMap<String, Option<String>>>),
    ("map_point", Case::check::<BTreeMap<String, Point>>),
    ("dict", Case::check::<Json>),
    ("dict_int_str", Case::check::<BTreeMap<i64, String>>),
    ("dict_int_spans", Case::check::<BTreeMap<i64, Vec<SignedDuration>>>),
    ("dict_int_node", Case::check::<BTreeMap<i64, Node>>),
    ("dict_bool_int", Case::check::<BTreeMap<bool, i64>>),
    ("optional_int", Case::check::<Option<i64>>),
    ("optional_float", Case::check::<Option<f64>>),
    ("optional_str", Case::check::<Option<String>>),
    ("optional_bool", Case::check::<Option<bool>>),
    ("optional_datetime", Case::check::<Option<Datetime>>),
    ("optional_date", Case::check::<Option<Date>>),
    ("optional_timedelta", Case::check::<Option<SignedDuration>>),
    ("optional_mode", Case::check::<Option<Mode>>),
    ("optional_list", Case::check::<Option<Vec<i64>>>),
    ("optional_map", Case::check::<Option<BTreeMap<String, f64>>>),
    ("optional_numbered", Case::check::<Option<BTreeMap<i64, String>>>),
    ("optional_dict", Case::check::<Option<Json>>),
    ("optional_file", Case::check::<Option<File>>),
    ("optional_dir", Case::check::<Option<Dir>>),
    ("optional_frame", Case::check::<Option<DataFrame>>),
    ("optional_struct", Case::check::<Option<Struct>>),
    ("optional_node", Case::check::<Option<Node>>),
    ("optional_model", Case::check::<Option<NodeModel>>),
    ("optional_tuple", Case::check::<Option<(i64, String)>>),
    ("int_or_str", Case::check::<IntOrStr>),
    ("scalar", Case::check::<Option<Scalar>>),
    ("list_or_map", Case::check::<ListOrMap>),
    ("shape", Case::check::<Shape>),
    ("alike", Case::check::<Alike>),
    ("point", Case::check::<Point>),
    ("point_model", Case::check::<PointModel>),
    ("record", Case::check::<Record>),
    ("record_model", Case::check::<RecordModel>),
    ("node", Case::check::<Node>),
    ("node_model", Case::check::<NodeModel>),
    ("raw", Case::check::<Raw>),
    ("raw_model", Case::check::<RawModel>),
    ("unsigned", Case::check::<Unsigned>),
    ("tuple", Case::check::<(i64, String)>),
    ("tuple_mixed", Case::check::<Mixed>),
    ("row", Case::check::<Row>),
    ("options", Case::check::<Options>),
    ("partial", Case::check::<Partial>),
    ("choices", Case::check::<Choices>),
    ("choices_model", Case::check::<ChoicesModel>),
    ("families", Case::check::<Families>),
    ("families_model", Case::check::<FamiliesModel>),
    ("families_tuple", Case::check::<FamiliesTuple>),
    ("families_dict", Case::check::<FamiliesDict>),
    ("level", Case::check::<Level>),
    ("list_level", Case::check::<Vec<Level>>),
    ("optional_level", Case::check::<Option<Level>>),
    ("level_or_int", Case::check::<LevelOrInt>),
    ("optional_row", Case::check::<Option<Row>>),
    ("row_or_int", Case::check::<RowOrInt>),
    ("optional_options", Case::check::<Option<Options>>),
    ("row_or_options", Case::check::<RowOrOptions>),
    ("dict_int_row", Case::check::<BTreeMap<i64, Row>>),
    ("optional_families", Case::check::<Option<Families>>),
    ("date_or_time", Case::check::<DateOrTime>),
    ("time_or_text", Case::check::<TimeOrText>),
    ("span_or_real", Case::check::<SpanOrReal>),
    ("date_after_time", Case::check::<Dated>),
    ("date_after_time_model", Case::check::<DatedModel>),
    ("shape_after_alike", Case::check::<AlikeInside>),
    ("float_after_int", Case::check::<Numbers>),
    ("loose", Case::check::<Loose>),
    ("loose_model", Case::check::<LooseModel>),
    ("moments", Case::check::<Moments>),
    ("moments_model", Case::check::<MomentsModel>),
    ("point_form", Case::check::<Point>),
    ("point_model_form", Case::check::<PointModel>),
    ("record_form", Case::check::<Record>),
    ("record_model_form", Case::check::<RecordModel>),
    ("numbered_form", Case::check::<BTreeMap<i64, String>>),
    ("list_node_form", Case::check::<Vec<Node>>),
    // What nobody but Python can read, and what was lost or rounded on the way.
    ("pickle_list", |case| case.refuses::<Vec<i64>>("Python pickle")),
    ("pickle_bytes", |case| case.refuses::<Bytes>("Python pickle")),
    ("pickle_any", |case| case.refuses::<Json>("Python pickle")),
    ("pickle_tuple", |case| case.refuses::<(i64, i64)>("Python pickle")),
    ("pickle_items", |case| {
        case.refuses::<Vec<Bytes>>("`[0]`: expected bytes, found a Python pickle")
    }),
    ("pickle_entries", |case| case.refuses::<BTreeMap<String, Json>>("`[a]`: expected")),
    ("pickle_optional", |case| case.refuses::<Option<Bytes>>("Python pickle")),
    ("lost_float", |case| case.refuses::<PointModel>("`x`: expected a float, found nothing")),
    ("large_form", |case| case.refuses::<Node>("`value`: a float cannot say which integer")),
    ("json_nan", |case| case.refuses::<Json>("is a float that JSON cannot say")),
    ("json_keys", |case| case.refuses::<Json>("a key does not fit: expected a string, found")),
    ("json_bytes", |case| case.refuses::<Json>("`a`: expected a JSON value, found bytes")),
    ("long_span", |case| case.refuses::<Moments>("`took`: expected a duration, found one longer")),
    ("late", |case| case.refuses::<Timestamp>("9999-12-30T22:00:00Z")),
];

type Mixed = (f64, Option<i64>, SignedDuration, Vec<Mode>, Node, (bool, Date));

#[test]
fn every_vector_is_read_and_written_both_ways() {
    let cases = Case::committed().unwrap();
    let with_types: BTreeSet<&str> = CASES.iter().map(|(name, _)| *name).collect();
    let in_file: BTreeSet<&str> = cases.keys().map(String::as_str).collect();
    assert_eq!(with_types, in_file);
    let complaints: Vec<String> =
        CASES.iter().flat_map(|(name, check)| check(&cases[*name])).collect();
    let count: usize = cases.values().map(|case| case.vectors().len()).sum();
    assert!(
        complaints.is_empty(),
        "{} complaints about {count} vectors, among them\n{}",
        complaints.len(),
        complaints.iter().take(20).cloned().collect::<Vec<_>>().join("\n")
    );
    assert!(count >= 600, "{count}");
    // Not through `println!`, which the test runner hides for a test that passes.
    let same = cases.values().flat_map(Case::vectors).filter(|vector| vector.is_canonical());
    let same = same.count();
    writeln!(std::io::stderr(), "{count} vectors, both ways; {same} of them byte for byte")
        .unwrap();
}

/// How many values of a case a type reads that is not the case's own.
fn read_by<T: FlyteType + Debug>(cases: &BTreeMap<String, Case>, name: &str) -> usize {
    cases[name].vectors().iter().filter(|vector| T::from_literal(vector.literal()).is_ok()).count()
}

#[test]
fn a_value_of_another_type_is_an_error_and_never_a_guess() {
    let cases = Case::committed().unwrap();
    let all = |name: &str| cases[name].vectors().len();
    let scalars = ["int", "float", "str", "datetime", "timedelta", "none", "mode", "file", "frame"];
    for name in scalars.into_iter().chain(["list_int", "map_int", "dict", "point", "struct"]) {
        // Python reads all of these as False.
        assert_eq!(read_by::<bool>(&cases, name), 0, "{name}");
    }
    for name in ["bool", "none", "list_int", "map_int", "point", "file", "datetime", "timedelta"] {
        assert_eq!(read_by::<i64>(&cases, name), 0, "{name}");
        assert_eq!(read_by::<f64>(&cases, name), 0, "{name}");
        assert_eq!(read_by::<String>(&cases, name), 0, "{name}");
    }
    assert_eq!(read_by::<i64>(&cases, "str"), 0);
    assert_eq!(read_by::<f64>(&cases, "int"), all("int"));
    assert_eq!(read_by::<Dir>(&cases, "file") + read_by::<File>(&cases, "dir"), 0);
    let empty = |name: &str| {
        let lists = cases[name].vectors().iter().map(|vector| &vector.value()["list"]);
        lists.filter(|list| list.as_array().is_some_and(Vec::is_empty)).count()
    };
    assert_eq!(read_by::<Vec<bool>>(&cases, "list_int"), empty("list_int"));
    assert_eq!(read_by::<BTreeMap<String, i64>>(&cases, "list_int"), 0);
    assert_eq!(read_by::<Vec<i64>>(&cases, "map_int"), 0);
    assert_eq!(read_by::<Mode>(&cases, "choice"), 0);
}

#[test]
fn numbers_are_never_bent() {
    assert_eq!(i64::from_literal(&literal::float(5.0)), Ok(5));
    let refused = i64::from_literal(&literal::float(5.7)).unwrap_err().to_string();
    assert_eq!(refused, "expected an integer, found a float (5.7)");
    let too_large = (1_u64 << 63).into_literal().unwrap_err().to_string();
    assert!(too_large.contains("9223372036854775808 is larger"), "{too_large}");
    // Inside an object msgpack carries it.
    let inside = (1_u64 << 63).into_value(Style::Dataclass).unwrap();
    assert_eq!(inside.as_u64(), Some(1 << 63));
}

#[test]
fn the_vectors_are_what_the_official_type_engine_makes() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let Some(venv) = Venv::official_sdk(target, "type vectors") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("type_vectors.jsonl");
    let status =
        venv.script("make_type_vectors.py").arg(&file).stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "make_type_vectors.py: {status}");

    let committed = std::fs::read_to_string(COMMITTED).unwrap();
    let made = std::fs::read_to_string(&file).unwrap();
    for (number, (committed, made)) in committed.lines().zip(made.lines()).enumerate() {
        assert_eq!(committed, made, "line {}", number + 1);
    }
    assert_eq!(committed.lines().count(), made.lines().count());
    assert!(committed.len() < 1 << 20);
}
