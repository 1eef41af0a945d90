//! What must outlive a process, and what replicas share: who is creating the job of an attempt, what that
//! was answered, and which jobs are still to be cancelled.
//!
//! The gate works without a store and then remembers what it must in its own memory. A store is asked
//! before and after the outside create, never by a poll. It never fails a call: while it cannot be reached
//! it says so by [`Claim::Alone`], keeps what it is told, and writes it when it can.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

/// The attempts of tasks and the jobs made for them, one row each, shared by all replicas.
///
/// Times are spans: the store's own clock decides when they are over, so that replicas whose clocks differ
/// agree. A claim is a lease: the store renews those of this process for as long as it lives, and one that
/// ran out may be taken by anybody. Whoever took it later has the higher fence; what is written with a lower
/// one changes nothing.
#[async_trait]
pub trait StateStore: fmt::Debug + Send + Sync {
    /// Claims an attempt before its job is created. Of all that claim it at once, in whatever process, one
    /// wins. Every earlier attempt of its task is over with that, whether or not those between them ever came
    /// here: its job becomes one to be cancelled, at once where it is known and as soon as it is known where
    /// it is not. An attempt that is claimed when a later one has begun is over from the start.
    ///
    /// # Cancel safety
    /// A claim that was won and not taken runs out with its lease.
    async fn claim(&self, attempt: &Attempt) -> Claim;

    /// Writes down what the create was answered, for repeated creates of the attempt.
    async fn created(&self, ticket: &Ticket, meta: &Bytes, keep: Keep) -> Written;

    /// The same where nobody waits for the answer any more: the job is one to be cancelled once `after` is over,
    /// as by [`StateStore::to_cancel`]. A store that does both in one step leaves no moment in between in
    /// which a process may end and the job be nobody's.
    async fn untaken(
        &self,
        ticket: &Ticket,
        job: &Cancellation,
        keep: Keep,
        after: Duration,
    ) -> Written {
        let written = self.created(ticket, &job.meta, keep).await;
        if written == Written::Kept {
            self.to_cancel(job, after).await;
        }
        written
    }

    /// Somebody has asked about the job of an answer, so that it has arrived in Flyte's state, and
    /// [`Keep::asked_within`] is met. Polls call it: it only notes that, and the store writes it later, many at
    /// once.
    fn asked(&self, ticket: &Ticket) {
        let _ = ticket;
    }

    /// Jobs that were answered elsewhere just now, and those that nobody has asked about for half of
    /// [`Keep::asked_within`], which are due when the other half is over: whichever process hears a question
    /// about one says so by [`StateStore::asked`]. A store that does not know `asked_within` has none.
    async fn unasked(&self) -> Vec<Due> {
        Vec::new()
    }

    /// Gives a claim up: no job was made, and the next create of the attempt begins anew.
    async fn failed(&self, ticket: &Ticket);

    /// Lets a claim go of which nobody knows how its create ended, as if its owner had died: the next create
    /// of the attempt takes it over, or [`StateStore::due`] gives it to somebody who finds out. A store that
    /// has no such state takes it for failed.
    async fn unsure(&self, ticket: &Ticket) {
        self.failed(ticket).await;
    }

    /// Writes down a job that is to be cancelled once `after` is over, and leases it to this process, which
    /// tries at that time. With a ticket it is the job of that attempt; without, one that is known by its
    /// metadata only. Until `after` is over, a claim of the attempt takes the job up again:
    /// [`Claim::Left`].
    async fn to_cancel(&self, job: &Cancellation, after: Duration) -> Ticket;

    /// Asked once that time is over, right before the job is cancelled: whether it is still this process's
    /// to cancel. From now on claims of the attempt find [`Claim::Leaving`]. False if the attempt was taken
    /// up again elsewhere meanwhile. A store that never answers [`Claim::Left`] need not be asked.
    async fn cancelling(&self, ticket: &Ticket) -> bool {
        let _ = ticket;
        true
    }

    /// The attempt has been taken up again: its job is wanted and not to be cancelled any more. False if it
    /// is too late.
    async fn wanted(&self, ticket: &Ticket) -> bool;

    /// A job is gone: nothing more is to be done for it, and creates of its attempt begin anew.
    async fn cancelled(&self, ticket: &Ticket);

    /// A job could not be cancelled; anybody tries again after `wait`. `problem` has no secret in it.
    async fn put_off(&self, ticket: &Ticket, wait: Duration, problem: &str);

    /// A row that was taken is nothing for this process now: anybody may take it once `wait` is over, and a create of
    /// its attempt may take it up as before. That is no try. With a `problem`, which has no secret in it, the row is
    /// listed with that. A store that does not tell the two apart counts a try.
    async fn set_aside(&self, ticket: &Ticket, wait: Duration, problem: Option<&str>) {
        self.put_off(ticket, wait, problem.unwrap_or_default()).await;
    }

    /// A job could not be cancelled, or cannot be known of, and nobody will try again; it stays listed. A
    /// create of its attempt that comes all the same wins the claim, taken over where no job is known.
    async fn given_up(&self, ticket: &Ticket, problem: &str);

    /// Takes at most `most` rows whose time has come and that nobody works on: jobs to be cancelled, and
    /// claims whose owner is gone, each leased to this process. None of these task types and versions, which it
    /// could not work on now.
    async fn due(&self, most: usize, but: &[(String, i32)]) -> Vec<Due>;

    /// How many processes use the store at this moment, this one among them; as many as there were last while it
    /// cannot be reached. It is at hand: the rate of an account is shared by them. A store of one process says 1.
    fn replicas(&self) -> usize {
        1
    }

    /// Sends letters to the other processes, and receives theirs, each once. They are about what the outside
    /// system answers and may be lost: whoever misses one asks for itself. A store of one process has nobody to
    /// tell.
    async fn exchange(&self, letters: Vec<Sent>) -> Vec<Received> {
        drop(letters);
        Vec::new()
    }

    /// Takes the turn to ask about jobs, by names of the caller's choice: at most `most` of them, the first ones
    /// that no other process has taken within its `span`. Somebody waits for those that are `wanted`; the ones
    /// that go `along` are taken if any of them is. Which it took; none where nobody can say or there is nobody
    /// else: then all are the caller's.
    async fn take_turns(
        &self,
        wanted: &[String],
        along: &[String],
        most: usize,
        span: Duration,
    ) -> Option<Vec<String>> {
        let _ = (wanted, along, most, span);
        None
    }

    /// Lets go of every lease of this process: it ends in good order, and others need not wait for them.
    async fn let_go(&self);
}

/// One attempt of one task, as the store knows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What it is found by: the same in every process and version for the same attempt of the same task.
    pub key: String,
    /// What all attempts of its task have in common, as stable as the key; none where one attempt does not
    /// tell of the others.
    pub task: Option<String>,
    /// Which attempt of its task it is; a later one has a higher number.
    pub number: u32,
    /// The task type of its connector.
    pub task_type: String,
    /// The version of its connector.
    pub version: i32,
    /// The execution, for people.
    pub run: String,
    /// The create without its connection, so that another process can repeat it when this one is gone; none
    /// where it is too large to be kept. Never holds a secret of the connection.
    pub request: Option<Bytes>,
}

impl fmt::Debug for Attempt {
    // Inputs and settings are the user's own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, task, number, task_type, version, run, .. } = self;
        f.debug_struct("Attempt")
            .field("key", key)
            .field("task", task)
            .field("number", number)
            .field("task_type", task_type)
            .field("version", version)
            .field("run", run)
            .finish_non_exhaustive()
    }
}

/// What a claim found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The attempt is this process's to create.
    Won {
        /// What the outcome is written with.
        ticket: Ticket,
        /// Whether somebody claimed it before and did not say how it went: the job may be there already.
        taken_over: bool,
    },
    /// Another process is at it. Its answer is to be waited for by claiming again, now and then.
    Held,
    /// The attempt was answered this.
    Answered(Bytes),
    /// The attempt was answered this, nobody took the job, and its time to be cancelled has not come: it is
    /// this process's now, which hands it out or sees to its end. It stays one to be cancelled until then
    /// ([`StateStore::wanted`]), should this process end, too.
    Left {
        /// What becomes of it is written with this.
        ticket: Ticket,
        /// The job.
        meta: Bytes,
    },
    /// The job of the attempt is being cancelled. Wait as for [`Claim::Held`].
    Leaving,
    /// The store cannot be reached: this process is alone with what it remembers.
    Alone,
}

/// For how long an answer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// How long it is kept for repeated creates of its attempt, once its job has been asked about.
    pub for_repeats: Duration,
    /// Within which time somebody has to ask about the job, as otherwise the answer was lost on its way and the
    /// job is one to be cancelled; none where it is no job, or one that is never cancelled.
    pub asked_within: Option<Duration>,
}

/// The right to write about one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The row.
    pub key: String,
    /// Which claim of it this is.
    pub fence: i64,
}

/// What became of an answer that was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is the attempt's answer now, or will be once the store is back.
    Kept,
    /// The next attempt has begun meanwhile: the row is one to be cancelled now, leased to this process.
    Superseded,
    /// Another process took the attempt over meanwhile. What to do with the job depends on whether it is the
    /// same one; the row is the other's.
    Lost,
}

/// A job that is to be cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancellation {
    /// The row of its attempt; none for a job that is known by its metadata only.
    pub ticket: Option<Ticket>,
    /// The task type of its connector.
    pub task_type: String,
    /// The version of its connector.
    pub version: i32,
    /// The execution, for people; may be empty.
    pub run: String,
    /// What create answered.
    pub meta: Bytes,
}

/// A letter on its way to the other processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// What it says; nobody but the gate reads it. At most some 100 kB.
    pub letter: Bytes,
    /// For how long it is of use to anybody.
    pub of_use: Duration,
}

/// A letter of another process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// What it says.
    pub letter: Bytes,
    /// How long ago it was sent.
    pub age: Duration,
}

/// A row whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// What its outcome is written with.
    pub ticket: Ticket,
    /// The attempt; without a request where it was too large, and for a job known by its metadata only.
    pub attempt: Attempt,
    /// The job; none for a claim whose owner is gone before it told whether it had made one.
    pub meta: Option<Bytes>,
    /// How often it was tried before.
    pub tries: u32,
}
