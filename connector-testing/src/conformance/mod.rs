//! Checks of one connector against the executor's rules, one test per rule.
//!
//! [`conformance!`](crate::conformance!) makes the tests; [`check`] and [`judge`] are for those who run the
//! [`rules`] in a way of their own. Each check has a server of its own in this process, and paused time.

// The rules are functions in the files beside this one.

mod creates;
mod deletes;
mod polls;
mod runs;
mod stand;
mod subject;
mod violation;

use futures_util::future::LocalBoxFuture;
use stand::Stand;
pub use subject::Subject;
use violation::Judged;
pub use violation::Violation;

type Check = for<'a> fn(&'a Subject) -> LocalBoxFuture<'a, Result<(), Judged>>;

/// One rule.
struct Rule {
    name: &'static str,
    because: &'static str,
    check: Check,
}

macro_rules! rules {
    ($($file:ident::$name:ident: $because:literal,)*) => {
        /// Every rule, in the order of a task's life.
        const RULES: &[Rule] = &[$(Rule {
            name: stringify!($name),
            because: $because,
            check: |subject| Box::pin(async move {
                let mut stand = Stand::new(subject).await?;
                $file::$name(&mut stand).await
            }),
        }),*];
    };
}

rules! {
    creates::a_task_runs_to_its_end:
        "the executor creates, polls every 30 s until the end, and deletes an hour later",
    creates::inputs_come_in_any_order:
        "the executor sends the inputs in another order every time",
    creates::a_repeated_create_is_one_job:
        "the executor creates again when it dies before it has written the answer down",
    creates::concurrent_creates_are_one_job:
        "two executors may create the same attempt at the same time",
    creates::a_create_repeated_to_another_server_is_one_job:
        "the repeated create may reach another replica, or this one after a restart",
    creates::a_job_is_found_by_its_key:
        "a server may die over a create, and the next one asks `find` before it creates again",
    creates::a_new_attempt_is_a_new_job:
        "the executor deletes a job that failed and creates the next attempt",
    creates::an_abandoned_create_leaves_no_job:
        "the executor forgets a create that takes longer than 10 s, and never deletes its job",
    creates::metadata_is_small:
        "the executor keeps the metadata in a Kubernetes object, beside everything else",
    polls::the_first_poll_is_answered:
        "the executor polls right after create, and a job it has never seen fails for good at the \
         sixth error",
    polls::outputs_are_those_declared:
        "the executor writes the outputs down unchecked, and the next task finds them missing",
    polls::an_outage_is_not_the_end:
        "six failed polls in the whole life of a job wedge it",
    polls::a_finished_job_stays_finished:
        "the executor polls a finished job again when it restarts",
    polls::metadata_is_all_another_server_needs:
        "servers restart while jobs run, and nothing but the metadata comes back",
    polls::unreadable_metadata_is_an_answer:
        "metadata may come from another version, and errors would wedge the job for ever",
    runs::a_task_can_be_run_again:
        "Flyte 1 calls again where it has lost the answer of a task that is done within its call",
    deletes::a_job_can_be_deleted_before_any_poll:
        "a task may be aborted right after its create",
    deletes::a_delete_can_be_repeated:
        "the executor repeats a delete that fails every 10 s for ever, and deletes a removed task's \
         job whatever was deleted before",
    deletes::a_finished_job_can_be_deleted:
        "every finished task is removed after an hour, which deletes its job",
    deletes::a_deleted_job_is_still_answered:
        "a poll may come after the delete, and an error would count",
}

/// The names of all rules.
#[must_use]
pub fn rules() -> Vec<&'static str> {
    RULES.iter().map(|rule| rule.name).collect()
}

/// Checks one rule by name, with paused time on a runtime of its own.
///
/// `Ok(Some(_))` says why the rule was not judged.
///
/// # Errors
/// The rule is broken, or there is no rule of that name.
pub fn judge(rule: &str, subject: &Subject) -> Result<Option<String>, Violation> {
    let unknown = |name: &str| Violation {
        rule: "(none)",
        because: "rules go by the names of their tests",
        seen: format!("there is no rule `{name}`"),
        advice: format!("the rules are: {}", rules().join(", ")),
    };
    if let Some(name) = subject.unknown_exception(&rules()) {
        return Err(unknown(name));
    }
    let Some(Rule { name, because, check }) = RULES.iter().find(|known| known.name == rule) else {
        return Err(unknown(rule));
    };
    let violation = |seen: String, advice: String| Violation { rule: name, because, seen, advice };
    if let Some(reason) = subject.excepted(rule) {
        return Ok(Some(reason.to_owned()));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .map_err(|error| violation(format!("no runtime: {error}"), String::new()))?;
    match runtime.block_on(check(subject)) {
        Ok(()) => Ok(None),
        Err(Judged::Broken { seen, advice }) => Err(violation(seen, advice)),
        Err(Judged::NotJudged { lacking }) => Ok(Some(lacking.to_owned())),
    }
}

/// Checks one rule as a test does: a broken rule panics, one that cannot be judged says so.
///
/// # Panics
/// The rule is broken.
#[expect(clippy::panic, clippy::print_stderr, reason = "this is the body of a test")]
#[track_caller]
pub fn check(rule: &str, subject: &Subject) {
    match judge(rule, subject) {
        Ok(None) => {}
        Ok(Some(reason)) => eprintln!("`{rule}` was not judged: {reason}"),
        Err(violation) => panic!("{violation}"),
    }
}

/// Tests of a connector against the executor's rules: a module `conformance` with one test each.
///
/// | form | needs |
/// |---|---|
/// | `conformance!(MyConnector)` | `MyConnector: Default`, and a task without settings that works |
/// | `conformance!(MyConnector, task = my_task())` | `MyConnector: Default`, and a [`Task`](crate::Task) that succeeds |
/// | `conformance!(sync MyConnector)`, `conformance!(sync MyConnector, task = my_task())` | the same of a `sync` connector; rules about its jobs do not apply |
/// | `conformance!(subject = my_subject())` | a [`Subject`] |
///
/// See the documentation of the crate for an example.
#[macro_export]
macro_rules! conformance {
    (sync $connector:ty $(,)?) => {
        $crate::conformance!(subject = $crate::conformance::Subject::of_sync::<$connector>());
    };
    (sync $connector:ty, task = $task:expr $(,)?) => {
        $crate::conformance!(
            subject = $crate::conformance::Subject::of_sync::<$connector>().task($task)
        );
    };
    ($connector:ty $(,)?) => {
        $crate::conformance!(subject = $crate::conformance::Subject::of::<$connector>());
    };
    ($connector:ty, task = $task:expr $(,)?) => {
        $crate::conformance!(
            subject = $crate::conformance::Subject::of::<$connector>().task($task)
        );
    };
    (subject = $subject:expr $(,)?) => {
        #[cfg(test)]
        fn __conformance_subject() -> $crate::conformance::Subject {
            $subject
        }

        $crate::__conformance_tests! {
            a_task_runs_to_its_end
            inputs_come_in_any_order
            a_repeated_create_is_one_job
            concurrent_creates_are_one_job
            a_create_repeated_to_another_server_is_one_job
            a_job_is_found_by_its_key
            a_new_attempt_is_a_new_job
            an_abandoned_create_leaves_no_job
            metadata_is_small
            the_first_poll_is_answered
            outputs_are_those_declared
            an_outage_is_not_the_end
            a_finished_job_stays_finished
            metadata_is_all_another_server_needs
            unreadable_metadata_is_an_answer
            a_task_can_be_run_again
            a_job_can_be_deleted_before_any_poll
            a_delete_can_be_repeated
            a_finished_job_can_be_deleted
            a_deleted_job_is_still_answered
        }
    };
}

/// Not public. One test per rule.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_tests {
    ($($rule:ident)*) => {
        #[cfg(test)]
        mod conformance {
            $(
                #[test]
                fn $rule() {
                    $crate::conformance::check(
                        ::core::stringify!($rule),
                        &super::__conformance_subject(),
                    );
                }
            )*

            /// A rule without a test would be a rule nobody keeps.
            #[test]
            fn every_rule_has_a_test() {
                ::core::assert_eq!(
                    [$(::core::stringify!($rule)),*].as_slice(),
                    $crate::conformance::rules(),
                );
            }
        }
    };
}
