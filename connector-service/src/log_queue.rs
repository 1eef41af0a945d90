//! Log lines on their way to a sink that may be slow, full or stuck: whoever logs never waits for it.
//! `telemetry` puts it before standard error. What finds no room is given up and counted.
//!
//! `tracing-appender` does this, too; but at the end it waits for room in its queue and then prints to
//! standard output, so a process with two stuck pipes would never end.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// How many bytes may wait. That is some thousand lines, and far less than an idle server needs.
const ROOM: usize = 1024 * 1024;
/// What a line costs besides its text.
const PER_LINE: usize = 64;
/// How much is written at once.
const AT_ONCE: usize = 64 * 1024;

/// Lines that wait. Clones share one queue.
#[derive(Debug, Clone)]
pub(crate) struct LogQueue {
    lines: Sender<Message>,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: AtomicUsize,
    dropped: AtomicU64,
}

enum Message {
    Lines(Vec<u8>),
    /// Asks to be told once everything before it is written.
    Written(SyncSender<()>),
}

impl LogQueue {
    /// A queue before a sink, with a thread that writes. `told` is called on that thread with the number
    /// of lines that were given up, once there is room again.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn before(
        sink: impl Write + Send + 'static,
        told: impl Fn(u64) + Send + 'static,
    ) -> io::Result<Self> {
        let (lines, waiting) = channel();
        let state = Arc::new(State::default());
        let seen = Arc::clone(&state);
        let writer = std::thread::Builder::new().name("log".to_owned());
        writer.spawn(move || write_all(&waiting, sink, &seen, told))?;
        Ok(Self { lines, state })
    }

    /// How many lines were given up.
    pub(crate) fn dropped(&self) -> u64 {
        self.state.dropped.load(Ordering::Relaxed)
    }

    /// Waits until everything is written, but not longer than that. Whether it is.
    pub(crate) fn written(&self, within: Duration) -> bool {
        let (told, tell) = sync_channel(1);
        self.lines.send(Message::Written(told)).is_ok() && tell.recv_timeout(within).is_ok()
    }

    fn push(&self, lines: &[u8]) {
        let cost = lines.len() + PER_LINE;
        let waiting = self.state.waiting.fetch_add(cost, Ordering::Relaxed);
        if waiting + cost > ROOM || self.lines.send(Message::Lines(lines.to_vec())).is_err() {
            self.state.waiting.fetch_sub(cost, Ordering::Relaxed);
            self.state.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Takes a whole event at a time.
impl Write for LogQueue {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.push(lines);
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogQueue {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn write_all(waiting: &Receiver<Message>, mut sink: impl Write, state: &State, told: impl Fn(u64)) {
    let mut known = 0;
    let mut batch = Vec::new();
    while let Ok(first) = waiting.recv() {
        let mut cost = 0;
        let mut asked = None;
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Lines(lines) => {
                    cost += lines.len() + PER_LINE;
                    batch.extend_from_slice(&lines);
                }
                Message::Written(tell) => {
                    asked = Some(tell);
                    break;
                }
            }
            next = if batch.len() < AT_ONCE { waiting.try_recv().ok() } else { None };
        }
        // A sink that fails is worth no word: there is nobody left to tell.
        drop(sink.write_all(&batch).and_then(|()| sink.flush()));
        batch.clear();
        state.waiting.fetch_sub(cost, Ordering::Relaxed);
        if let Some(tell) = asked {
            tell.try_send(()).ok();
        }
        let dropped = state.dropped.load(Ordering::Relaxed);
        if dropped > known {
            told(dropped - known);
            known = dropped;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::{LogQueue, ROOM};

    const LONG: Duration = Duration::from_secs(60);

    /// A sink that takes something only when it is let.
    struct Stuck {
        let_go: Receiver<()>,
        taken: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Disconnected: it takes everything.
            self.let_go.recv().ok();
            self.taken.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn stuck() -> (SyncSender<()>, Arc<Mutex<Vec<u8>>>, Stuck) {
        let (go, let_go) = sync_channel(0);
        let taken = Arc::default();
        (go, Arc::clone(&taken), Stuck { let_go, taken })
    }

    #[test]
    fn nobody_waits_for_a_sink_that_is_stuck_and_what_was_given_up_is_told() {
        let (go, taken, sink) = stuck();
        let (tell, told) = std::sync::mpsc::channel();
        let mut queue = LogQueue::before(sink, move |lines| tell.send(lines).unwrap()).unwrap();
        let line = [b"x".as_slice(), &[b'.'; 998], b"\n"].concat();
        let most = ROOM / line.len();
        for _ in 0..most * 2 {
            queue.write_all(&line).unwrap();
        }
        let dropped = queue.dropped();
        assert!(dropped >= most as u64, "{dropped}");
        assert!(!queue.written(Duration::from_millis(1)), "nothing is written yet");
        drop(go);
        assert!(queue.written(LONG));
        let kept = taken.lock().unwrap().len() / line.len();
        assert_eq!(kept as u64 + dropped, 2 * most as u64);
        assert_eq!(told.recv_timeout(LONG).unwrap(), dropped);
        // There is room again.
        queue.write_all(&line).unwrap();
        assert!(queue.written(LONG));
        assert_eq!(
            (queue.dropped(), taken.lock().unwrap().len() / line.len()),
            (dropped, kept + 1)
        );
    }

    #[test]
    fn lines_are_written_in_order_and_whole() {
        let (go, taken, sink) = stuck();
        let mut queue = LogQueue::before(sink, |_| ()).unwrap();
        for number in 0..100 {
            queue.write_all(format!("line {number}\n").as_bytes()).unwrap();
        }
        drop(go);
        assert!(queue.written(LONG));
        let wanted: String = (0..100).map(|number| format!("line {number}\n")).collect();
        assert_eq!(String::from_utf8(taken.lock().unwrap().clone()).unwrap(), wanted);
    }

    #[test]
    fn a_sink_that_fails_holds_up_nobody() {
        struct Full;

        impl Write for Full {
            fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        let mut queue = LogQueue::before(Full, |_| ()).unwrap();
        queue.write_all(b"a\n").unwrap();
        assert!(queue.written(LONG));
        assert_eq!(queue.dropped(), 0);
    }
}
