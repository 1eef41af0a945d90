//! The least a tonic server can be: the stock health service, and nothing behind it.
//! The measuring programs start it beside `connector-server`; the difference is what the project adds.
//! No registry, metrics, reflection or guards may come in here.

use std::error::Error;
use std::io::Write as _;
use std::net::Ipv4Addr;

use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (_reporter, health) = tonic_health::server::health_reporter();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    writeln!(std::io::stdout(), "gRPC http://{}", listener.local_addr()?)?;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Server::builder().add_service(health).serve_with_incoming(incoming).await?;
    Ok(())
}
