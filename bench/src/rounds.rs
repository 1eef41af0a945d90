//! Calls that are the same in every run and arrive as those of an executor do: a round of them at a time on
//! one connection, each request as a whole and all in one piece. `instructions` counts what they cost.
//! tonic's client sends the beginning of a request first and the rest when it gets to it, so that what the
//! server finds would depend on the moment.

use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::future::try_join_all;
use h2::client::{ResponseFuture, SendRequest};
use http::{Method, Request, Version};
use tokio::net::TcpStream;

use crate::load::{Call, encoded};

type Problem = Box<dyn std::error::Error + Send + Sync>;

/// Calls so often with so many at a time, each round when the one before is answered.
///
/// # Errors
/// A connection or a call fails.
///
/// # Cancel safety
/// Dropping the future ends the connection and its calls.
pub async fn call(address: &str, call: Call, streams: usize, rounds: usize) -> Result<(), Problem> {
    fastrand::seed(1);
    let socket = TcpStream::connect(address.trim_start_matches("http://")).await?;
    socket.set_nodelay(true)?;
    let (mut client, connection) = h2::client::handshake(socket).await?;
    let connection = tokio::spawn(connection);
    for _ in 0..rounds {
        client = client.ready().await?;
        let sent: Result<Vec<_>, _> =
            (0..streams).map(|_| send(&mut client, address, call)).collect();
        try_join_all(sent?.into_iter().map(answered)).await?;
    }
    drop(client);
    Ok(connection.await??)
}

fn send(
    client: &mut SendRequest<Bytes>,
    address: &str,
    call: Call,
) -> Result<ResponseFuture, Problem> {
    let (method, message) = encoded(call);
    let request = Request::builder()
        .version(Version::HTTP_2)
        .method(Method::POST)
        .uri(format!("{address}/flyteidl2.connector.AsyncConnectorService/{method}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", "10S")
        .header("user-agent", "grpc-go/1.75.0")
        .body(())?;
    let (answer, mut body) = client.send_request(request, false)?;
    let mut framed = BytesMut::with_capacity(message.len() + 5);
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len())?);
    framed.put_slice(&message);
    body.send_data(framed.freeze(), true)?;
    Ok(answer)
}

/// Reads an answer to its end.
async fn answered(answer: ResponseFuture) -> Result<(), Problem> {
    let mut body = answer.await?.into_body();
    while let Some(data) = body.data().await {
        let length = data?.len();
        body.flow_control().release_capacity(length)?;
    }
    let trailers = body.trailers().await?.unwrap_or_default();
    match trailers.get("grpc-status") {
        Some(status) if status == "0" => Ok(()),
        _ => Err(format!("a call ended with {trailers:?}").into()),
    }
}
