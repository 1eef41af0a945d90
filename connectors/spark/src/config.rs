//! What a task says: which program is run, where, and with what.

use std::collections::BTreeMap;

use connector_core::prelude::*;
use serde_json::{Map, Value, json};

use crate::code;
use crate::launcher::{self, RUNNER};

/// The property that carries the attempt's key. A driver's command line has it, and its log begins with that.
pub(crate) const ATTEMPT: &str = "spark.flyte.attempt";
/// The property that carries the task's time limit, in seconds.
pub(crate) const TIME_LIMIT: &str = "spark.flyte.time_limit";
/// The property of the files that executors get.
const FILES: &str = "spark.files";
/// Properties that this connector sets itself.
const OWN: [&str; 5] =
    [ATTEMPT, TIME_LIMIT, "spark.app.name", "spark.driver.supervise", "spark.submit.deployMode"];
/// What a worker fetches for a program that comes with the task: it must fetch something.
const NOTHING: &str = "file:/dev/null";
/// The longest program that comes with the task, in bytes. Linux takes 128 KiB for one argument.
const MOST_SCRIPT: usize = 100 * 1024;

/// The settings of one task.
#[derive(Debug, Default, TaskConfig)]
pub struct SubmissionTask {
    /// The master's REST submission server, such as `http://spark-master:6066`; without it, where the operator's
    /// setting says.
    pub(crate) url: Option<String>,
    /// The master's web UI, such as `http://spark-master:8080`, which knows whose driver is whose and where logs are;
    /// without it, where the operator's setting says.
    pub(crate) ui_url: Option<String>,
    /// A jar, or a Python program (`….py`), where each worker can fetch it: `https://…`, `s3a://…`, `hdfs://…`, or a path
    /// on the workers.
    application: Option<String>,
    /// Or the text of a Python program, up to 100 KiB.
    script: Option<String>,
    /// A zip archive of up to 512 KiB, in base64, for Python programs: its files are the program's working directory, its
    /// modules can be imported, by executors, too. `application` is a program in it then, such as `main.py`.
    working_dir_zip: Option<String>,
    /// The class with the `main`, of a jar.
    main_class: Option<String>,
    /// Arguments of the program.
    args: Option<Vec<String>>,
    /// The Python that runs the program, on each worker (`PYSPARK_PYTHON`); without it the workers' own.
    python: Option<String>,
    /// Files for the path of a Python program, on each worker: `.py`, `.zip`, `.egg`.
    py_files: Option<Vec<String>>,
    /// More jars for driver and executors.
    jars: Option<Vec<String>>,
    /// What the driver finds in its environment.
    environment: Option<BTreeMap<String, String>>,
    /// What the application is called, unless the program says it. Default: `flyte-` and the begin of the attempt's
    /// key.
    name: Option<String>,
    /// Memory of the driver, such as `2g`. Spark's default: `1g`.
    driver_memory: Option<String>,
    /// Cores of the driver. Spark's default: 1.
    driver_cores: Option<u64>,
    /// Memory of each executor, such as `4g`. Spark's default: `1g`.
    executor_memory: Option<String>,
    /// Cores of each executor. Spark's default: all that its worker has.
    executor_cores: Option<u64>,
    /// Cores of all executors together. Spark's default: all that the cluster has.
    cores_max: Option<u64>,
    /// More properties of Spark, such as `{"spark.sql.shuffle.partitions": "16"}`.
    properties: Option<BTreeMap<String, String>>,
    /// Whether Spark starts a driver again, on and on, that ends with another code than 0.
    #[config(default)]
    supervise: bool,
    /// How many seconds the program may take; it is ended then, and the task fails. Of a Python program it counts from
    /// its start. A jar's counts from its submission, by Spark's clock, and needs a `ui_url`.
    time_limit: Option<u64>,
}

/// What is run.
enum Program<'a> {
    Jar {
        main_class: &'a str,
    },
    /// A file in the driver's folder, where the worker has put it.
    Python {
        file: &'a str,
    },
    /// A file in the archive that comes with the task.
    Carried {
        file: &'a str,
    },
    Script(&'a str),
}

impl SubmissionTask {
    /// Whether Python runs it.
    pub(crate) fn is_python(&self) -> bool {
        filled(&self.script).is_some()
            || filled(&self.application).is_some_and(|it| file(it).ends_with(".py"))
    }

    /// How long it may take, in seconds.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: it cannot be kept.
    pub(crate) fn time_limit(&self, has_ui: bool) -> Result<Option<u64>> {
        match self.time_limit {
            Some(0) => Err(invalid("`time_limit` is 0; leave it out for none, or give seconds")),
            Some(_) if self.supervise => Err(invalid(
                "`time_limit` and `supervise` do not go together: Spark would start the driver again",
            )),
            Some(_) if !self.is_python() && !has_ui => Err(invalid(
                "the `time_limit` of a jar counts from its submission, which only the master's web UI knows: give a \
                 `ui_url`",
            )),
            limit => Ok(limit),
        }
    }

    /// The class that the master shows for the driver.
    ///
    /// # Errors
    /// As [`SubmissionTask::submission`].
    pub(crate) fn shown_class(&self) -> Result<&str> {
        Ok(match self.program()? {
            Program::Jar { main_class } => main_class,
            Program::Python { .. } | Program::Carried { .. } | Program::Script(_) => RUNNER,
        })
    }

    /// The request that submits it as that attempt's.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: no program is named, or two, or a setting makes no sense.
    pub(crate) fn submission(&self, key: &str) -> Result<Value> {
        let program = self.program()?;
        let args = self.args.clone().unwrap_or_default();
        let py_files = self.py_files.clone().unwrap_or_default();
        let application = match program {
            Program::Carried { .. } => None,
            _ => filled(&self.application).map(located).transpose()?,
        };
        let python =
            |program: &[&str]| launcher::arguments(&py_files, self.time_limit, program, &args);
        let (main_class, all) = match program {
            Program::Jar { main_class } => (main_class, args.clone()),
            Program::Python { file } | Program::Carried { file } => (RUNNER, python(&[file])),
            Program::Script(text) => (RUNNER, python(&["-c", text])),
        };
        Ok(json!({
            "action": "CreateSubmissionRequest",
            "clientSparkVersion": concat!("flyte-connector/", env!("CARGO_PKG_VERSION")),
            "appResource": application.clone().unwrap_or_else(|| NOTHING.to_owned()),
            "mainClass": main_class,
            "appArgs": all,
            "environmentVariables": self.variables()?,
            "sparkProperties": self.all_properties(key, application.as_deref())?,
        }))
    }

    fn program(&self) -> Result<Program<'_>> {
        let main_class = filled(&self.main_class);
        match (filled(&self.application), filled(&self.script)) {
            (Some(_), Some(_)) | (None, None) => Err(invalid(
                "give either `application`, a jar or a Python program that workers can fetch, or `script`, the text of a \
                 Python program",
            )),
            (None, Some(script)) if script.len() > MOST_SCRIPT => Err(invalid(&format!(
                "`script` has {} bytes, and more than {MOST_SCRIPT} do not go into a command line: give it as a file, as \
                 `application`",
                script.len()
            ))),
            (None, Some(script)) if script.contains('\0') => {
                Err(invalid("`script` has a NUL character"))
            }
            (None, Some(script)) => Ok(Program::Script(script)),
            (Some(application), None) if self.has_code() => {
                Ok(Program::Carried { file: code::program(application)? })
            }
            (Some(application), None) => match (file(application), main_class) {
                (name, _) if name.ends_with(".py") && name.contains('%') => {
                    Err(invalid("the name of a Python program can have no `%` in `application`"))
                }
                (name, _) if name.ends_with(".py") => Ok(Program::Python { file: name }),
                (_, Some(main_class)) => Ok(Program::Jar { main_class }),
                (_, None) => Err(invalid(
                    "`main_class` is missing, which a jar needs; the name of a Python program ends with `.py`",
                )),
            },
        }
    }

    fn has_code(&self) -> bool {
        filled(&self.working_dir_zip).is_some()
    }

    fn variables(&self) -> Result<BTreeMap<String, String>> {
        let mut variables = self.environment.clone().unwrap_or_default();
        if let Some(python) = filled(&self.python) {
            variables.insert("PYSPARK_PYTHON".to_owned(), python.to_owned());
        }
        if let Some(archive) = filled(&self.working_dir_zip) {
            variables.extend(code::variables(archive)?);
        }
        Ok(variables)
    }

    fn all_properties(&self, key: &str, application: Option<&str>) -> Result<Map<String, Value>> {
        let given = self.properties.iter().flatten();
        let mut all: Map<String, Value> =
            given.map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        if let Some(name) = OWN.iter().find(|name| all.contains_key(**name)) {
            let text = format!(
                "`properties` has `{name}`, which this connector sets: use the setting for it"
            );
            return Err(invalid(&text));
        }
        let name = filled(&self.name).map_or_else(|| format!("flyte-{key:.12}"), str::to_owned);
        let count = |number: Option<u64>| number.map(|number| number.to_string());
        let jars: Vec<String> = application
            .filter(|_| !self.is_python())
            .map(str::to_owned)
            .into_iter()
            .chain(self.jars.iter().flatten().cloned())
            .collect();
        // The program has them in its path by their place on its worker, and executors as files of the application.
        let carried = self.has_code().then(|| code::NAME.to_owned());
        let py_files: Vec<String> =
            self.py_files.iter().flatten().cloned().chain(carried).collect();
        let own_files = self.properties.iter().flatten().find(|(name, _)| *name == FILES);
        let own_files = own_files.map(|(_, files)| files.clone()).filter(|_| !py_files.is_empty());
        let files = own_files.into_iter().chain(py_files.iter().cloned()).collect();
        let listed = |items: Vec<String>| Some(items.join(",")).filter(|text| !text.is_empty());
        for (name, value) in [
            (ATTEMPT, Some(key.to_owned())),
            (TIME_LIMIT, count(self.time_limit)),
            ("spark.app.name", Some(name)),
            ("spark.submit.deployMode", Some("cluster".to_owned())),
            ("spark.driver.supervise", Some(self.supervise.to_string())),
            ("spark.driver.memory", self.driver_memory.clone()),
            ("spark.driver.cores", count(self.driver_cores)),
            ("spark.executor.memory", self.executor_memory.clone()),
            ("spark.executor.cores", count(self.executor_cores)),
            ("spark.cores.max", count(self.cores_max)),
            ("spark.jars", listed(jars)),
            (FILES, listed(files)),
            ("spark.submit.pyFiles", listed(py_files)),
        ] {
            if let Some(value) = value {
                all.insert(name.to_owned(), value.into());
            }
        }
        Ok(all)
    }
}

fn filled(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

/// The last part of the path, under which the worker keeps what it fetched.
fn file(application: &str) -> &str {
    let path = application.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

/// Where it is, as a URL.
fn located(application: &str) -> Result<String> {
    match application {
        path if path.starts_with('/') => Ok(format!("file:{path}")),
        url if url.starts_with("file:/") || url.contains("://") => Ok(url.to_owned()),
        _ => Err(invalid(
            "`application` must be where workers can fetch it: `https://…`, `s3a://…`, `hdfs://…`, or a whole path on the \
             workers, such as `/jobs/a.jar`",
        )),
    }
}

fn invalid(text: &str) -> ConnectorError {
    ConnectorError::invalid_task(text)
}

#[cfg(test)]
mod tests {
    use connector_core::custom_info::json_to_struct;
    use connector_core::prelude::*;
    use serde_json::{Value, json};

    use super::SubmissionTask;

    /// An archive of one empty file `a`.
    const ARCHIVE: &str = "UEsDBBQAAAAAAAAAIQAAAAAAAAAAAAAAAAABAAAAYVBLAQIUAxQAAAAAAAAAIQAAAAAAAAAAAAAAAAABAAAAAAAAAAAA\
                           AACAAQAAAABhUEsFBgAAAAABAAEALwAAAB8AAAAAAA==";

    fn read(custom: Value) -> SubmissionTask {
        SubmissionTask::from_custom(json_to_struct(custom).unwrap()).unwrap()
    }

    #[test]
    fn a_jar_and_what_it_needs() {
        let task = read(json!({
            "application": "/jobs/a.jar", "main_class": "a.B", "args": ["x", "y z"], "jars": ["s3a://b/c.jar"],
            "environment": {"A": "1"}, "name": "nightly", "driver_memory": "2g", "driver_cores": 2,
            "executor_memory": "3g", "executor_cores": 4, "cores_max": 8, "supervise": true,
            "properties": {"spark.sql.shuffle.partitions": "16"},
        }));
        let properties = json!({
            "spark.flyte.attempt": "k1", "spark.app.name": "nightly", "spark.submit.deployMode": "cluster",
            "spark.driver.supervise": "true", "spark.driver.memory": "2g", "spark.driver.cores": "2",
            "spark.executor.memory": "3g", "spark.executor.cores": "4", "spark.cores.max": "8",
            "spark.jars": "file:/jobs/a.jar,s3a://b/c.jar", "spark.sql.shuffle.partitions": "16",
        });
        let submission = task.submission("k1").unwrap();
        assert_eq!(submission["sparkProperties"], properties);
        assert_eq!(submission["appResource"], "file:/jobs/a.jar");
        assert_eq!(
            (&submission["mainClass"], &submission["appArgs"]),
            (&json!("a.B"), &json!(["x", "y z"]))
        );
        assert_eq!(submission["environmentVariables"], json!({"A": "1"}));
    }

    #[test]
    fn python_runs_behind_its_launcher() {
        let task = read(json!({
            "application": "https://code.example/jobs/a.py?version=2", "args": ["x"], "python": "/venv/bin/python",
            "py_files": ["/jobs/lib.zip"], "time_limit": 60,
        }));
        let submission = task.submission("0123456789abcdef").unwrap();
        assert_eq!(submission["appResource"], "https://code.example/jobs/a.py?version=2");
        let args = submission["appArgs"].as_array().unwrap();
        assert_eq!(
            (&args[0], &args[1], &args[3..]),
            (&json!("-c"), &json!("/jobs/lib.zip"), &[json!("60"), json!("a.py"), json!("x")][..])
        );
        assert_eq!(
            submission["environmentVariables"],
            json!({"PYSPARK_PYTHON": "/venv/bin/python"})
        );
        let properties = &submission["sparkProperties"];
        assert_eq!(properties["spark.submit.pyFiles"], "/jobs/lib.zip");
        assert_eq!(properties["spark.files"], "/jobs/lib.zip", "executors get them, too");
        assert_eq!(properties["spark.flyte.time_limit"], "60");
        assert_eq!(properties["spark.app.name"], "flyte-0123456789ab");
        assert!(properties.get("spark.jars").is_none());

        let carried = read(json!({
            "application": "jobs/main.py", "working_dir_zip": ARCHIVE, "properties": {"spark.files": "/a.csv"},
        }));
        let carried = carried.submission("k").unwrap();
        assert_eq!(carried["appResource"], "file:/dev/null");
        assert_eq!(carried["appArgs"].as_array().unwrap()[4..], [json!("jobs/main.py")]);
        assert_eq!(carried["environmentVariables"], json!({"FLYTE_CODE_0": ARCHIVE}));
        assert_eq!(carried["sparkProperties"]["spark.files"], "/a.csv,flyte-code.zip");

        let script = read(json!({"script": "print(1)", "args": ["x"]})).submission("k").unwrap();
        assert_eq!(script["appResource"], "file:/dev/null");
        assert_eq!(
            script["appArgs"].as_array().unwrap()[3..],
            [json!("0"), json!("-c"), json!("print(1)"), json!("x")]
        );
    }

    #[test]
    fn what_makes_no_sense_is_told_before_spark_is_asked() {
        for (custom, says) in [
            (json!({}), "either `application`"),
            (json!({"application": "/a.py", "script": "x"}), "either `application`"),
            (json!({"application": "/a.jar"}), "`main_class` is missing"),
            (json!({"application": "a.py"}), "a whole path"),
            (json!({"application": "/a%20b.py"}), "no `%`"),
            (json!({"script": "x".repeat(200_000)}), "200000 bytes"),
            (json!({"script": "x", "working_dir_zip": "x"}), "`working_dir_zip` is not written"),
            (json!({"application": "/a.py", "working_dir_zip": ARCHIVE}), "by its path there"),
            (
                json!({"application": "a.jar", "main_class": "A", "working_dir_zip": ARCHIVE}),
                "a Python program in that archive",
            ),
            (json!({"script": "x", "properties": {"spark.app.name": "x"}}), "`spark.app.name`"),
        ] {
            let error = read(custom).submission("k").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidTask);
            assert!(error.message().contains(says), "{error}");
        }
        let jar = json!({"application": "/a.jar", "main_class": "A", "time_limit": 5});
        assert_eq!(read(jar.clone()).time_limit(true).unwrap(), Some(5));
        assert!(read(jar).time_limit(false).unwrap_err().message().contains("`ui_url`"));
        assert!(read(json!({"script": "x", "time_limit": 0})).time_limit(true).is_err());
        let again = json!({"script": "x", "time_limit": 5, "supervise": true});
        assert!(read(again).time_limit(true).is_err());
    }
}
