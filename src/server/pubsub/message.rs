//! A message, as it goes over the wire to clients.

use std::cell::OnceCell;

use lockstep_commands::{Protocol, Reply};
use lockstep_net::Output;

/// A message for clients, encoded once for each protocol however many get it.
pub(super) struct Message {
    /// In RESP2.
    array: Vec<u8>,
    /// In RESP3, once somebody needs it.
    push: OnceCell<Vec<u8>>,
}

impl Message {
    /// To those who listen to the channel by its name.
    pub fn of_channel(shard: bool, channel: &[u8], message: &[u8]) -> Self {
        let kind = if shard { &b"smessage"[..] } else { b"message" };
        Message::of(&[kind, channel, message])
    }

    /// To those who listen by a pattern.
    pub fn of_pattern(pattern: &[u8], channel: &[u8], message: &[u8]) -> Self {
        Message::of(&[b"pmessage", pattern, channel, message])
    }

    fn of(words: &[&[u8]]) -> Self {
        let mut out = Output::new(Protocol::Resp2);
        out.reply(&Reply::Push(words.iter().map(Reply::bulk).collect()));
        Message { array: out.bytes().to_vec(), push: OnceCell::new() }
    }

    /// For a client that speaks RESP `protocol`.
    pub fn bytes(&self, protocol: u8) -> &[u8] {
        if protocol < 3 {
            return &self.array;
        }
        self.push.get_or_init(|| {
            // Only strings are in it, so that its sign is all that differs.
            let mut push = self.array.clone();
            push[0] = b'>';
            push
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_an_array_or_a_push() {
        let message = Message::of_channel(false, b"c", b"\r\n");
        let due = "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\n\r\n\r\n";
        assert_eq!(message.bytes(2), due.as_bytes());
        assert_eq!(message.bytes(3), due.replace('*', ">").as_bytes());
        let shard = Message::of_channel(true, b"c", b"m");
        assert_eq!(shard.bytes(2), b"*3\r\n$8\r\nsmessage\r\n$1\r\nc\r\n$1\r\nm\r\n");
        let pattern = Message::of_pattern(b"c*", b"c", b"m");
        assert_eq!(pattern.bytes(3), b">4\r\n$8\r\npmessage\r\n$2\r\nc*\r\n$1\r\nc\r\n$1\r\nm\r\n");
    }
}
