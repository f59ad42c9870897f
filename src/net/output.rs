//! The replies of one connection, on their way out.

use bytes::BytesMut;
use lockstep_commands::{Protocol, Reply};

use crate::encode;

/// The replies of one connection that were not written yet, in the client's
/// order and in the protocol it speaks.
#[derive(Debug, Default)]
pub struct Output {
    /// The protocol of the replies to come (HELLO, RESET).
    pub protocol: Protocol,
    pub(crate) bytes: BytesMut,
}

impl Output {
    /// An empty one that speaks `protocol`.
    pub fn new(protocol: Protocol) -> Self {
        Output { protocol, bytes: BytesMut::new() }
    }

    /// Appends a reply.
    pub fn reply(&mut self, reply: &Reply) {
        encode::reply(&mut self.bytes, self.protocol, reply);
    }

    /// Appends bytes that are encoded already.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends `+OK`.
    pub fn ok(&mut self) {
        self.raw(b"+OK\r\n");
    }

    /// Appends a bulk string without taking it over.
    pub fn bulk(&mut self, bytes: &[u8]) {
        encode::bulk(&mut self.bytes, bytes);
    }

    /// Appends nil.
    pub fn nil(&mut self) {
        encode::nil(&mut self.bytes, self.protocol);
    }

    /// Appends a number.
    pub fn int(&mut self, number: i64) {
        encode::int(&mut self.bytes, number);
    }

    /// How many bytes wait.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Forgets what waits from byte `len` on (CLIENT REPLY SKIP).
    pub fn truncate(&mut self, len: usize) {
        self.bytes.truncate(len);
    }

    /// What waits.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
