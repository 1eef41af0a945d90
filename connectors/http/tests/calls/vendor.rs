//! A vendor on loopback that answers each connection by script and notes what it was asked, and a
//! connector whose operator lends it a secret.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use connector_core::prelude::*;
use connector_core::{Registry, Secret};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The vendor.
pub(crate) struct Vendor {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

/// A whole answer as it goes over the wire, or half of one.
pub(crate) struct Scripted(String);

pub(crate) fn ok(body: &str) -> Scripted {
    refused(200, "", body)
}

pub(crate) fn refused(status: u16, headers: &str, body: &str) -> Scripted {
    let length = body.len();
    Scripted(format!(
        "HTTP/1.1 {status} -\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    ))
}

/// An answer that ends before it is whole.
pub(crate) fn cut() -> Scripted {
    Scripted("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_owned())
}

impl Vendor {
    /// Answers connection after connection with the next line of the script.
    pub(crate) fn that_says(script: impl IntoIterator<Item = Scripted>) -> Self {
        let mut script: VecDeque<Scripted> = script.into_iter().collect();
        Self::with(move || script.pop_front())
    }

    /// Takes connections and requests, and never says anything.
    pub(crate) fn that_is_silent() -> Self {
        Self::with(|| None)
    }

    fn with(mut next: impl FnMut() -> Option<Scripted> + Send + 'static) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let noted = Arc::clone(&asked);
        tokio::spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            let mut kept = Vec::new();
            while let Ok((mut socket, _)) = listener.accept().await {
                let request = request(&mut socket).await;
                noted.lock().unwrap().push(request);
                match next() {
                    Some(Scripted(answer)) => socket.write_all(answer.as_bytes()).await.unwrap(),
                    None => kept.push(socket),
                }
            }
        });
        Self { address, asked }
    }

    /// The requests it got, each as it came.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// One request, head and body.
async fn request(socket: &mut TcpStream) -> String {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text;
            }
        }
        if socket.read_buf(&mut read).await.unwrap() == 0 {
            return text;
        }
    }
}

/// A connector; what matters is what its operator lends it.
pub(crate) struct Echo;

impl ConnectorSpec for Echo {
    const NAME: &'static str = "Echo";
    const TASK_TYPES: &'static [&'static str] = &["echo"];
    const VERSIONS: &'static [i32] = &[0];
    type Meta = JobId;
    type Config = ();
    type Inputs = ();
    type Outputs = ();
    type Connection = DynamicConnection;
}

impl AsyncConnector for Echo {
    async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
        Ok(JobId::new("j"))
    }

    async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource<()>> {
        Ok(Resource::running())
    }

    async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

/// A secret that the operator of the only connector lends.
pub(crate) fn operators_secret(registry: &Registry, name: &str) -> Secret {
    registry.get("echo", 0).unwrap().operator.get(name).unwrap()
}
