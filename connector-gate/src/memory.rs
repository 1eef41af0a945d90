//! What rules remember between calls: records by key, for a time, up to a bound.
//! Rules hold a `Store`; `Memory` is the one that lives and dies with this process. A store shared
//! by replicas, which would also survive a crash, takes its place behind the same trait.

use std::fmt;
use std::hash::{BuildHasher as _, Hash, Hasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;
use rustc_hash::FxBuildHasher;
use tokio::time::Instant;

/// What a record is found by: a digest, so that large metadata is not kept twice. Of this process only:
/// nobody outside can choose values whose keys meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key([u64; 2]);

/// What makes the keys of this process its own.
static SEEDS: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);

impl Key {
    /// The key of anything that can be hashed. 128 bits: two jobs never meet by chance.
    pub(crate) fn of(value: impl Hash) -> Self {
        let [one, two] = &*SEEDS;
        Self([one.hash_one(&value), two.hash_one(&value)])
    }
}

impl Hash for Key {
    /// A half of it: it is a digest already, so tables need no good hasher.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [half, _] = self.0;
        state.write_u64(half);
    }
}

/// Records by key. No method waits and none may be called with a lock held.
pub(crate) trait Store<V>: fmt::Debug + Send + Sync {
    /// The record, unless its time is over.
    fn get(&self, key: &Key) -> Option<V>;

    /// Keeps a record, anew for the whole time to live.
    fn put(&self, key: Key, value: V);

    /// Forgets a record and answers it.
    fn remove(&self, key: &Key) -> Option<V>;

    /// How many records there are, without those whose time is over.
    fn len(&self) -> usize;

    /// Whether there is none. Cheap: the path of every call asks.
    fn is_empty(&self) -> bool;
}

/// Records in this process, bounded in number and in time. The oldest goes first.
pub(crate) struct Memory<V> {
    bound: usize,
    time_to_live: Duration,
    // Ordered by the last `put`, so the end of its order is what runs out first.
    records: Mutex<LruCache<Key, Record<V>, FxBuildHasher>>,
    count: AtomicUsize,
}

#[derive(Debug)]
struct Record<V> {
    value: V,
    expires: Option<Instant>,
}

impl<V> Record<V> {
    fn is_over(&self, now: Instant) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

impl<V> Memory<V> {
    /// Keeps at most `bound` records, each for `time_to_live` after it was last put.
    pub(crate) fn new(bound: usize, time_to_live: Duration) -> Self {
        // Bounded by `put`: a bounded cache would take room for all its records at once.
        let records = Mutex::new(LruCache::unbounded_with_hasher(FxBuildHasher));
        Self { bound, time_to_live, records, count: AtomicUsize::new(0) }
    }

    fn with<T>(&self, act: impl FnOnce(&mut LruCache<Key, Record<V>, FxBuildHasher>) -> T) -> T {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let done = act(&mut records);
        self.count.store(records.len(), Ordering::Relaxed);
        done
    }

    fn sweep(records: &mut LruCache<Key, Record<V>, FxBuildHasher>, now: Instant) {
        while records.peek_lru().is_some_and(|(_, oldest)| oldest.is_over(now)) {
            records.pop_lru();
        }
    }
}

impl<V> fmt::Debug for Memory<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("count", &self.count)
            .field("bound", &self.bound)
            .field("time_to_live", &self.time_to_live)
            .finish_non_exhaustive()
    }
}

impl<V: Clone + Send> Store<V> for Memory<V> {
    fn get(&self, key: &Key) -> Option<V> {
        if self.is_empty() {
            return None;
        }
        let now = Instant::now();
        self.with(|records| {
            let record = records.peek(key)?;
            (!record.is_over(now)).then(|| record.value.clone())
        })
    }

    fn put(&self, key: Key, value: V) {
        let now = Instant::now();
        let record = Record { value, expires: now.checked_add(self.time_to_live) };
        self.with(|records| {
            Self::sweep(records, now);
            records.put(key, record);
            while records.len() > self.bound {
                records.pop_lru();
            }
        });
    }

    fn remove(&self, key: &Key) -> Option<V> {
        if self.is_empty() {
            return None;
        }
        let now = Instant::now();
        self.with(|records| {
            let record = records.pop(key)?;
            (!record.is_over(now)).then_some(record.value)
        })
    }

    fn len(&self) -> usize {
        let now = Instant::now();
        self.with(|records| {
            Self::sweep(records, now);
            if records.is_empty() {
                // Room taken in a busy hour is given back.
                *records = LruCache::unbounded_with_hasher(FxBuildHasher);
            }
            records.len()
        })
    }

    fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Key, Memory, Store};

    const TTL: Duration = Duration::from_secs(10);

    #[test]
    fn keys_are_of_the_whole_value() {
        assert_eq!(Key::of("a"), Key::of("a"));
        assert_ne!(Key::of("a"), Key::of("b"));
        assert_ne!(Key::of(("a", "bc")), Key::of(("ab", "c")));
    }

    #[tokio::test(start_paused = true)]
    async fn records_end_with_their_time() {
        let memory = Memory::new(10, TTL);
        memory.put(Key::of(1), 'a');
        tokio::time::advance(TTL / 2).await;
        memory.put(Key::of(2), 'b');
        // Put again, it lives anew.
        memory.put(Key::of(1), 'c');
        tokio::time::advance(TTL * 3 / 4).await;
        assert_eq!((memory.get(&Key::of(1)), memory.len()), (Some('c'), 2));
        tokio::time::advance(TTL).await;
        assert_eq!((memory.get(&Key::of(1)), memory.remove(&Key::of(2))), (None, None));
        assert_eq!((memory.len(), memory.is_empty()), (0, true));
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_record_makes_room() {
        let memory = Memory::new(2, TTL);
        for n in [1, 2, 1, 3] {
            memory.put(Key::of(n), n);
        }
        assert_eq!([1, 2, 3].map(|n| memory.get(&Key::of(n))), [Some(1), None, Some(3)]);
        assert_eq!((memory.remove(&Key::of(3)), memory.len()), (Some(3), 1));
    }
}
