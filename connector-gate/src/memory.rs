//! What rules remember between calls: records by key, for a time, up to a bound.
//! Rules hold a `Store`; `Memory` is the one that lives and dies with this process. A store shared
//! by replicas, which would also survive a crash, takes its place behind the same trait.

use std::fmt;
use std::hash::{BuildHasher as _, Hash, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;
use rustc_hash::FxBuildHasher;
use tokio::time::Instant;

use crate::live::nanos;

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

/// How much a store remembers, for people and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// Records whose time is not over.
    pub count: usize,
    /// Records so far that were given up before their time, for want of room.
    pub given_up: u64,
}

impl Reading {
    /// That many, of which none can be given up.
    pub(crate) const fn of(count: usize) -> Self {
        Self { count, given_up: 0 }
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

    /// Forgets all records.
    fn clear(&self);

    /// How many records there are, without those whose time is over, and how many were given up.
    fn reading(&self) -> Reading;

    /// Whether there is none. Cheap: the path of every call asks.
    fn is_empty(&self) -> bool;
}

/// How much room a memory has.
#[derive(Debug, Clone, Copy)]
enum Room<V> {
    Records(usize),
    /// Bytes, the tables' own included; the function says what a value holds on the heap.
    Bytes(usize, fn(&V) -> usize),
}

/// Records in this process, bounded in room and in time. The oldest goes first.
pub(crate) struct Memory<V> {
    room: Room<V>,
    time_to_live: Duration,
    /// What times are counted from: half the size of an instant.
    began: Instant,
    records: Mutex<Records<V>>,
    count: AtomicUsize,
    given_up: AtomicU64,
}

/// What is kept under one lock.
struct Records<V> {
    /// Ordered by the last `put`, so the end of its order is what runs out first.
    by_key: LruCache<Key, Record<V>, FxBuildHasher>,
    /// What the values hold on the heap, as far as the room is counted in bytes.
    heap: usize,
}

#[derive(Debug)]
struct Record<V> {
    value: V,
    /// Nanoseconds after the memory began; 584 years hold them.
    expires: u64,
}

impl<V> Record<V> {
    const fn is_over(&self, now: u64) -> bool {
        self.expires <= now
    }
}

impl<V> Room<V> {
    fn of(&self, value: &V) -> usize {
        match self {
            Self::Records(_) => 0,
            Self::Bytes(_, heap) => heap(value),
        }
    }
}

impl<V> Records<V> {
    /// What a record takes beside what its value holds: itself with two links of the order, and its share
    /// of the table, which is between seven sixteenths and seven eighths full.
    const EACH: usize = size_of::<(Key, Record<V>)>() + 2 * size_of::<usize>() + 28;

    fn new() -> Self {
        // Bounded by `put`: a bounded cache would take room for all its records at once.
        Self { by_key: LruCache::unbounded_with_hasher(FxBuildHasher), heap: 0 }
    }

    fn is_over_full(&self, room: &Room<V>) -> bool {
        match *room {
            Room::Records(most) => self.by_key.len() > most,
            Room::Bytes(most, _) => self.by_key.len() * Self::EACH + self.heap > most,
        }
    }

    fn put(&mut self, key: Key, record: Record<V>, room: &Room<V>) {
        self.heap += room.of(&record.value);
        if let Some(before) = self.by_key.put(key, record) {
            self.heap -= room.of(&before.value);
        }
    }

    fn pop(&mut self, key: &Key, room: &Room<V>) -> Option<Record<V>> {
        let record = self.by_key.pop(key)?;
        self.heap -= room.of(&record.value);
        Some(record)
    }

    fn pop_oldest(&mut self, room: &Room<V>) {
        if let Some((_, record)) = self.by_key.pop_lru() {
            self.heap -= room.of(&record.value);
        }
    }

    fn sweep(&mut self, now: u64, room: &Room<V>) {
        while self.by_key.peek_lru().is_some_and(|(_, oldest)| oldest.is_over(now)) {
            self.pop_oldest(room);
        }
    }
}

impl<V> Memory<V> {
    /// Keeps at most `bound` records, each for `time_to_live` after it was last put.
    pub(crate) fn new(bound: usize, time_to_live: Duration) -> Self {
        Self::with_room(Room::Records(bound), time_to_live)
    }

    /// Keeps records that take at most `bytes` together. `heap` says what a value holds beside itself.
    pub(crate) fn of_bytes(bytes: usize, heap: fn(&V) -> usize, time_to_live: Duration) -> Self {
        Self::with_room(Room::Bytes(bytes, heap), time_to_live)
    }

    fn with_room(room: Room<V>, time_to_live: Duration) -> Self {
        let records = Mutex::new(Records::new());
        let (count, given_up) = (AtomicUsize::new(0), AtomicU64::new(0));
        Self { room, time_to_live, began: Instant::now(), records, count, given_up }
    }

    /// Nanoseconds since the memory began.
    fn now(&self) -> u64 {
        nanos(self.began.elapsed())
    }

    fn with<T>(&self, act: impl FnOnce(&mut Records<V>) -> T) -> T {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let done = act(&mut records);
        self.count.store(records.by_key.len(), Ordering::Relaxed);
        done
    }
}

impl<V> fmt::Debug for Memory<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("count", &self.count)
            .field("given_up", &self.given_up)
            .field("time_to_live", &self.time_to_live)
            .finish_non_exhaustive()
    }
}

impl<V: Clone + Send> Store<V> for Memory<V> {
    fn get(&self, key: &Key) -> Option<V> {
        if self.is_empty() {
            return None;
        }
        let now = self.now();
        self.with(|records| {
            let record = records.by_key.peek(key)?;
            (!record.is_over(now)).then(|| record.value.clone())
        })
    }

    fn put(&self, key: Key, value: V) {
        let now = self.now();
        let record = Record { value, expires: now.saturating_add(nanos(self.time_to_live)) };
        self.with(|records| {
            records.sweep(now, &self.room);
            records.put(key, record, &self.room);
            while records.is_over_full(&self.room) {
                records.pop_oldest(&self.room);
                self.given_up.fetch_add(1, Ordering::Relaxed);
            }
        });
    }

    fn remove(&self, key: &Key) -> Option<V> {
        if self.is_empty() {
            return None;
        }
        let now = self.now();
        self.with(|records| {
            let record = records.pop(key, &self.room)?;
            (!record.is_over(now)).then_some(record.value)
        })
    }

    fn clear(&self) {
        self.with(|records| *records = Records::new());
    }

    fn reading(&self) -> Reading {
        let now = self.now();
        let count = self.with(|records| {
            records.sweep(now, &self.room);
            if records.by_key.is_empty() {
                // Room taken in a busy hour is given back.
                *records = Records::new();
            }
            records.by_key.len()
        });
        Reading { count, given_up: self.given_up.load(Ordering::Relaxed) }
    }

    fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Key, Memory, Reading, Store};

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
        assert_eq!((memory.get(&Key::of(1)), memory.reading().count), (Some('c'), 2));
        tokio::time::advance(TTL).await;
        assert_eq!((memory.get(&Key::of(1)), memory.remove(&Key::of(2))), (None, None));
        assert_eq!((memory.reading().count, memory.is_empty()), (0, true));
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_record_makes_room() {
        let memory = Memory::new(2, TTL);
        for n in [1, 2, 1, 3] {
            memory.put(Key::of(n), n);
        }
        assert_eq!([1, 2, 3].map(|n| memory.get(&Key::of(n))), [Some(1), None, Some(3)]);
        assert_eq!((memory.remove(&Key::of(3)), memory.reading().count), (Some(3), 1));
    }

    #[tokio::test(start_paused = true)]
    async fn records_of_a_room_in_bytes_make_room_for_a_large_one() {
        let room = 10 * (super::Records::<Vec<u8>>::EACH + 100);
        let memory = Memory::of_bytes(room, Vec::len, TTL);
        let put = |n: usize, bytes| memory.put(Key::of(n), vec![0_u8; bytes]);
        (0..10).for_each(|n| put(n, 100));
        assert_eq!(memory.reading(), Reading { count: 10, given_up: 0 });
        // Put again, a record counts once; what is removed or over counts no more.
        put(9, 100);
        memory.remove(&Key::of(0_usize));
        put(10, 100);
        assert_eq!(memory.reading(), Reading { count: 10, given_up: 0 });
        put(11, 500);
        assert_eq!(memory.reading(), Reading { count: 7, given_up: 4 });
        assert_eq!([4_usize, 5].map(|n| memory.get(&Key::of(n)).is_some()), [false, true]);
        tokio::time::advance(TTL).await;
        (0..10).for_each(|n| put(n, 100));
        assert_eq!(memory.reading(), Reading { count: 10, given_up: 4 });
    }
}
