//! A server at the end of a long line: every byte takes its time, in both directions.
//! Over memory and in this process, so that a test can run it on paused time.

use std::time::Duration;

use connector_core::Registry;
use connector_examples as _;
use connector_service::Server;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use futures_util::StreamExt;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

/// How many bytes one end takes before the other has to wait.
const PIPE: usize = 64 * 1024;

/// Serves every linked connector, and reaches it over a line on which bytes take that long each way.
pub async fn tasks(each_way: Duration) -> AsyncConnectorServiceClient<Channel> {
    let registry = Registry::linked().build().await.expect("no duplicates");
    let server = Server::builder().registry(registry).without_isolation().build();
    let (connections, incoming) = mpsc::unbounded_channel();
    let incoming = UnboundedReceiverStream::new(incoming).map(Ok::<_, std::io::Error>);
    tokio::spawn(server.serve_connections(incoming, None, std::future::pending()));
    let connect = service_fn(move |_uri| {
        let (caller, near) = tokio::io::duplex(PIPE);
        let (far, server) = tokio::io::duplex(PIPE);
        let (near, far) = (tokio::io::split(near), tokio::io::split(far));
        tokio::spawn(carry(near.0, far.1, each_way));
        tokio::spawn(carry(far.0, near.1, each_way));
        let sent = connections.send(server).map_err(std::io::Error::other);
        async { sent.map(|()| TokioIo::new(caller)) }
    });
    let endpoint = Endpoint::from_static("http://far-away.invalid");
    let channel = endpoint.connect_with_connector(connect).await.expect("a connection");
    AsyncConnectorServiceClient::new(channel)
}

/// Carries bytes one way. Each takes the same time, however many are on the line.
async fn carry(mut from: ReadHalf<DuplexStream>, mut to: WriteHalf<DuplexStream>, takes: Duration) {
    let (send, mut on_the_line) = mpsc::unbounded_channel();
    let sending = async move {
        let mut bytes = vec![0; PIPE];
        while let Ok(read) = from.read(&mut bytes).await
            && read > 0
        {
            send.send((Instant::now() + takes, bytes[..read].to_vec())).ok();
        }
    };
    let arriving = async move {
        while let Some((at, bytes)) = on_the_line.recv().await {
            sleep_until(at).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        to.shutdown().await.ok();
    };
    tokio::join!(sending, arriving);
}
