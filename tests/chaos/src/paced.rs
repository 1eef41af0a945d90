//! A connector whose vendor only counts how often it is asked: one connection is one question, about as many jobs
//! as may be. `one_pace` counts with it what several servers ask together.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use connector_core::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How long the vendor takes for an answer.
const TAKES: Duration = Duration::from_millis(50);

/// Asks the vendor, and nothing else.
#[connector(task_type = "paced", init = Paced::start)]
#[derive(Debug)]
pub struct Paced {
    vendor: String,
}

impl Paced {
    async fn start(settings: Settings) -> Result<Self> {
        // Servers of other tests have no such vendor, and nobody asks them for it.
        Ok(Self { vendor: settings.get("vendor").unwrap_or_default().to_owned() })
    }

    async fn ask(&self) -> Result<()> {
        let lost = |error: std::io::Error| ConnectorError::transient(format!("vendor: {error}"));
        let mut stream = TcpStream::connect(&self.vendor).await.map_err(lost)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.map_err(lost)?;
        Ok(())
    }
}

impl AsyncConnector for Paced {
    async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
        Err(ConnectorError::unsupported("its jobs are there already"))
    }

    async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
        self.ask().await.map(|()| Resource::running())
    }

    async fn get_many(&self, jobs: &[(JobId, TaskContext<Self>)]) -> Vec<Result<Resource>> {
        let asked = self.ask().await.map_err(|error| error.to_string());
        let running = |_| match &asked {
            Ok(()) => Ok(Resource::running()),
            Err(why) => Err(ConnectorError::transient(why.clone())),
        };
        jobs.iter().map(running).collect()
    }

    async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

/// The vendor, on a port of this machine. It ends when it is dropped.
#[derive(Debug)]
pub struct CountingVendor {
    address: SocketAddr,
    questions: Arc<AtomicU64>,
    listening: JoinHandle<()>,
}

impl CountingVendor {
    /// Opens it.
    ///
    /// # Panics
    /// There is no free port.
    pub async fn open() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let questions = Arc::<AtomicU64>::default();
        let count = Arc::clone(&questions);
        let listening = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    tokio::time::sleep(TAKES).await;
                    stream.write_all(b"it runs").await.ok();
                });
            }
        });
        Self { address, questions, listening }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often it was asked.
    #[must_use]
    pub fn questions(&self) -> u64 {
        self.questions.load(Ordering::SeqCst)
    }
}

impl Drop for CountingVendor {
    fn drop(&mut self) {
        self.listening.abort();
    }
}
