//! What befalls each task: its job, the executor's troubles, and how it must end.
//! All of it follows from the seed and the task's number.

use std::time::Duration;

use connector_testing::{RepeatedCreate, Task, Trouble};
use fastrand::Rng;

use crate::message::{JobEnd, JobSpec};
use crate::pace::Pace;

/// What kind of vendor the tasks of a storm meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One that honours keys for every second task.
    Mixed,
    /// One that honours keys.
    Keys,
    /// One that honours none, and can be asked which job it made for a key.
    Find,
    /// One that does neither.
    Neither,
}

/// One task.
#[derive(Debug)]
pub struct Plan {
    /// The name of its run, in which its number stands.
    pub run: String,
    /// The task.
    pub task: Task,
    /// What the executor does to it.
    pub trouble: Trouble,
    /// How it must end, unless it is aborted before.
    pub end: JobEnd,
}

impl Plan {
    /// The plan of task `number`.
    #[must_use]
    pub fn of(seed: u64, number: u32, pace: &Pace, kind: Kind) -> Self {
        let mut luck = Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(number));
        luck.u64(..);
        let end = match luck.u32(0..10) {
            0 => JobEnd::Failed,
            _ => JobEnd::Succeeded,
        };
        let mut ends = vec![JobEnd::Retry; luck.usize(0..6).saturating_sub(4)];
        ends.push(end);
        let trouble = trouble(&mut luck, pace);
        // An answer that crosses its taker's departure is nobody's fault, and rare in life, where a
        // deadline is a thousand times as long as the way; here it would happen all the time.
        let slow = !trouble.create_deadlines.is_empty()
            || matches!(trouble.repeated_create, Some(RepeatedCreate::WhileCalling { .. }));
        let lucky = luck.bool();
        let keyed = match kind {
            Kind::Mixed => lucky,
            Kind::Keys => true,
            Kind::Find | Kind::Neither => false,
        };
        let job = JobSpec { keyed, slow, polls: luck.u32(1..6), ends };
        let custom = serde_json::to_value(&job).expect("a specification is JSON");
        let serde_json::Value::Object(custom) = custom else {
            unreachable!("a struct is an object")
        };
        let task_type = if kind == Kind::Find { "chaos_found" } else { "chaos" };
        let task = custom
            .into_iter()
            .fold(Task::new(task_type), |task, (key, value)| task.custom(key, value))
            .output("job")
            // A new attempt follows at once, so a moment without a server costs a hundred.
            .attempts(10_000);
        Self { run: format!("chaos-{seed}-{number}"), task, trouble, end }
    }

    /// Whether the executor aborts it.
    #[must_use]
    pub fn is_aborted(&self) -> bool {
        self.trouble.abort_after.is_some()
    }
}

/// What the executor does to a task.
pub(crate) fn trouble(luck: &mut Rng, pace: &Pace) -> Trouble {
    let some_of = |span: Duration, luck: &mut Rng| span.mul_f64(luck.f64());
    let repeated_create = match luck.u32(0..10) {
        0 => Some(RepeatedCreate::Concurrent { calls: luck.usize(2..5) }),
        1 => Some(RepeatedCreate::AfterAnswer { pause: some_of(pace.create_grace * 2, luck) }),
        2 => Some(RepeatedCreate::NotWrittenDown { pause: some_of(pace.create_grace * 2, luck) }),
        3 => Some(RepeatedCreate::WhileCalling {
            after: some_of(pace.deadline / 3, luck),
            pause: some_of(pace.create_grace * 2, luck),
        }),
        _ => None,
    };
    let haste = |luck: &mut Rng| pace.deadline / 10 + some_of(pace.deadline / 4, luck);
    let create_deadlines = match luck.u32(0..8) {
        0 => vec![haste(luck)],
        1 => vec![haste(luck); 2],
        _ => Vec::new(),
    };
    let restarts = match luck.u32(0..10) {
        0 => vec![pace.poll.mul_f64(luck.f64() * 8.0)],
        _ => Vec::new(),
    };
    let abort_after = match luck.u32(0..10) {
        0 => Some(pace.poll.mul_f64(luck.f64() * 6.0)),
        _ => None,
    };
    Trouble {
        repeated_create,
        create_deadlines,
        restarts,
        abort_after,
        delete_twice: luck.u32(0..10) == 0,
    }
}
