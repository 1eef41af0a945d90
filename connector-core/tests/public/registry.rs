//! The registry: what the linker collected, what is registered by hand, and what clashes.

use connector_core::host::Origin;
use connector_core::prelude::*;
use connector_core::registry::RegistryError;
use connector_core::{Registry, SyncSpec};

/// The three methods, for connectors of which only the identity matters.
macro_rules! does_nothing {
    ($($connector:ty),+) => {
        $(impl AsyncConnector for $connector {
            async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
                Ok(JobId::new("j-1"))
            }

            async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
                Ok(Resource::running())
            }

            async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
                Ok(())
            }
        })+
    };
}

#[connector(task_type = ["spark", "databricks"], version = [0, 1])]
#[derive(Debug, Default)]
struct Spark;

#[connector(task_type = "panics", init = explode)]
#[derive(Debug)]
struct Panics;

#[expect(clippy::panic, reason = "what a careless init may do")]
fn explode(_settings: Settings) -> Result<Panics> {
    panic!("init was told to")
}

#[connector(task_type = "panics_later", init = explode_later)]
#[derive(Debug)]
struct PanicsLater;

async fn explode_later(_settings: Settings) -> Result<PanicsLater> {
    tokio::task::yield_now().await;
    Ok(unwind())
}

#[expect(clippy::panic, reason = "what a careless init may do")]
fn unwind() -> PanicsLater {
    panic!("init was told to")
}

#[connector(task_type = "needs", init = Needs::new)]
#[derive(Debug)]
struct Needs;

impl Needs {
    fn new(settings: &Settings) -> Result<Self> {
        settings.require("endpoint").map(|_| Self)
    }
}

#[connector(task_type = "waits", init = Waits::connect)]
#[derive(Debug)]
struct Waits;

impl Waits {
    async fn connect(_settings: Settings) -> Self {
        tokio::task::yield_now().await;
        Self
    }
}

/// Written without the macro.
#[derive(Debug)]
struct ByHand;

impl ConnectorSpec for ByHand {
    const NAME: &'static str = "By Hand";
    const TASK_TYPES: &'static [&'static str] = &["spark"];
    const VERSIONS: &'static [i32] = &[1];
    type Meta = JobId;
    type Config = DynamicConfig;
    type Inputs = DynamicInputs;
    type Outputs = DynamicOutputs;
    type Connection = DynamicConnection;
}

/// Names what Flyte cannot carry.
#[derive(Debug)]
struct Illegal;

impl ConnectorSpec for Illegal {
    const NAME: &'static str = "Illegal";
    const TASK_TYPES: &'static [&'static str] = &["big query"];
    const VERSIONS: &'static [i32] = &[0];
    type Meta = JobId;
    type Config = ();
    type Inputs = ();
    type Outputs = DynamicOutputs;
    type Connection = ();
}

/// What it takes from the connection is known.
#[derive(Debug, TaskConnection)]
struct RenderAccess {
    #[secret]
    #[expect(dead_code, reason = "only its name matters")]
    api_key: Secret,
}

#[connector(task_type = ["render", "preview"], connection = RenderAccess, init = render)]
#[derive(Debug)]
struct Render;

fn render(settings: &Settings) -> Render {
    drop((settings.get("url"), settings.secret("pass-word")));
    Render
}

#[connector(task_type = "keeps", connection = (), init = Keeps)]
#[derive(Debug)]
struct Keeps(#[expect(dead_code, reason = "it could ask later")] Settings);

does_nothing!(Spark, Panics, PanicsLater, Needs, Waits, ByHand, Illegal, Render, Keeps);

fn keys(registry: &Registry) -> Vec<String> {
    registry.entries().map(|entry| entry.key.to_string()).collect()
}

#[tokio::test]
async fn linked_connectors_are_sorted_and_failed_ones_left_out() {
    let registry = Registry::linked().build().await.expect("no duplicates");
    assert_eq!(
        keys(&registry),
        [
            "keeps (0)",
            "render (0)",
            "preview (0)",
            "spark (0)",
            "spark (1)",
            "databricks (0)",
            "databricks (1)",
            "waits (0)"
        ],
        "types in the order written"
    );
    assert_eq!(registry.by_name()[2].name, "Spark Connector");
    assert!(registry.get("databricks", 1).is_some());
    assert!(registry.get("databricks", 2).is_none());
    let failures: Vec<_> = registry
        .failures()
        .iter()
        .map(|failure| (failure.name, failure.error.message().to_owned()))
        .collect();
    assert_eq!(failures.len(), 3, "{failures:?}");
    assert!(failures[0].1.contains("`endpoint` is missing"), "{failures:?}");
    assert!(failures[1].1.contains("panicked"), "{failures:?}");
    assert!(failures[2].1.contains("panicked"), "{failures:?}");
}

#[test]
fn what_connectors_are_is_known_without_making_them() {
    // `init` of two of them fails, and one panics.
    let described = Registry::linked().replace(ByHand).describe().expect("no duplicates");
    let keys: Vec<(String, &str)> =
        described.iter().map(|it| (it.key.to_string(), &*it.name)).collect();
    for (key, name) in [
        ("needs (0)", "Needs Connector"),
        ("panics (0)", "Panics Connector"),
        ("spark (0)", "Spark Connector"),
        ("spark (1)", "By Hand"),
        ("preview (0)", "Render Connector"),
    ] {
        assert!(keys.contains(&(key.to_owned(), name)), "{key} of {name} is not in {keys:?}");
    }
    assert_eq!(keys.iter().filter(|(key, _)| key == "spark (1)").count(), 1);
    let render = described.iter().find(|it| it.key.task_type.as_str() == "render").unwrap();
    let connection = render.interface.connection.as_ref().unwrap();
    assert_eq!(connection[0].name, "api_key");
    assert!(render.interface.config.is_none(), "settings are read untyped");
    let Origin::Source(place) = &render.origin else { panic!("{render:?}") };
    assert!(place.file.ends_with("registry.rs"));
    assert!(Registry::linked().register(ByHand).describe().is_err());
}

#[tokio::test]
async fn settings_come_from_the_variables_given() {
    // A test makes an instance as the server does.
    assert!(Needs::new(&Settings::from_iter([("endpoint", "http://x")])).is_ok());
    let variables = [("CONNECTOR__NEEDS__ENDPOINT".to_owned(), "http://x".to_owned())];
    let registry = Registry::linked().variables(variables).build().await.expect("no duplicates");
    assert!(registry.get("needs", 0).is_some());
}

#[tokio::test]
async fn variables_that_no_connector_reads_are_known() {
    let read = [
        "CONNECTOR__RENDER__URL",
        "CONNECTOR__RENDER__SECRET__API_KEY",
        "CONNECTOR__RENDER__SECRET__PASS_WORD",
        "CONNECTOR__RENDER__SECRET_HOSTS",
        "CONNECTOR__RENDER__POLICY__POLL_INTERVAL",
        // Whoever keeps the settings may ask for more; whoever did not start would have.
        "CONNECTOR__KEEPS__ANYTHING",
        "CONNECTOR__KEEPS__SECRET__TOKEN",
        "CONNECTOR__NEEDS__OTHER",
        // Its connection is dynamic, so any secret may be asked for.
        "CONNECTOR__SPARK__SECRET__WHATEVER",
    ];
    let unread = [
        ("CONNECTOR__PREVIEW__URL", Some("CONNECTOR__RENDER__URL")),
        ("CONNECTOR__RENDER__SECRET__API_KEYS", None),
        ("CONNECTOR__RENDER__URI", None),
        ("CONNECTOR__RENDRE__URL", None),
        ("CONNECTOR__SPARK__HOST", None),
    ];
    let variables = read.into_iter().chain(unread.map(|(name, _)| name));
    let variables = variables.map(|name| {
        let value = if name.contains("POLL_INTERVAL") { "1s" } else { "x" };
        (name.to_owned(), value.to_owned())
    });
    let registry = Registry::linked().variables(variables).build().await.expect("a registry");
    let found = registry.variables().unread();
    let found: Vec<_> = found.iter().map(|it| (it.name.as_str(), it.instead.as_deref())).collect();
    assert_eq!(found, unread);
    let known: Vec<&str> = registry.variables().read().collect();
    for name in &read[..5] {
        assert!(known.contains(name), "{name} is not in {known:?}");
    }
}

#[tokio::test]
async fn duplicates_are_reported_with_both_places() {
    let error = Registry::linked().register(ByHand).build().await.unwrap_err();
    let RegistryError::Duplicates(duplicates) = &error else { panic!("{error}") };
    assert_eq!(duplicates.len(), 1);
    let text = error.to_string();
    assert!(text.starts_with("Duplicate connector for task type: spark and version: 1"), "{text}");
    let places: Vec<_> = text.lines().filter(|line| line.contains("registry.rs:")).collect();
    assert_eq!(places.len(), 2, "{text}");
    assert_ne!(duplicates[0].first.line, duplicates[0].second.line);
}

#[tokio::test]
async fn a_replacement_takes_over_only_what_it_names() {
    let registry = Registry::linked().replace(ByHand).build().await.expect("a replacement");
    assert_eq!(registry.get("spark", 1).unwrap().name, "By Hand");
    assert_eq!(registry.get("spark", 0).unwrap().name, "Spark Connector");
    let listed: Vec<usize> = registry.by_name().iter().map(|named| named.keys.len()).collect();
    assert_eq!(listed, [1, 2, 3, 1, 1], "a replaced key is listed once");
}

#[tokio::test]
async fn what_flyte_cannot_carry_is_refused_without_the_macro_too() {
    let error = Registry::builder().register(Illegal).build().await.unwrap_err();
    assert!(matches!(error, RegistryError::Illegal { .. }));
    assert!(error.to_string().contains("registry.rs:"), "{error}");
}

/// Of the name of `Spark`, which starts jobs; registered by hand only.
#[derive(Debug)]
struct Shout;

impl ConnectorSpec for Shout {
    const NAME: &'static str = "Spark Connector";
    const TASK_TYPES: &'static [&'static str] = &["shout"];
    const VERSIONS: &'static [i32] = &[0];
    type Meta = JobId;
    type Config = DynamicConfig;
    type Inputs = DynamicInputs;
    type Outputs = DynamicOutputs;
    type Connection = DynamicConnection;
}

impl SyncSpec for Shout {}

impl SyncConnector for Shout {
    async fn run(&self, _task: CreateTask<Self>) -> Result<Resource> {
        Ok(Resource::succeeded(DynamicOutputs::default()))
    }
}

#[tokio::test]
async fn one_name_is_of_one_kind_because_flyte_1_knows_one_for_each() {
    for both in [
        Registry::builder().register(Spark).register_sync(Shout),
        Registry::builder().register_sync(Shout).register(Spark),
    ] {
        let text = match both.build().await {
            Err(error @ RegistryError::Mixed { name: "Spark Connector", .. }) => error.to_string(),
            other => panic!("{other:?}"),
        };
        let [sync, jobs] = ["sync: ", "jobs: "].map(|kind| text.find(kind).expect(kind));
        assert!(sync < jobs && text.contains("give one of them another `name`"), "{text}");
    }
    // Replaced, the other one is not there any more.
    let alone = Registry::builder().register_sync(Shout).replace_sync(Shout).build().await.unwrap();
    assert!(alone.entries().all(|entry| entry.connector.is_sync()));
}
