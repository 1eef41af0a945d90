//! Every form of a task, and what is submitted for it.

use connector_core::Flyte;
use connector_core::custom_info::json_to_struct;
use connector_core::prelude::*;
use serde_json::{Value, json};

use super::{body, loses_variables};
use crate::config::RunTask;

const IMAGE: &str = "ghcr.io/acme/app:1";

fn container() -> pb::Container {
    let env = pb::KeyValuePair { key: "A".to_owned(), value: "task".to_owned() };
    pb::Container {
        image: IMAGE.to_owned(),
        args: vec!["a0".to_owned(), "--inputs".to_owned()],
        env: vec![env],
        ..Default::default()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is written in the call")]
fn task(conf: Value) -> RunTask {
    let custom = json!({"databricksConf": conf, "sparkConf": {"spark.x": "1"}});
    RunTask::from_custom(json_to_struct(custom).unwrap()).unwrap()
}

fn submitted(conf: Value) -> Value {
    Value::Object(body(&task(conf), Some(&container()), Flyte::V2, None).unwrap())
}

fn refused(conf: Value) -> String {
    let error = body(&task(conf), Some(&container()), Flyte::V2, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidTask);
    error.message().to_owned()
}

fn entrypoint() -> Value {
    json!({
        "python_file": "flyteplugins/databricks/entrypoint.py",
        "parameters": ["a0", "--inputs"], "source": "GIT",
    })
}

fn flytetools() -> Value {
    json!({
        "git_url": "https://github.com/flyteorg/flytetools", "git_provider": "gitHub",
        "git_commit": "194364210c47c49ce66c419e8fb68d6f9c06fd7e",
    })
}

fn prepared() -> Value {
    json!({"docker_image": {"url": IMAGE}, "spark_conf": {"spark.x": "1"}, "spark_env_vars": {"A": "task"}})
}

#[test]
fn the_function_of_a_task_runs_on_a_new_cluster() {
    assert_eq!(
        submitted(json!({"run_name": "r", "new_cluster": {}})),
        json!({
            "run_name": "r", "new_cluster": prepared(),
            "spark_python_task": entrypoint(), "git_source": flytetools(),
        })
    );
}

#[test]
fn what_the_author_wrote_of_a_cluster_stays_and_the_tasks_variables_win() {
    let written = json!({
        "docker_image": {"url": "mine"}, "spark_conf": {"mine": "1"}, "spark_env_vars": {"A": "mine", "B": "mine"},
    });
    let body = submitted(json!({"new_cluster": written}));
    assert_eq!(
        body["new_cluster"],
        json!({
            "docker_image": {"url": "mine"}, "spark_conf": {"mine": "1"},
            "spark_env_vars": {"A": "task", "B": "mine"},
        })
    );
    // Null says that there is to be no image, so that the runtime's own is used.
    let body = submitted(json!({"new_cluster": {"docker_image": null}}));
    assert_eq!(body["new_cluster"]["docker_image"], Value::Null);
    assert!(body["new_cluster"].as_object().unwrap().get("docker_image").is_none());
}

#[test]
fn an_existing_cluster_gets_no_variables_and_that_is_known() {
    let conf = json!({"existing_cluster_id": "c-1"});
    assert_eq!(
        submitted(conf.clone()),
        json!({
            "existing_cluster_id": "c-1", "spark_python_task": entrypoint(), "git_source": flytetools(),
        })
    );
    let body = body(&task(conf), Some(&container()), Flyte::V2, None).unwrap();
    assert!(loses_variables(&body, Some(&container())));
    assert!(!loses_variables(&body, Some(&pb::Container::default())));
}

#[test]
fn code_that_the_author_named_is_left_alone() {
    for (form, code) in [
        ("notebook_task", json!({"notebook_path": "/Users/a/n", "base_parameters": {"x": "1"}})),
        ("spark_jar_task", json!({"main_class_name": "com.acme.Main", "parameters": ["1"]})),
        ("python_wheel_task", json!({"package_name": "p", "entry_point": "main"})),
        ("spark_python_task", json!({"python_file": "dbfs:/x.py"})),
        ("spark_submit_task", json!({"parameters": ["--class", "M"]})),
        ("sql_task", json!({"warehouse_id": "w", "query": {"query_id": "q"}})),
        ("run_job_task", json!({"job_id": 7})),
    ] {
        let cluster = submitted(json!({"new_cluster": {}, form: code}));
        assert_eq!(cluster, json!({"new_cluster": prepared(), form: code}), "{form}");
        let existing =
            json!({"existing_cluster_id": "c-1", form: code, "git_source": {"git_url": "mine"}});
        assert_eq!(submitted(existing.clone()), existing, "{form}");
    }
    // No cluster at all: SQL runs on a warehouse.
    let sql = json!({"sql_task": {"warehouse_id": "w", "query": {"query_id": "q"}}});
    assert_eq!(submitted(sql.clone()), sql);
}

#[test]
fn a_repository_of_the_authors_is_kept_for_the_function() {
    let mine = json!({"git_url": "https://git.acme.example/flytetools", "git_branch": "main"});
    let body = submitted(json!({"existing_cluster_id": "c", "git_source": mine}));
    assert_eq!((&body["git_source"], &body["spark_python_task"]), (&mine, &entrypoint()));
}

#[test]
fn of_several_tasks_the_one_without_code_runs_the_function() {
    let body = submitted(json!({
        "job_clusters": [
            {"job_cluster_key": "small", "new_cluster": {}}, {"job_cluster_key": "big", "new_cluster": {}},
        ],
        "tasks": [
            {"task_key": "a", "job_cluster_key": "small", "notebook_task": {"notebook_path": "/n"}},
            {"task_key": "b", "job_cluster_key": "big", "depends_on": [{"task_key": "a"}]},
            {"task_key": "c", "new_cluster": {}, "spark_jar_task": {"main_class_name": "M"}},
            {"task_key": "d", "for_each_task": {"inputs": "[1]", "task": {
                "task_key": "e", "new_cluster": {}, "notebook_task": {"notebook_path": "/n"}}}},
        ],
    }));
    let with_image = prepared();
    let mut without_image = prepared();
    without_image.as_object_mut().unwrap().remove("docker_image");
    assert_eq!(
        body,
        json!({
            "job_clusters": [
                {"job_cluster_key": "small", "new_cluster": without_image},
                {"job_cluster_key": "big", "new_cluster": with_image},
            ],
            "tasks": [
                {"task_key": "a", "job_cluster_key": "small", "notebook_task": {"notebook_path": "/n"}},
                {"task_key": "b", "job_cluster_key": "big", "depends_on": [{"task_key": "a"}],
                 "spark_python_task": entrypoint()},
                {"task_key": "c", "new_cluster": without_image, "spark_jar_task": {"main_class_name": "M"}},
                {"task_key": "d", "for_each_task": {"inputs": "[1]", "task": {
                    "task_key": "e", "new_cluster": without_image, "notebook_task": {"notebook_path": "/n"}}}},
            ],
            "git_source": flytetools(),
        })
    );
    let text = refused(json!({"tasks": [{"task_key": "a"}, {"task_key": "b"}]}));
    assert!(text.starts_with("2 of the `tasks`"), "{text}");
}

#[test]
fn serverless_needs_no_cluster() {
    let variables = json!({"A": "task"});
    assert_eq!(
        submitted(json!({"environment_key": "e", "timeout_seconds": 60})),
        json!({
            "timeout_seconds": 60, "git_source": flytetools(),
            "environments": [{"environment_key": "e", "spec": {"client": "1", "environment_vars": variables}}],
            "tasks": [{"task_key": "flyte_task", "environment_key": "e", "spark_python_task": entrypoint()}],
        })
    );
    let spec = json!({"client": "2", "dependencies": ["pandas==2.0.0"]});
    let body = submitted(json!({
        "environments": [{"environment_key": "default", "spec": spec}],
        "notebook_task": {"notebook_path": "/n"},
    }));
    assert_eq!(
        body,
        json!({
            "environments": [{"environment_key": "default", "spec": {
                "client": "2", "dependencies": ["pandas==2.0.0"], "environment_vars": variables}}],
            "tasks": [{"task_key": "flyte_task", "environment_key": "default",
                       "notebook_task": {"notebook_path": "/n"}}],
        })
    );
}

#[test]
fn neither_cluster_nor_code_is_told() {
    let text = refused(json!({"run_name": "r"}));
    assert!(
        text.starts_with("Either existing_cluster_id or new_cluster must be specified"),
        "{text}"
    );
    let error =
        body(&task(json!({"existing_cluster_id": "c"})), None, Flyte::V2, None).unwrap_err();
    assert!(error.message().contains("names no code"), "{error}");
    let notebook = json!({"existing_cluster_id": "c", "notebook_task": {"notebook_path": "/n"}});
    assert_eq!(
        Value::Object(body(&task(notebook.clone()), None, Flyte::V2, None).unwrap()),
        notebook
    );
}

/// As a task of Flyte 1 is submitted.
fn submitted_for_flyte_1(custom: Value, provider: Option<&str>) -> Value {
    let task = RunTask::from_custom(json_to_struct(custom).unwrap()).unwrap();
    Value::Object(body(&task, Some(&container()), Flyte::V1, provider).unwrap())
}

#[test]
fn flyte_1_has_a_program_of_its_own() {
    let body =
        submitted_for_flyte_1(json!({"databricksConf": {"new_cluster": {}}}), Some("unused"));
    assert_eq!(
        body["spark_python_task"],
        json!({
            "python_file": "flytekitplugins/databricks/entrypoint.py",
            "parameters": ["a0", "--inputs"], "source": "GIT",
        })
    );
    assert_eq!(body["git_source"]["git_commit"], "572298df1f971fb58c258398bd70a6372f811c96");
    let variables = json!({"A": "task", "FLYTE_FAIL_ON_ERROR": "true"});
    assert_eq!(body["new_cluster"]["spark_env_vars"], variables);
    let own = json!({"existing_cluster_id": "c", "python_file": "mine.py", "git_source": {"git_url": "mine"}});
    let body = submitted_for_flyte_1(json!({"databricksConf": own}), None);
    assert_eq!(body["spark_python_task"]["python_file"], "mine.py");
    assert_eq!(
        (&body["python_file"], &body["git_source"]["git_url"]),
        (&Value::Null, &json!("mine"))
    );
}

#[test]
fn serverless_tasks_of_flyte_1_are_told_whose_credentials_they_take() {
    let conf = json!({"environment_key": "e"});
    for (custom, provider, told) in [
        (json!({"databricksConf": conf}), None, json!(["a0", "--inputs"])),
        (
            json!({"databricksConf": conf}),
            Some("of-operator"),
            json!(["a0", "--inputs", "--flyte-credential-provider=of-operator"]),
        ),
        (
            json!({"databricksConf": conf, "databricksServiceCredentialProvider": "own"}),
            Some("of-operator"),
            json!(["a0", "--inputs", "--flyte-credential-provider=own"]),
        ),
    ] {
        let task = submitted_for_flyte_1(custom, provider)["tasks"][0].clone();
        assert_eq!(task["task_key"], "flyte_task");
        assert_eq!(task["spark_python_task"]["parameters"], told);
        assert_eq!(
            task["spark_python_task"]["python_file"],
            "flytekitplugins/databricks/entrypoint_serverless.py"
        );
    }
}

#[test]
fn a_notebook_that_is_named_beside_the_request_is_run() {
    let named = |conf: Value| json!({"databricksConf": conf, "notebookPath": "/n", "notebookBaseParameters": {"day": "1"}});
    let body = submitted_for_flyte_1(named(json!({"existing_cluster_id": "c"})), None);
    let notebook = json!({"notebook_path": "/n", "base_parameters": {"day": "1"}});
    assert_eq!(body, json!({"existing_cluster_id": "c", "notebook_task": notebook}));
    let git = json!({"environment_key": "e", "git_source": {"git_url": "mine"}});
    let body = submitted_for_flyte_1(named(git), None);
    assert_eq!(body["tasks"][0]["task_key"], "flyte_notebook_task");
    assert_eq!(body["tasks"][0]["notebook_task"]["source"], "GIT");
    assert_eq!(body["git_source"]["git_url"], "mine");
}
