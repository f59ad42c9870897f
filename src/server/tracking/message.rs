//! What is said of keys that changed, as it goes over the wire to clients.

use lockstep_commands::{Protocol, Reply};
use lockstep_net::Output;

const PUSH: &[u8] = b">2\r\n$10\r\ninvalidate\r\n";
const CHANNEL: &[u8] = b"*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n";

/// Which keys have changed.
pub(super) enum Message {
    /// These: an array, encoded once for all who are told.
    Keys(Vec<u8>),
    /// Any may have.
    All,
}

impl Message {
    /// These keys.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let names = names.into_iter().map(Reply::bulk).collect();
        let mut out = Output::new(Protocol::Resp2);
        out.reply(&Reply::Array(names));
        Message::Keys(out.bytes().to_vec())
    }

    /// For a connection that speaks RESP `protocol`: a push, or a message on the channel
    /// of those who cannot be pushed anything.
    pub fn parts(&self, protocol: u8) -> [&[u8]; 2] {
        let (head, nothing) =
            if protocol < 3 { (CHANNEL, &b"$-1\r\n"[..]) } else { (PUSH, &b"_\r\n"[..]) };
        match self {
            Message::Keys(names) => [head, names],
            Message::All => [head, nothing],
        }
    }
}

/// Said to a client that nobody can be told instead of it any more.
pub(super) fn redirect_is_broken(id: u64) -> Vec<u8> {
    let mut out = Output::new(Protocol::Resp3);
    let id = Reply::Int(i64::try_from(id).unwrap_or(i64::MAX));
    out.reply(&Reply::Push(vec![Reply::bulk("tracking-redir-broken"), id]));
    out.bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(message: &Message, protocol: u8) -> String {
        String::from_utf8_lossy(&message.parts(protocol).concat()).replace("\r\n", " ")
    }

    #[test]
    fn keys_are_pushed_or_said_on_the_channel() {
        let message = Message::of([&b"a"[..], b"bc"]);
        assert_eq!(text(&message, 3), ">2 $10 invalidate *2 $1 a $2 bc ");
        assert_eq!(text(&message, 2), "*3 $7 message $20 __redis__:invalidate *2 $1 a $2 bc ");
        assert_eq!(text(&Message::All, 3), ">2 $10 invalidate _ ");
        assert_eq!(text(&Message::All, 2), "*3 $7 message $20 __redis__:invalidate $-1 ");
    }

    #[test]
    fn a_broken_redirect_names_the_client() {
        assert_eq!(redirect_is_broken(7), b">2\r\n$21\r\ntracking-redir-broken\r\n:7\r\n");
    }
}
