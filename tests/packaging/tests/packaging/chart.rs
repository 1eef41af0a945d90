//! The chart in `deploy/chart`, rendered by Helm: valid for Kubernetes, with flags that the binary takes, and with
//! what the guide says of a deployment.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use interop_tests::peer::binary;
use interop_tests::venv::Venv;
use packaging_tests::{checkers, checkout, helm, printed, put, target};
use serde_json::Value;

/// The oldest that the chart allows, and the newest that there is a schema of.
const KUBERNETES: [&str; 2] = ["1.27", "1.37"];
const EVERYTHING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/values/everything.yaml");

#[derive(Debug)]
struct Tools {
    helm: PathBuf,
    checkers: Venv,
}

fn tools() -> Option<&'static Tools> {
    static TOOLS: OnceLock<Option<Tools>> = OnceLock::new();
    let make = || {
        let target = target(env!("CARGO_TARGET_TMPDIR"));
        let helm = helm(&target, "the chart")?;
        Some(Tools { helm, checkers: checkers(&target, "the chart")? })
    };
    TOOLS.get_or_init(make).as_ref()
}

fn chart() -> PathBuf {
    checkout().join("deploy/chart")
}

impl Tools {
    /// The manifests of a release called `films`, each valid for every version of Kubernetes that is meant.
    fn render(&self, arguments: &[&str]) -> Vec<Value> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rendered.yaml");
        let mut render = Command::new(&self.helm);
        render.args(["template", "films"]).arg(chart()).args(["--namespace", "flyte"]);
        put(&file, &printed(render.args(arguments)));
        let mut manifests = String::new();
        for version in KUBERNETES {
            let mut check = self.checkers.script("manifests.py");
            manifests = printed(check.arg(&file).arg(version));
        }
        serde_json::from_str(&manifests).unwrap()
    }
}

fn kind<'a>(manifests: &'a [Value], kind: &str) -> Option<&'a Value> {
    manifests.iter().find(|manifest| manifest["kind"] == kind)
}

fn pod(manifests: &[Value]) -> &Value {
    &kind(manifests, "Deployment").unwrap()["spec"]["template"]["spec"]
}

/// The arguments of the container, with the files they name below another root.
fn arguments(manifests: &[Value], root: &Path) -> Vec<String> {
    let arguments = pod(manifests)["containers"][0]["args"].as_array().unwrap();
    let placed = |text: &str| text.replacen("=/", &format!("={}/", root.display()), 1);
    arguments.iter().map(|it| placed(it.as_str().unwrap())).collect()
}

#[test]
fn the_chart_has_the_version_of_the_program() {
    let text = fs::read_to_string(chart().join("Chart.yaml")).unwrap();
    for key in ["version", "appVersion"] {
        let line = format!("{key}: {}", env!("CARGO_PKG_VERSION"));
        assert!(text.lines().any(|found| found == line), "no {line} in\n{text}");
    }
}

#[test]
fn helm_has_nothing_to_say_against_the_chart() {
    let Some(tools) = tools() else { return };
    for values in [None, Some(EVERYTHING)] {
        let mut lint = Command::new(&tools.helm);
        lint.args(["lint", "--strict", "--quiet"]).arg(chart());
        if let Some(file) = values {
            lint.args(["--values", file]);
        }
        printed(&mut lint);
    }
}

#[test]
fn without_values_there_are_two_replicas_behind_a_headless_service() {
    let Some(tools) = tools() else { return };
    let manifests = tools.render(&[]);
    let kinds: Vec<_> = manifests.iter().map(|it| it["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["PodDisruptionBudget", "ServiceAccount", "Service", "Deployment"]);
    let service = &kind(&manifests, "Service").unwrap()["spec"];
    assert_eq!(service["clusterIP"], "None");
    let deployment = &kind(&manifests, "Deployment").unwrap()["spec"];
    assert_eq!(deployment["replicas"], 2);
    assert_eq!(service["selector"], deployment["selector"]["matchLabels"]);
    let container = &pod(&manifests)["containers"][0];
    assert_eq!(container["readinessProbe"]["grpc"]["port"], 8000);
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    assert_eq!(pod(&manifests)["securityContext"]["runAsNonRoot"], true);
    assert_eq!(container["resources"]["limits"]["memory"], "300Mi");
    // With one replica a budget would hold up every drain of a node.
    assert!(kind(&tools.render(&["--set", "replicaCount=1"]), "PodDisruptionBudget").is_none());
}

#[test]
fn everything_at_once_is_valid_and_hangs_together() {
    let Some(tools) = tools() else { return };
    let manifests = tools.render(&["--values", EVERYTHING]);
    for name in ["HorizontalPodAutoscaler", "NetworkPolicy", "ServiceMonitor", "ConfigMap"] {
        assert!(kind(&manifests, name).is_some(), "no {name}");
    }
    let pod = pod(&manifests);
    let container = &pod["containers"][0];
    // A mesh aside, a probe of gRPC cannot speak TLS.
    assert!(container["readinessProbe"]["grpc"].is_null());
    assert_eq!(container["readinessProbe"]["httpGet"]["scheme"], "HTTPS");
    let mounts = container["volumeMounts"].as_array().unwrap();
    let volumes = pod["volumes"].as_array().unwrap();
    assert_eq!(mounts.len(), volumes.len());
    for mount in mounts {
        assert!(volumes.iter().any(|it| it["name"] == mount["name"]), "{mount} has no volume");
    }
    // Every file that a flag names is below a place that something is mounted at.
    for argument in container["args"].as_array().unwrap() {
        let Some((_, file)) = argument.as_str().unwrap().split_once("=/") else { continue };
        let file = format!("/{file}");
        let is_below = |it: &Value| file.starts_with(it["mountPath"].as_str().unwrap());
        assert!(mounts.iter().any(is_below), "{file} is not mounted");
    }
    let policy = &kind(&manifests, "NetworkPolicy").unwrap()["spec"];
    assert_eq!(policy["ingress"][0]["ports"][0]["port"], container["ports"][0]["name"]);
    let monitor = &kind(&manifests, "ServiceMonitor").unwrap()["spec"];
    assert_eq!(monitor["endpoints"][0]["port"], container["ports"][1]["name"]);
    assert_eq!(monitor["endpoints"][0]["scheme"], "https");
    // The autoscaler says how many there are.
    assert!(kind(&manifests, "Deployment").unwrap()["spec"]["replicas"].is_null());
}

#[test]
fn a_pod_has_longer_to_end_than_the_server_takes() {
    let Some(tools) = tools() else { return };
    for values in [&[][..], &["--values", EVERYTHING]] {
        let manifests = tools.render(values);
        let seconds = |flag: &str| {
            let found = arguments(&manifests, Path::new(""));
            let value = found.iter().find_map(|it| it.strip_prefix(flag)).expect(flag);
            value.parse::<u64>().unwrap()
        };
        let server = seconds("--lame-duck-seconds=") + seconds("--grace-seconds=");
        let pod = pod(&manifests)["terminationGracePeriodSeconds"].as_u64().unwrap();
        assert!(pod >= server + 10, "{pod} s for {server} s");
    }
}

#[test]
fn the_binary_takes_the_flags_and_the_file_of_settings() {
    let Some(tools) = tools() else { return };
    let program = binary(&target(env!("CARGO_TARGET_TMPDIR"))).unwrap();
    for values in [&[][..], &["--values", EVERYTHING]] {
        let manifests = tools.render(values);
        let root = tempfile::tempdir().unwrap();
        if let Some(config) = kind(&manifests, "ConfigMap") {
            let file = root.path().join("etc/connector-server/connectors.toml");
            put(&file, config["data"]["connectors.toml"].as_str().unwrap());
        }
        let command = pod(&manifests)["containers"][0]["command"].clone();
        assert_eq!(command, serde_json::json!(["connector-server", "serve"]));
        let mut serve = Command::new(&program);
        serve.arg("serve").args(arguments(&manifests, root.path())).arg("--print-config");
        let told = printed(&mut serve);
        assert!(told.contains("lame_duck_seconds = \"1"), "{told}");
        if !values.is_empty() {
            assert!(told.contains("max_connections = \"100\""), "{told}");
            assert!(told.contains("[connector.snowflake.policy]"), "{told}");
        }
    }
}

#[test]
fn what_the_notes_say_is_for_the_executor() {
    let Some(tools) = tools() else { return };
    let notes = fs::read_to_string(chart().join("templates/NOTES.txt")).unwrap();
    assert!(notes.contains("supportedTaskTypes"));
    let mut render = Command::new(&tools.helm);
    render.args(["install", "films", "--dry-run=client", "--namespace", "flyte"]).arg(chart());
    let told = printed(render.args(["--set", "expect={render@1,farm}"]));
    assert!(told.contains("supportedTaskTypes: [render, farm]"), "{told}");
    let address = "endpoint: dns:///films-connector-server.flyte.svc.cluster.local:8000";
    assert!(told.contains(address), "{told}");
    assert!(told.contains("Nothing says who may call yet"), "{told}");
}
