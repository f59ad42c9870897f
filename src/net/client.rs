//! A client, for tests and load.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;

use bytes::BytesMut;
use lockstep_commands::Protocol;
use redis_protocol::resp2::types::{BorrowedFrame, BytesFrame as Resp2Frame};
pub use redis_protocol::resp3::types::BytesFrame as Frame;
use redis_protocol::{resp2, resp3};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection to a server, from the client's side. Requests gather until they
/// are flushed; replies come in the order of the requests, pushes beside them.
#[derive(Debug)]
pub struct RespClient {
    stream: TcpStream,
    protocol: Protocol,
    requests: BytesMut,
    received: BytesMut,
    pushes: VecDeque<Frame>,
}

impl RespClient {
    /// Connects. It speaks RESP2 until [`hello`](Self::hello).
    ///
    /// # Errors
    /// When the connection is refused.
    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(RespClient {
            stream,
            protocol: Protocol::Resp2,
            requests: BytesMut::new(),
            received: BytesMut::new(),
            pushes: VecDeque::new(),
        })
    }

    /// Changes to RESP3 with `HELLO 3` and returns the server's answer.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn hello(&mut self) -> io::Result<Frame> {
        self.send(&["HELLO", "3"]);
        self.flush().await?;
        // An error comes as the same line in both protocols.
        self.protocol = Protocol::Resp3;
        self.receive().await
    }

    /// Reads replies in this protocol from now on.
    pub fn expect(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    /// Appends a request.
    pub fn send<W: AsRef<[u8]>>(&mut self, words: &[W]) {
        let words: Vec<_> =
            words.iter().map(|word| BorrowedFrame::BulkString(word.as_ref())).collect();
        let frame = BorrowedFrame::Array(&words);
        resp2::encode::extend_encode_borrowed(&mut self.requests, &frame, false)
            .expect("the encoder grows its buffer as needed");
    }

    /// Appends bytes as they are.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.requests.extend_from_slice(bytes);
    }

    /// Writes the requests that have gathered.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn flush(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.requests).await?;
        self.requests.clear();
        Ok(())
    }

    /// Says that no request will follow, and goes on reading.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn finish(&mut self) -> io::Result<()> {
        self.flush().await?;
        self.stream.shutdown().await
    }

    /// One request and its reply.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn ask<W: AsRef<[u8]>>(&mut self, words: &[W]) -> io::Result<Frame> {
        self.send(words);
        self.flush().await?;
        self.receive().await
    }

    /// The next reply. Pushes that come before it are put aside.
    ///
    /// # Errors
    /// When the connection is lost, or when what came is not the protocol.
    pub async fn receive(&mut self) -> io::Result<Frame> {
        loop {
            match self.receive_any().await? {
                push @ Frame::Push { .. } => self.pushes.push_back(push),
                reply => return Ok(reply),
            }
        }
    }

    /// The next push (RESP3).
    ///
    /// # Errors
    /// When the connection is lost, or when a reply comes that nobody asked for.
    pub async fn push(&mut self) -> io::Result<Frame> {
        if let Some(push) = self.pushes.pop_front() {
            return Ok(push);
        }
        match self.receive_any().await? {
            push @ Frame::Push { .. } => Ok(push),
            reply => Err(invalid(format!("a reply instead of a push: {reply:?}"))),
        }
    }

    /// Everything that comes until the server closes.
    ///
    /// # Errors
    /// When the connection is reset.
    pub async fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut rest = std::mem::take(&mut self.received).to_vec();
        self.stream.read_to_end(&mut rest).await?;
        Ok(rest)
    }

    async fn receive_any(&mut self) -> io::Result<Frame> {
        loop {
            if let Some(frame) = self.decode()? {
                return Ok(frame);
            }
            self.received.reserve(16 * 1024);
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    fn decode(&mut self) -> io::Result<Option<Frame>> {
        let decoded = match self.protocol {
            Protocol::Resp2 => resp2::decode::decode_bytes_mut(&mut self.received)
                .map(|found| found.map(|(frame, ..)| resp3_frame(frame))),
            Protocol::Resp3 => resp3::decode::complete::decode_bytes_mut(&mut self.received)
                .map(|found| found.map(|(frame, ..)| frame)),
        };
        decoded.map_err(|error| invalid(error.to_string()))
    }
}

/// The same reply as RESP3 shows it. The crate's own conversion makes a push with
/// an additional word of what looks like a message.
fn resp3_frame(frame: Resp2Frame) -> Frame {
    match frame {
        Resp2Frame::SimpleString(data) => Frame::SimpleString { data, attributes: None },
        Resp2Frame::Error(data) => Frame::SimpleError { data, attributes: None },
        Resp2Frame::Integer(data) => Frame::Number { data, attributes: None },
        Resp2Frame::BulkString(data) => Frame::BlobString { data, attributes: None },
        Resp2Frame::Null => Frame::Null,
        Resp2Frame::Array(items) => {
            let data = items.into_iter().map(resp3_frame).collect();
            Frame::Array { data, attributes: None }
        }
    }
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
