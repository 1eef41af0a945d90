//! Rule of logs: pages are made on the connector's own threads and read in the caller's time.
//! The server's threads only wait for the next page; what a service reads of is made here.

use connector_core::logs::{LogPage, LogStream, Logs};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tokio::sync::mpsc;
use tokio::time::timeout_at;

use crate::call::Call;
use crate::deadline::after;
use crate::failure::Cause;
use crate::isolation::{Workplace, caught};
use crate::scrub::{KnownSecrets, Scrub};

/// Pages made ahead of the reader.
const AHEAD: usize = 1;

/// The pages of a job's log, as a caller reads them: until the first that went wrong.
pub type LogPages = BoxStream<'static, Result<LogPage, Cause>>;

/// The pages of an answer, without secrets. They end before a caller leaves that has said when.
pub(crate) fn pages(logs: Logs, workplace: &Workplace, call: &Call) -> LogPages {
    match logs {
        Logs::Page(mut page) => {
            KnownSecrets::of_process().log_page(&mut page);
            stream::once(std::future::ready(Ok(page))).boxed()
        }
        // Reading a stream runs the connector's code as well.
        other => in_time(elsewhere(workplace, other.into_pages()), call),
    }
}

/// Pages that are made on the connector's threads. It ends there when the reader leaves.
fn elsewhere(
    workplace: &Workplace,
    mut pages: LogStream,
) -> mpsc::Receiver<Result<LogPage, Cause>> {
    let (send, receive) = mpsc::channel(AHEAD);
    workplace.detach(async move {
        loop {
            let page = tokio::select! {
                page = caught(pages.next()) => page,
                () = send.closed() => return,
            };
            let known = KnownSecrets::of_process();
            let (page, last) = match page {
                Ok(None) => return,
                Ok(Some(Ok(mut page))) => {
                    known.log_page(&mut page);
                    (Ok(page), false)
                }
                Ok(Some(Err(error))) => (Err(known.connector_error(error).into()), false),
                Err(mut message) => {
                    known.text(&mut message);
                    (Err(Cause::Panicked(message)), true)
                }
            };
            if send.send(page).await.is_err() || last {
                return;
            }
        }
    });
    receive
}

/// Pages as they come, until the caller's time is over: one that follows a log has set none.
fn in_time(receive: mpsc::Receiver<Result<LogPage, Cause>>, call: &Call) -> LogPages {
    let limit = call.limit;
    let until = if limit.by_caller { call.deadline } else { after(std::time::Duration::MAX) };
    stream::unfold(Some(receive), move |receive| async move {
        let mut receive = receive?;
        match timeout_at(until, receive.recv()).await {
            Ok(page) => Some((page?, Some(receive))),
            Err(_elapsed) => Some((Err(Cause::OutOfTime(limit)), None)),
        }
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use connector_core::logs::{LogPage, LogStream, Logs};
    use connector_core::policy::Isolation;
    use futures_util::{StreamExt, stream};
    use tokio::runtime::Handle;
    use tokio::sync::oneshot;

    use super::pages;
    use crate::isolation::{Places, Workplace};
    use crate::probe::Bench;

    async fn read(
        pages: LogStream,
        isolation: Isolation,
        timeout: Option<Duration>,
    ) -> Vec<String> {
        let bench = Bench::new(&[]).await;
        super::pages(Logs::Stream(pages), &workplace(isolation), &bench.call(timeout))
            .map(|page| match page {
                Ok(page) => page.next_token.unwrap(),
                Err(cause) => format!("{cause:?}"),
            })
            .collect()
            .await
    }

    fn workplace(isolation: Isolation) -> Workplace {
        let server = Handle::current();
        let places = Places::new(server.clone());
        Workplace::new("test", isolation, 1, server, places)
    }

    fn page(n: i32) -> LogPage {
        LogPage::new([]).next_token(n.to_string())
    }

    #[tokio::test]
    async fn pages_arrive_in_order_and_a_panic_is_the_last() {
        let pages = stream::iter(0..4).map(|n| {
            assert!(n < 2, "no more");
            Ok(page(n))
        });
        let told = read(pages.boxed(), Isolation::Own, None).await;
        assert_eq!(told, ["0", "1", "Panicked(\"no more\")"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_that_does_not_come_ends_the_log_before_its_reader_leaves() {
        let hangs = || stream::iter([Ok(page(0))]).chain(stream::pending()).boxed();
        let began = tokio::time::Instant::now();
        let told = read(hangs(), Isolation::Shared, Some(Duration::from_secs(10))).await;
        assert!(told[0] == "0" && told[1].starts_with("OutOfTime("), "{told:?}");
        assert_eq!((told.len(), began.elapsed()), (2, Duration::from_secs(9)));
        // Who follows a log sets no deadline; the server's own is for calls.
        let followed = read(hangs(), Isolation::Shared, None);
        assert!(tokio::time::timeout(Duration::from_secs(3_600), followed).await.is_err());
    }

    #[tokio::test]
    async fn a_reader_who_leaves_ends_it() {
        struct Told(Option<oneshot::Sender<()>>);
        impl Drop for Told {
            fn drop(&mut self) {
                self.0.take().expect("once").send(()).ok();
            }
        }
        let (ended, end) = oneshot::channel();
        let held = Told(Some(ended));
        let hangs = stream::pending().map(move |()| {
            let _held = &held;
            Ok(LogPage::default())
        });
        let bench = Bench::new(&[]).await;
        drop(pages(Logs::Stream(hangs.boxed()), &workplace(Isolation::Own), &bench.call(None)));
        end.await.expect("the stream was dropped");
    }
}
