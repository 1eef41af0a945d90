//! The example connectors keep the executor's rules, by the macro that authors use.
//! A rule that does not apply to a connector is left out with its reason.

use connector_core::literal;
use connector_examples::batch_job::BatchJobConnector;
use connector_examples::echo::Echo;
use connector_examples::simulator::Simulator;
use connector_examples::sync_echo::SyncEcho;
use connector_testing::Task;
use connector_testing::conformance::Subject;

mod batch_job {
    use super::{BatchJobConnector, Task};

    connector_testing::conformance!(
        BatchJobConnector,
        task = Task::new("batch_job").custom("duration_seconds", 0).output("result")
    );
}

mod echo {
    use super::{Echo, Subject, Task, literal};

    connector_testing::conformance!(
        subject = Subject::of::<Echo>()
            .task(
                Task::new("echo")
                    .input("a", literal::integer(1))
                    .input("b", literal::string("two"))
                    .output("a")
                    .output("b")
            )
            .except("a_new_attempt_is_a_new_job", "there is no job: the inputs are the metadata")
    );
}

mod sync_echo {
    use super::{SyncEcho, Task, literal};

    connector_testing::conformance!(
        sync SyncEcho,
        task = Task::new("sync_echo")
            .input("a", literal::integer(1))
            .input("b", literal::string("two"))
            .output("a")
            .output("b")
    );
}

mod simulator {
    use super::{Simulator, Subject, Task};

    const IN_MEMORY: &str = "its jobs live in the memory of the server";

    connector_testing::conformance!(
        subject = Subject::of::<Simulator>()
            .task(Task::new("simulator"))
            .except("metadata_is_all_another_server_needs", IN_MEMORY)
            .except("a_finished_job_stays_finished", IN_MEMORY)
            .except("concurrent_creates_are_one_job", IN_MEMORY)
            .except("a_create_repeated_to_another_server_is_one_job", IN_MEMORY)
    );
}
