//! What requests hold once they are unpacked: some thousand times what came, and it came compressed.
//! Generated services read their messages through [`Counted`]; the connection whose call is worked on says where
//! that is counted (`connection/intake`). Nothing here knows how much there may be.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Buf as _;
use prost::Message;
use tonic::Status;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder};
use tonic_prost::{ProstDecoder, ProstEncoder};

/// Where what was unpacked is counted.
pub(crate) trait Room {
    /// Takes room for a message of that many bytes, until its call is answered.
    fn take(&self, bytes: usize) -> Result<(), Status>;
}

thread_local! {
    /// The room of the call that is worked on at this moment on this thread, if its request came packed.
    static ROOM: RefCell<Option<Arc<dyn Room>>> = const { RefCell::new(None) };
}

/// While it lives, messages that are read on this thread take that room.
pub(crate) struct Within(Option<Arc<dyn Room>>);

impl Within {
    pub(crate) fn room(room: Arc<dyn Room>) -> Self {
        Self(ROOM.replace(Some(room)))
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        ROOM.set(self.0.take());
    }
}

/// Takes room for a message that was unpacked here.
///
/// # Errors
/// There is none.
pub(crate) fn take(bytes: usize) -> Result<(), Status> {
    ROOM.with_borrow(|room| room.as_ref().map_or(Ok(()), |room| room.take(bytes)))
}

/// The codec of protobuf, which has messages counted.
pub(crate) struct Counted<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for Counted<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> fmt::Debug for Counted<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counted")
    }
}

impl<T, U> Codec for Counted<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = CountedDecoder<U>;

    fn encoder(&mut self) -> ProstEncoder<T> {
        ProstEncoder::new(BufferSettings::default())
    }

    fn decoder(&mut self) -> CountedDecoder<U> {
        CountedDecoder(ProstDecoder::new(BufferSettings::default()))
    }
}

/// Reads messages.
pub(crate) struct CountedDecoder<U>(ProstDecoder<U>);

impl<U> fmt::Debug for CountedDecoder<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CountedDecoder")
    }
}

impl<U: Message + Default + Send + 'static> Decoder for CountedDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        take(buffer.remaining())?;
        self.0.decode(buffer)
    }

    fn buffer_settings(&self) -> BufferSettings {
        self.0.buffer_settings()
    }
}
