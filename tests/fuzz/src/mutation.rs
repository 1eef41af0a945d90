//! How examples are broken: a few small damages each, so that a failing input shrinks to the damage.
//! Campaigns take their inputs from `broken`; messages that are whole but odd come from `messages`.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::Input;
use crate::corpus::Corpus;

/// Longer inputs only make a campaign slower.
const LONGEST: usize = 1 << 15;

/// What promises too much: lengths, counts and numbers at the edge, in every encoding read here.
const EXTREMES: &[&[u8]] = &[
    // Protobuf varints: 2^31-1, 2^32-1, 2^63-1, 2^64-1, one that never ends, one padded with zeros.
    b"\xff\xff\xff\xff\x07",
    b"\xff\xff\xff\xff\x0f",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00",
    // msgpack: text, bytes, lists, maps and extensions of 4 GiB; numbers at the edge.
    b"\xdb\xff\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xc9\xff\xff\xff\xff\xff",
    b"\xdc\xff\xff",
    b"\xde\xff\xff",
    b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xd3\x80\x00\x00\x00\x00\x00\x00\x00",
    b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x01",
    b"\xcb\xff\xf0\x00\x00\x00\x00\x00\x00",
    b"\xcb\x43\x40\x00\x00\x00\x00\x00\x01",
    b"\xca\x7f\xc0\x00\x00",
    b"\xc1",
    // JSON: numbers at the edge, Python's bare words, half of a surrogate pair, depth.
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"-1e-999",
    b"18446744073709551616",
    b"-9223372036854775809",
    b"340282366920938463463374607431768211456",
    b"\\ud83d",
    b"\\u0000",
    b"{\"a\": ",
    b"[[[[[[[[",
    // Text that is not UTF-8, and text with a meaning.
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"9999-12-31T23:59:59.999999999Z",
    b"-009999-01-01T00:00:00Z",
    b"P999999999999999Y",
];

/// One damage. Positions shrink to the front and lengths to nothing.
#[derive(Debug, Clone)]
enum Damage {
    Flip {
        at: Index,
        bit: u8,
    },
    Overwrite {
        at: Index,
        byte: u8,
    },
    Insert {
        at: Index,
        bytes: Vec<u8>,
    },
    Delete {
        at: Index,
        count: usize,
    },
    /// The rest is replaced by the rest of another example.
    Splice {
        at: Index,
        other: Index,
        from: Index,
    },
    /// A piece of another example is put in.
    Graft {
        at: Index,
        other: Index,
        from: Index,
        count: usize,
    },
    Extreme {
        at: Index,
        which: Index,
        overwrite: bool,
    },
    /// A piece is repeated: depth and counts beyond the limits.
    Repeat {
        at: Index,
        count: usize,
        times: usize,
    },
    Truncate {
        at: Index,
    },
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    prop_oneof![
        3 => (at(), 0..8_u8).prop_map(|(at, bit)| Damage::Flip { at, bit }),
        3 => (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Overwrite { at, byte }),
        2 => (at(), vec(any::<u8>(), 1..8)).prop_map(|(at, bytes)| Damage::Insert { at, bytes }),
        2 => (at(), 1..16_usize).prop_map(|(at, count)| Damage::Delete { at, count }),
        1 => (at(), at(), at()).prop_map(|(at, other, from)| Damage::Splice { at, other, from }),
        2 => (at(), at(), at(), 1..64_usize)
            .prop_map(|(at, other, from, count)| Damage::Graft { at, other, from, count }),
        4 => (at(), at(), any::<bool>())
            .prop_map(|(at, which, overwrite)| Damage::Extreme { at, which, overwrite }),
        1 => (at(), 1..12_usize, 2..400_usize)
            .prop_map(|(at, count, times)| Damage::Repeat { at, count, times }),
        1 => at().prop_map(|at| Damage::Truncate { at }),
    ]
}

/// Examples with a few damages, or with none.
pub fn broken(corpus: &Corpus) -> impl Strategy<Value = Input> + use<> {
    let examples: Arc<[Vec<u8>]> =
        corpus.entries().iter().map(|entry| entry.bytes.clone()).collect();
    (any::<Index>(), vec(damage(), 0..6)).prop_map(move |(example, damages)| {
        let mut bytes = example.get(&examples).clone();
        for damage in damages {
            damage.apply(&mut bytes, &examples);
            bytes.truncate(LONGEST);
        }
        Input(bytes)
    })
}

/// Bytes without any meaning.
pub fn noise() -> impl Strategy<Value = Input> {
    vec(any::<u8>(), 0..256).prop_map(Input)
}

impl Damage {
    fn apply(self, bytes: &mut Vec<u8>, examples: &[Vec<u8>]) {
        // One past the end is a place, too: to insert at, or to cut nothing.
        let place = |at: Index, length: usize| at.index(length + 1);
        let length = bytes.len();
        match self {
            Self::Flip { at, bit } => {
                if let Some(byte) = bytes.get_mut(place(at, length)) {
                    *byte ^= 1 << bit;
                }
            }
            Self::Overwrite { at, byte } => {
                if let Some(old) = bytes.get_mut(place(at, length)) {
                    *old = byte;
                }
            }
            Self::Insert { at, bytes: new } => put(bytes, place(at, length), &new, false),
            Self::Delete { at, count } => {
                let start = place(at, length);
                bytes.drain(start..(start + count).min(length));
            }
            Self::Splice { at, other, from } => {
                let other = other.get(examples);
                bytes.truncate(place(at, length));
                bytes.extend_from_slice(&other[place(from, other.len())..]);
            }
            Self::Graft { at, other, from, count } => {
                let other = other.get(examples);
                let start = place(from, other.len());
                let piece = &other[start..(start + count).min(other.len())];
                put(bytes, place(at, length), piece, false);
            }
            Self::Extreme { at, which, overwrite } => {
                let extreme: &&[u8] = which.get(EXTREMES);
                put(bytes, place(at, length), extreme, overwrite);
            }
            Self::Repeat { at, count, times } => {
                let start = place(at, length);
                let piece = bytes[start..(start + count).min(length)].repeat(times);
                put(bytes, start, &piece, false);
            }
            Self::Truncate { at } => bytes.truncate(place(at, length)),
        }
    }
}

fn put(bytes: &mut Vec<u8>, at: usize, new: &[u8], overwrite: bool) {
    let until = if overwrite { (at + new.len()).min(bytes.len()) } else { at };
    bytes.splice(at..until, new.iter().copied());
}
