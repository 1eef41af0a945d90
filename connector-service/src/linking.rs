//! What to say when connectors are missing from the binary.
//! The linker silently drops a crate that nobody names; these messages break the silence.

use connector_core::Registry;

use crate::nearest::nearest;
use crate::wanted::Wanted;

fn is_met(expected: &Wanted, registry: &Registry) -> bool {
    registry.entries().any(|entry| {
        entry.key.task_type == expected.task_type
            && expected.version.is_none_or(|version| version == entry.key.version)
    })
}

/// Why this binary must not serve, if something is missing from it. Where others are behind it, what they
/// serve may come later.
pub(crate) fn problem(
    registry: &Registry,
    expected: &[Wanted],
    are_others_behind: bool,
) -> Option<String> {
    if registry.is_empty() && !are_others_behind {
        return Some(
            "no connector is linked into this binary, so there is nothing to serve\n  \
             cause: the linker drops a crate that no code names, even if Cargo.toml lists it\n  \
             help:  name every crate with connectors in main.rs, instead of your `fn main`:\n           \
             connector_service::main!(my_connectors);\n         \
             or add this line to it:\n           \
             use my_connectors as _;"
                .to_owned(),
        );
    }
    let missing: Vec<String> = expected
        .iter()
        .filter(|expected| !is_met(expected, registry))
        .map(|expected| describe(expected, registry, are_others_behind))
        .collect();
    (!missing.is_empty()).then(|| missing.join("\n"))
}

/// What to say of a task type that nobody serves. `known` begin with those that are.
pub(crate) fn unknown(wanted: &str, task_type: &str, known: &[&str]) -> String {
    let types = known.iter().map(|known| known.split(['@', ' ']).next().unwrap_or_default());
    let meant = nearest(task_type, types).filter(|meant| *meant != task_type);
    let meant = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
    format!("no connector serves {wanted}; served are: {}{meant}", known.join(", "))
}

fn describe(expected: &Wanted, registry: &Registry, are_others_behind: bool) -> String {
    let failed = registry.failures().iter().find(|failure| {
        failure.keys.iter().any(|key| {
            key.task_type == expected.task_type
                && expected.version.is_none_or(|version| version == key.version)
        })
    });
    if let Some(failure) = failed {
        return format!("the expected connector {expected} did not start: {}", failure.error);
    }
    let served: Vec<String> = registry.entries().map(|entry| entry.key.to_string()).collect();
    let known = registry.entries().map(|entry| entry.key.task_type.as_str());
    let meant = nearest(expected.task_type.as_str(), known);
    let meant = meant.filter(|meant| *meant != expected.task_type.as_str());
    let meant = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
    let served = if served.is_empty() { "none".to_owned() } else { served.join(", ") };
    if are_others_behind {
        return format!(
            "the expected connector {expected} is neither linked into this binary nor served by what \
             --upstream, --modules and --python name; served are: {served}{meant}\n  \
             help:  see what is said of those that serve less than they were named for"
        );
    }
    format!(
        "the expected connector {expected} is not linked into this binary; linked are: {served}{meant}\n  \
         help:  add `use my_connectors as _;` to main.rs for the crate that holds it, or turn on \
         its cargo feature"
    )
}

#[cfg(test)]
mod tests {
    use connector_core::Registry;

    use super::{Wanted, problem, unknown};

    #[test]
    fn a_slip_in_a_task_type_is_told() {
        let known = ["batch_job@0", "echo (1)"];
        let told = unknown("bath_job@2", "bath_job", &known);
        let served = "no connector serves bath_job@2; served are: batch_job@0, echo (1)";
        assert_eq!(told, format!("{served}; did you mean batch_job?"));
        assert!(unknown("spark", "spark", &known).ends_with("echo (1)"));
        assert!(
            unknown("echo@7", "echo", &known).ends_with("echo (1)"),
            "only the version is wrong"
        );
    }

    #[test]
    fn an_empty_registry_gets_the_missing_line() {
        let problem = problem(&Registry::default(), &[], false).expect("a problem");
        assert!(problem.contains("use my_connectors as _;"), "{problem}");
    }

    #[test]
    fn what_others_serve_may_come_later_unless_it_is_expected() {
        assert_eq!(problem(&Registry::default(), &[], true), None);
        let farm = Wanted::parse("farm").expect("a task type");
        let told = problem(&Registry::default(), &[farm], true).expect("a problem");
        assert!(
            told.contains("nor served by what --upstream") && told.contains(": none"),
            "{told}"
        );
    }
}
