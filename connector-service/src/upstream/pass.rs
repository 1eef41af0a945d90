//! Passes one message on to another service, in its own bytes, and reads the answer.
//! `forward` knows what to send and what an answer means.

use std::marker::PhantomData;
use std::time::Duration;

use bytes::{BufMut, Bytes};
use http::uri::PathAndQuery;
use prost::Message;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Request, Status, Streaming};

use crate::pb::async_connector_service_server::SERVICE_NAME;

/// The largest answer read: more than any executor takes, and less than what ends a small container.
const MOST_ANSWER: usize = 64 << 20;

/// The largest list of connectors read.
pub(super) const MOST_LISTED: usize = 4 << 20;

/// One message under way to a method.
#[derive(Debug, Clone)]
pub(super) struct Passed {
    pub(super) method: &'static str,
    pub(super) message: Bytes,
    /// How long the caller waits, if it has said so.
    pub(super) within: Option<Duration>,
}

impl Passed {
    /// Calls the method; one answer comes back.
    pub(super) async fn unary<A>(&self, channel: Channel) -> Result<A, Status>
    where
        A: Message + Default + 'static,
    {
        let mut grpc = client(channel).await?;
        Ok(grpc.unary(self.request(), self.path()?, Raw::new()).await?.into_inner())
    }

    /// Calls the method; answers come one after the other.
    pub(super) async fn streaming<A>(&self, channel: Channel) -> Result<Streaming<A>, Status>
    where
        A: Message + Default + 'static,
    {
        let mut grpc = client(channel).await?;
        Ok(grpc.server_streaming(self.request(), self.path()?, Raw::new()).await?.into_inner())
    }

    fn request(&self) -> Request<Bytes> {
        let mut request = Request::new(self.message.clone());
        if let Some(within) = self.within {
            request.set_timeout(within);
        }
        request
    }

    fn path(&self) -> Result<PathAndQuery, Status> {
        let path = format!("/{SERVICE_NAME}/{}", self.method);
        path.parse().map_err(|_| Status::internal("a method's name is no path"))
    }
}

async fn client(channel: Channel) -> Result<tonic::client::Grpc<Channel>, Status> {
    let mut grpc = tonic::client::Grpc::new(channel).max_decoding_message_size(MOST_ANSWER);
    grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
    Ok(grpc)
}

/// Bytes out, a message in.
struct Raw<A>(PhantomData<fn() -> A>);

impl<A> Raw<A> {
    const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<A: Message + Default + 'static> Codec for Raw<A> {
    type Encode = Bytes;
    type Decode = A;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self::new()
    }

    fn decoder(&mut self) -> Self {
        Self::new()
    }
}

impl<A> Encoder for Raw<A> {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl<A: Message + Default> Decoder for Raw<A> {
    type Item = A;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<A>, Status> {
        let unreadable = |error| Status::internal(format!("the answer cannot be read: {error}"));
        A::decode(buffer).map(Some).map_err(unreadable)
    }
}
