//! Wakes the guard: at once, or in a moment unless that is called off.
//! A lone step sets it and calls it off again. On Linux that takes two calls of the kernel and no thread is
//! woken; elsewhere a moment is at once.

#[cfg(target_os = "linux")]
pub(super) use timer::Alarm;

#[cfg(not(target_os = "linux"))]
pub(super) use bell::Alarm;

#[cfg(target_os = "linux")]
mod timer {
    use std::os::fd::OwnedFd;
    use std::time::Duration;

    use rustix::io::{Errno, read};
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };

    /// A timer of the kernel that one thread waits for.
    #[derive(Debug)]
    pub(in crate::isolation::guard) struct Alarm(OwnedFd);

    impl Alarm {
        /// `None` where the kernel gives no timer.
        pub(in crate::isolation::guard) fn new() -> Option<Self> {
            let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC);
            let timer = timer
                .inspect_err(|error| tracing::error!(%error, "there is no timer for the guard"));
            timer.ok().map(Self)
        }

        /// Wakes whoever waits, or the next one who would.
        pub(in crate::isolation::guard) fn ring(&self) {
            // With nothing it would be called off.
            self.set(Duration::from_nanos(1));
        }

        /// Does so after that time.
        pub(in crate::isolation::guard) fn ring_in(&self, time: Duration) {
            self.set(time);
        }

        /// What was to ring does not, unless somebody was woken by it.
        pub(in crate::isolation::guard) fn call_off(&self) {
            self.set(Duration::ZERO);
        }

        /// Waits until it rings.
        pub(in crate::isolation::guard) fn wait(&self) {
            let mut rings = [0; 8];
            while read(&self.0, &mut rings) == Err(Errno::INTR) {}
        }

        fn set(&self, time: Duration) {
            let never_again = Timespec { tv_sec: 0, tv_nsec: 0 };
            let Ok(it_value) = Timespec::try_from(time) else { return };
            let timer = Itimerspec { it_interval: never_again, it_value };
            // It fails for a time that is none, and for a file that is no timer.
            timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &timer).ok();
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod bell {
    use std::sync::{Condvar, Mutex, PoisonError};
    use std::time::Duration;

    #[derive(Debug, Default)]
    pub(in crate::isolation::guard) struct Alarm {
        rings: Mutex<bool>,
        heard: Condvar,
    }

    impl Alarm {
        pub(in crate::isolation::guard) fn new() -> Option<Self> {
            Some(Self::default())
        }

        pub(in crate::isolation::guard) fn ring(&self) {
            *self.rings.lock().unwrap_or_else(PoisonError::into_inner) = true;
            self.heard.notify_one();
        }

        pub(in crate::isolation::guard) fn ring_in(&self, _time: Duration) {
            self.ring();
        }

        pub(in crate::isolation::guard) fn call_off(&self) {
            *self.rings.lock().unwrap_or_else(PoisonError::into_inner) = false;
        }

        pub(in crate::isolation::guard) fn wait(&self) {
            let rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
            let woken = self.heard.wait_while(rings, |rings| !*rings);
            *woken.unwrap_or_else(PoisonError::into_inner) = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};
    use std::thread;
    use std::time::Duration;

    use super::Alarm;

    const NEVER: Duration = Duration::from_secs(3_600);

    #[test]
    fn it_wakes_who_waits_and_who_comes_later() {
        let alarm = Arc::new(Alarm::new().unwrap());
        let (tell, told) = mpsc::channel();
        let waiting = thread::spawn({
            let alarm = Arc::clone(&alarm);
            move || {
                for _ in 0..3 {
                    alarm.wait();
                    tell.send(()).unwrap();
                }
            }
        });
        alarm.ring();
        told.recv().unwrap();
        alarm.ring_in(Duration::from_millis(1));
        told.recv().unwrap();
        // One that is set again rings when it was set to last.
        alarm.ring_in(NEVER);
        alarm.ring();
        told.recv().unwrap();
        waiting.join().unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn called_off_it_stays_silent() {
        let alarm = Arc::new(Alarm::new().unwrap());
        alarm.ring_in(NEVER);
        alarm.call_off();
        // Also what has rung and was not heard.
        alarm.ring();
        alarm.call_off();
        let (tell, told) = mpsc::channel();
        let waiting = thread::spawn({
            let alarm = Arc::clone(&alarm);
            move || {
                alarm.wait();
                tell.send(()).unwrap();
            }
        });
        assert!(told.recv_timeout(Duration::from_millis(50)).is_err(), "it was called off");
        alarm.ring();
        told.recv().unwrap();
        waiting.join().unwrap();
    }
}
