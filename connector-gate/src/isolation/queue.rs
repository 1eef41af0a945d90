//! Steps on their way to the threads of a connector, first come first served.
//! `crew` puts them in and its threads take them out. A thread that finds nothing sleeps at once. To look again for
//! a while first, as channels do, is worth it where the next step is a microsecond away; here it comes when an
//! outside system answers, and each look in between gives the processor away.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The steps.
#[derive(Debug)]
pub(super) struct Queue<T> {
    waiting: Mutex<Waiting<T>>,
    came: Condvar,
}

#[derive(Debug)]
struct Waiting<T> {
    steps: VecDeque<T>,
    /// Threads that sleep and that nobody has woken yet.
    asleep: usize,
    over: bool,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        let waiting = Waiting { steps: VecDeque::new(), asleep: 0, over: false };
        Self { waiting: Mutex::new(waiting), came: Condvar::new() }
    }
}

impl<T> Queue<T> {
    /// Puts a step in, and wakes a thread if one sleeps. Once the queue has ended the step comes back.
    pub(super) fn put(&self, step: T) -> Result<(), T> {
        let mut waiting = self.waiting();
        if waiting.over {
            return Err(step);
        }
        waiting.steps.push_back(step);
        let wakes = waiting.asleep > 0;
        // The next step wakes another one.
        waiting.asleep = waiting.asleep.saturating_sub(1);
        drop(waiting);
        if wakes {
            self.came.notify_one();
        }
        Ok(())
    }

    /// Takes the next step, once there is one. `None` when the queue has ended and nothing is left in it.
    pub(super) fn take(&self) -> Option<T> {
        let mut waiting = self.waiting();
        loop {
            if let Some(step) = waiting.steps.pop_front() {
                return Some(step);
            }
            if waiting.over {
                return None;
            }
            waiting.asleep += 1;
            waiting = self.came.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends it: what is in it is still taken, and nothing more comes.
    pub(super) fn end(&self) {
        self.waiting().over = true;
        self.came.notify_all();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};
    use std::thread;

    use super::Queue;

    #[test]
    fn what_is_in_it_is_taken_in_order_and_nothing_comes_after_its_end() {
        let queue = Queue::default();
        assert_eq!((queue.put(1), queue.put(2)), (Ok(()), Ok(())));
        queue.end();
        assert_eq!(queue.put(3), Err(3));
        assert_eq!((queue.take(), queue.take(), queue.take()), (Some(1), Some(2), None));
    }

    #[test]
    fn each_step_finds_a_thread_however_many_sleep() {
        const THREADS: usize = 4;
        let queue = Arc::new(Queue::default());
        let (tell, told) = mpsc::channel();
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let (queue, tell) = (Arc::clone(&queue), tell.clone());
                thread::spawn(move || {
                    while let Some(step) = queue.take() {
                        tell.send(step).unwrap();
                    }
                })
            })
            .collect();
        // One at a time, so that the others sleep; then more than there are threads.
        for step in 0..100 {
            queue.put(step).unwrap();
            assert_eq!(told.recv(), Ok(step));
        }
        (0..100).for_each(|step| queue.put(step).unwrap());
        let mut all: Vec<i32> = told.iter().take(100).collect();
        all.sort_unstable();
        assert_eq!(all, Vec::from_iter(0..100));
        queue.end();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}
