//! One engine at a time: two of them are more than a small machine carries.
//! Tests of one engine share it; the next engine starts when nobody uses that one any more.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

/// The engine that runs, and what it is called.
type Running = Option<(String, Arc<dyn Any + Send + Sync>)>;

static RUNNING: Mutex<Running> = Mutex::const_new(None);

/// The engine of that name: the one that runs, or else a new one, for which any other is ended once no
/// test holds it. A test that ends or changes its engine takes a name of its own.
///
/// It stays after the last test that holds it, for the next one; the guard of `group` ends it with the
/// process of the tests. `None` where `start` gives none.
///
/// # Panics
/// Two types of engine have one name.
pub async fn shared<E: Any + Send + Sync>(
    name: &str,
    start: impl AsyncFnOnce() -> Option<E>,
) -> Option<Arc<E>> {
    loop {
        let mut running = RUNNING.lock().await;
        match &*running {
            Some((other, engine)) if other == name => {
                let engine = Arc::clone(engine).downcast::<E>();
                return Some(engine.expect("a name of its own"));
            }
            Some((_, engine)) if Arc::strong_count(engine) > 1 => {}
            _ => {
                *running = None;
                let engine = Arc::new(start().await?);
                *running = Some((name.to_owned(), Arc::clone(&engine) as _));
                return Some(engine);
            }
        }
        drop(running);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::shared;

    struct Noted(&'static str, Sender<&'static str>);

    impl Drop for Noted {
        fn drop(&mut self) {
            self.1.send(self.0).expect("the test listens");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_engine_waits_for_the_last_user_of_this_one() {
        let (ended, ends) = channel();
        let (first, second) = (ended.clone(), ended);
        let one = shared("one", async || Some(Noted("one", first))).await.expect("one");
        let again = shared("one", async || -> Option<Noted> { panic!("it runs already") }).await;
        let two = tokio::spawn(async {
            shared("two", async || Some(Noted("two", second))).await.expect("two")
        });
        drop(again);
        // As long as it likes: the clock is a test's own.
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
        assert!(ends.try_recv().is_err() && !two.is_finished(), "it is still used");
        drop(one);
        let two = two.await.expect("two");
        assert_eq!((ends.recv(), two.0), (Ok("one"), "two"));
        drop(two);
        assert!(shared("none", async || None::<Noted>).await.is_none(), "not to be had");
        assert_eq!(ends.recv(), Ok("two"));
    }
}
