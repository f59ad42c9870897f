//! From an address to a connection.

use std::io;

use tokio::net::{TcpStream, lookup_host};

/// Connects to `host:port`. A name is resolved each time, and all its addresses are
/// tried.
pub(super) async fn connect(address: &str) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in lookup_host(address).await? {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}
