//! Passes one message on to another service, in its own bytes, and reads the answer.
//! `forward` knows what to send and what an answer means.

use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use prost::Message;
use tonic::transport::Channel;
use tonic::{Request, Status, Streaming};

use crate::grpc::Untouched;
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
        A: Message + Default,
    {
        let mut grpc = client(channel).await?;
        read(grpc.unary(self.request(), self.path()?, Untouched).await?.into_inner())
    }

    /// Calls the method; answers come one after the other, in their own bytes.
    pub(super) async fn streaming(&self, channel: Channel) -> Result<Streaming<Bytes>, Status> {
        let mut grpc = client(channel).await?;
        Ok(grpc.server_streaming(self.request(), self.path()?, Untouched).await?.into_inner())
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

/// Reads an answer.
///
/// # Errors
/// It is no such message.
pub(super) fn read<A: Message + Default>(answer: Bytes) -> Result<A, Status> {
    let unreadable = |error| Status::internal(format!("the answer cannot be read: {error}"));
    A::decode(answer).map_err(unreadable)
}
