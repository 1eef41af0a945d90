//! The connector against the rules of Flyte's executor, one test per rule.

use connector_core::literal;
use connector_testing::Task;
use {{crate_name}}::Connector;

connector_testing::conformance!(
    Connector,
    task = Task::new("{{task_type}}")
        .custom("opening", "good morning")
        .input("name", literal::string("Ada"))
        .output("text")
);
