use connector_core::NamedLiterals;
use connector_core::prelude::*;
use serde_json::{Value, json};

use super::of_task;

fn put(sql: &str, inputs: Vec<(&str, pb::Literal)>, batch: bool) -> Result<(String, Value)> {
    let inputs: NamedLiterals = inputs.into_iter().collect();
    let inputs = DynamicInputs::from_literals(inputs)?;
    of_task(sql, &inputs, batch).map(|it| (it.sql, Value::Object(it.bindings)))
}

fn list(literals: Vec<pb::Literal>) -> pb::Literal {
    let list = pb::LiteralCollection { literals };
    pb::Literal { value: Some(pb::literal::Value::Collection(list)), ..Default::default() }
}

fn integers(values: impl IntoIterator<Item = i64>) -> pb::Literal {
    list(values.into_iter().map(literal::integer).collect())
}

fn texts(values: &[&str]) -> pb::Literal {
    list(values.iter().map(|text| literal::string(*text)).collect())
}

fn inputs() -> Vec<(&'static str, pb::Literal)> {
    vec![
        ("n", literal::integer(5)),
        ("s", literal::string("a'b")),
        ("ids", integers([1, 2])),
        ("yes", literal::boolean(true)),
        ("none", list(Vec::new())),
    ]
}

#[test]
fn placeholders_become_binds() {
    let fixed = |value: &str| json!({"type": "FIXED", "value": value});
    let text = |value: &str| json!({"type": "TEXT", "value": value});
    for (sql, sent, bindings) in [
        ("SELECT %(n)s", "SELECT ?", json!({"1": fixed("5")})),
        (
            "SELECT %(s)s, %(n)s, %(s)s",
            "SELECT ?, ?, ?",
            json!({"1": text("a'b"), "2": fixed("5"), "3": text("a'b")}),
        ),
        (
            "SELECT * FROM t WHERE id IN (%(ids)s) AND s = %(s)s",
            "SELECT * FROM t WHERE id IN (?, ?) AND s = ?",
            json!({"1": fixed("1"), "2": fixed("2"), "3": text("a'b")}),
        ),
        ("SELECT a LIKE 'x%%' -- 5%% %(s)s", "SELECT a LIKE 'x%' -- 5% %(s)s", json!({})),
        ("SELECT 'id-%(n)s', '%(yes)s'", "SELECT 'id-5', 'TRUE'", json!({})),
        ("SELECT \"c_%(n)s\" FROM t", "SELECT \"c_5\" FROM t", json!({})),
        ("SELECT 1 % 2", "SELECT 1 % 2", json!({})),
    ] {
        assert_eq!(put(sql, inputs(), false).unwrap(), (sent.to_owned(), bindings), "{sql}");
    }
}

#[test]
fn without_inputs_a_statement_is_sent_as_it_is() {
    let sql = "SELECT '%%', %(n)s -- 100%";
    for batch in [false, true] {
        assert_eq!(put(sql, Vec::new(), batch).unwrap(), (sql.to_owned(), json!({})));
    }
}

#[test]
fn what_cannot_stand_there_is_named_all_at_once() {
    let error = put("SELECT %(m)s, '%(s)s', %(n)d, %(none)s, %(m)s", inputs(), false).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidTask);
    for told in [
        "`%(m)s`: there is no such input",
        "`%(s)s`: it stands inside of quotes",
        "only `%(n)s` is known here",
        "`%(none)s`: it is an empty list",
        "The task's inputs are `ids`, `n`, `none`, `s`, `yes`",
    ] {
        assert!(error.message().contains(told), "{error}");
    }
    assert_eq!(error.message().matches("`%(m)s`").count(), 1, "{error}");
}

#[test]
fn a_batch_has_a_row_for_every_index() {
    let rows = vec![("a", integers([1, 2])), ("b", texts(&["x", "y"]))];
    let (sql, bindings) =
        put("INSERT INTO t (a, b) values(%(a)s, upper(%(b)s)) /* 1%% */", rows, true).unwrap();
    assert_eq!(sql, "INSERT INTO t (a, b) VALUES (?, upper(?)), (?, upper(?)) /* 1% */");
    let values: Vec<&Value> =
        bindings.as_object().unwrap().values().map(|it| &it["value"]).collect();
    assert_eq!(values, ["1", "x", "2", "y"]);
}

#[test]
fn a_batch_is_refused_in_the_official_words() {
    let insert = "INSERT INTO t VALUES (%(a)s, %(b)s)";
    for (sql, inputs, told) in [
        (
            insert,
            vec![("a", integers([1, 2])), ("b", texts(&["x"]))],
            "All batch input lists must have the same length.",
        ),
        (
            insert,
            vec![("a", integers([])), ("b", texts(&[]))],
            "Batch inputs must contain at least one row.",
        ),
        (
            "SELECT %(a)s",
            vec![("a", integers([1]))],
            "Batch inputs require a query template with a VALUES (...) clause.",
        ),
        (
            "VALUES (%(a)s) UNION ALL VALUES (%(a)s)",
            vec![("a", integers([1]))],
            "Batch query expansion supports exactly one VALUES (...) clause.",
        ),
    ] {
        assert_eq!(put(sql, inputs, true).unwrap_err().message(), told);
    }
    for (inputs, told) in [
        (vec![("a", literal::string("ab"))], "`a` is no list"),
        (vec![("a", integers([1]))], "`%(b)s`: there is no such input"),
    ] {
        let error = put(insert, inputs, true).unwrap_err();
        assert!(error.message().contains(told), "{error}");
    }
    let outside = put("INSERT INTO t VALUES (%(a)s) -- x", vec![("a", integers([1]))], true);
    assert!(outside.is_ok());
    let error = put("SELECT %(a)s UNION VALUES (%(a)s)", vec![("a", integers([1]))], true);
    assert!(error.unwrap_err().message().contains("no such input"));
}
