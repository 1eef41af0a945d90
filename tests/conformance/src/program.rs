//! The server as a process: started by a command line, on free ports, with what it says.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long a test waits for what should come soon; only a failing one ever waits that long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running process. It is killed when it is dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    /// Where gRPC is served: `https://[::1]:PORT`.
    pub grpc: String,
    /// The metrics page.
    pub metrics: String,
    said: Arc<Mutex<String>>,
}

impl Program {
    /// Starts a server binary, and waits until it says where it serves.
    ///
    /// # Panics
    /// It does not start.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("a binary");
        let said = Arc::new(Mutex::new(String::new()));
        let saying = Arc::clone(&said);
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let mut said = saying.lock().expect("no panic");
                said.push_str(&line);
                said.push('\n');
            }
        });
        let (send, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        thread::spawn(move || {
            stdout
                .lines()
                .map_while(Result::ok)
                .take_while(|line| send.send(line.clone()).is_ok())
                .count()
        });
        let address = |name: &str| loop {
            let line = lines.recv_timeout(PATIENCE).unwrap_or_else(|_| {
                panic!("it does not serve: {}", said.lock().expect("no panic"))
            });
            if let Some(address) = line.strip_prefix(name) {
                return address.trim().to_owned();
            }
        };
        let (grpc, metrics) = (address("gRPC "), address("metrics "));
        Self { child, grpc, metrics, said }
    }

    /// The port of gRPC.
    ///
    /// # Panics
    /// It said none.
    #[must_use]
    pub fn port(&self) -> u16 {
        let port = self.grpc.rsplit(':').next().and_then(|port| port.parse().ok());
        port.expect("a port")
    }

    /// Its log so far.
    ///
    /// # Panics
    /// The reader of the log has panicked.
    #[must_use]
    pub fn said(&self) -> String {
        self.said.lock().expect("no panic").clone()
    }

    /// Waits until its log has these words.
    ///
    /// # Panics
    /// It does not say them.
    pub async fn until_said(&self, words: &str) {
        self.until_said_times(words, 1).await;
    }

    /// Waits until its log has these words so many times.
    ///
    /// # Panics
    /// It does not say them.
    pub async fn until_said_times(&self, words: &str, times: usize) {
        let begun = Instant::now();
        while self.said().matches(words).count() < times {
            assert!(begun.elapsed() < PATIENCE, "not {times} of {words} in\n{}", self.said());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The metrics page as it is now.
    ///
    /// # Panics
    /// It cannot be reached in plaintext.
    pub async fn metrics_page(&self) -> String {
        let address = self.metrics.trim_start_matches("http://").trim_end_matches("/metrics");
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let request =
            format!("GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("a request");
        let mut page = String::new();
        stream.read_to_string(&mut page).await.expect("a page");
        page
    }

    /// The value of a series of the metrics page.
    ///
    /// # Panics
    /// There is no such series.
    pub async fn metric(&self, series: &str) -> f64 {
        let page = self.metrics_page().await;
        let value = page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        let value = value.and_then(|value| value.trim().parse().ok());
        value.unwrap_or_else(|| panic!("no {series} in\n{page}"))
    }

    /// Sends it a signal, by the signal's name.
    ///
    /// # Panics
    /// It cannot be sent.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.expect("kill").success(), "{name} is not sent");
    }

    /// The most memory it has had at a time, in bytes.
    ///
    /// # Panics
    /// There is no `/proc`.
    #[must_use]
    pub fn most_memory(&self) -> u64 {
        self.memory_of("VmHWM:")
    }

    /// The memory it has now, in bytes.
    ///
    /// # Panics
    /// There is no `/proc`.
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.memory_of("VmRSS:")
    }

    fn memory_of(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("a process");
        let told = status.lines().find_map(|line| line.strip_prefix(field));
        let kib = told.and_then(|it| it.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
        kib.expect("a number") * 1024
    }

    /// The processor time it has used, in hundredths of a second.
    ///
    /// # Panics
    /// There is no `/proc`.
    #[must_use]
    pub fn processor_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let stat = stat.expect("a process");
        let (_, fields) = stat.rsplit_once(')').expect("a name");
        fields.split_whitespace().skip(11).take(2).map(|it| it.parse::<u64>().expect("ticks")).sum()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
