//! The vendor: answers calls on a port of this machine, badly, and remembers every job.
//! `storm` starts one per run; the ledger says what was made, the moods what goes wrong.

mod ledger;
mod moods;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use connector_testing::{Vendor as VendorView, VendorJob, VendorState};
pub use ledger::{Entry, Ledger};
use moods::{Mood, Moods};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::message::{Answer, Call, JobState};
use crate::pace::Pace;

/// A running vendor. It ends when it is dropped.
#[derive(Debug)]
pub struct Vendor {
    address: SocketAddr,
    office: Arc<Office>,
    listening: JoinHandle<()>,
}

#[derive(Debug)]
struct Office {
    ledger: Mutex<Ledger>,
    moods: Moods,
}

impl Vendor {
    /// Opens a vendor whose moods follow from the seed.
    ///
    /// # Panics
    /// There is no free port.
    pub async fn open(seed: u64, pace: Pace) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let office = Arc::new(Office { ledger: Mutex::default(), moods: Moods::new(seed, pace) });
        let clerk = Arc::clone(&office);
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let clerk = Arc::clone(&clerk);
                tokio::spawn(async move {
                    // A caller that leaves changes nothing: what was begun is finished.
                    clerk.serve(stream).await.ok();
                });
            }
        });
        Self { address, office, listening }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every job made so far.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.office.ledger().entries().cloned().collect()
    }
}

impl Drop for Vendor {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Office {
    fn ledger(&self) -> std::sync::MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let call: Call = serde_json::from_str(&line)?;
        let mood = self.moods.of(&call, &mut self.ledger());
        let answer = match mood {
            Mood::Good => Some(self.act(call)),
            Mood::Unavailable => Some(Answer::Unavailable),
            Mood::Panic => Some(Answer::Panic),
            Mood::SlowBefore(wait) => {
                sleep(wait).await;
                Some(self.act(call))
            }
            Mood::SlowAfter(wait) => {
                let answer = self.act(call);
                sleep(wait).await;
                Some(answer)
            }
            Mood::Lost => {
                self.act(call);
                None
            }
        };
        if let Some(answer) = answer {
            let mut line = serde_json::to_string(&answer)?;
            line.push('\n');
            stream.write_all(line.as_bytes()).await?;
        }
        Ok(())
    }

    fn act(&self, call: Call) -> Answer {
        let mut ledger = self.ledger();
        match call {
            Call::Create { key, run, job, by, .. } => {
                Answer::Job { id: ledger.create(key, run, job, by) }
            }
            Call::Find { key } => match ledger.find(&key) {
                Some(id) => Answer::Job { id },
                None => Answer::Unknown,
            },
            Call::Status { id } => match ledger.status(&id) {
                Some(state) => Answer::State { state },
                None => Answer::Unknown,
            },
            Call::Cancel { id } => {
                ledger.cancel(&id);
                Answer::Done
            }
        }
    }
}

/// A job as the judge of the fake executor sees it.
#[must_use]
pub fn seen(entry: &Entry) -> VendorJob {
    let state = match entry.state {
        JobState::Running => VendorState::Live,
        JobState::Succeeded => VendorState::Succeeded,
        JobState::Failed | JobState::Retry => VendorState::Failed,
        JobState::Cancelled => VendorState::Cancelled,
    };
    VendorJob::new(&entry.id, state)
        .key(&entry.key)
        .run(&entry.run)
        .is_replacement(entry.is_replacement())
}

/// Jobs as they were at some moment.
#[derive(Debug)]
pub struct Snapshot(pub Vec<VendorJob>);

impl VendorView for Snapshot {
    async fn jobs(&self) -> Vec<VendorJob> {
        self.0.clone()
    }
}
