//! XREADGROUP, XACK, XDEL: Redis' streams used as queues.
//!
//! What is read is acknowledged and deleted in one write with the next XREADGROUP, as
//! QACK fetches the next message.

use std::sync::Arc;

use redis_protocol::resp2::types::OwnedFrame;

use super::queues::{Inbox, Ledger, acked, name, odd};
use super::{Command, Counters, Next, Step};
use crate::Flags;
use crate::wire::{push_request, value};

const GROUP: &[u8] = b"consumers";
/// How long XREADGROUP waits unless said otherwise.
const BLOCK_MS: u64 = 1000;

/// A connection that reads in a group, acknowledges and deletes.
#[derive(Debug)]
pub struct Reader {
    inbox: Inbox,
    item: u32,
    consumer: Vec<u8>,
    block_ms: Vec<u8>,
    count: Vec<u8>,
    has_group: bool,
}

impl Reader {
    /// Connection number `index`; it stays with one stream.
    pub fn new(flags: &Flags, index: usize, ledger: Arc<Ledger>) -> Self {
        let streams = u32::try_from(flags.queues).unwrap_or(u32::MAX);
        Self {
            inbox: Inbox::new(flags, ledger),
            item: index as u32 % streams,
            consumer: format!("consumer-{index}").into_bytes(),
            block_ms: flags.block_ms.unwrap_or(BLOCK_MS).to_string().into_bytes(),
            count: flags.count.to_string().into_bytes(),
            has_group: false,
        }
    }

    pub(super) fn begin(&mut self, out: &mut Vec<u8>) -> Step {
        if self.has_group {
            return self.read(out);
        }
        self.has_group = true;
        push_request(out, &[b"XGROUP", b"CREATE", &name(self.item), GROUP, b"0", b"MKSTREAM"]);
        self.step(Command::XGroup)
    }

    fn read(&self, out: &mut Vec<u8>) -> Step {
        let (stream, consumer) = (name(self.item), &self.consumer);
        push_request(
            out,
            &[
                b"XREADGROUP",
                b"GROUP",
                GROUP,
                consumer,
                b"COUNT",
                &self.count,
                b"BLOCK",
                &self.block_ms,
                b"STREAMS",
                &stream,
                b">",
            ],
        );
        self.step(Command::XReadGroup)
    }

    /// Another connection has made the group.
    pub(super) fn refused(&mut self, step: Step, reply: &[u8], out: &mut Vec<u8>) -> Option<Next> {
        let is_there = step.command == Command::XGroup && reply.starts_with(b"-BUSYGROUP");
        is_there.then(|| Next::Request(self.read(out)))
    }

    pub(super) fn reply(
        &mut self,
        step: Step,
        reply: &[u8],
        out: &mut Vec<u8>,
        counters: &mut Counters,
    ) -> Next {
        match (step.command, value(reply)) {
            (Command::XGroup, Ok(OwnedFrame::SimpleString(_))) => Next::Request(self.read(out)),
            (Command::XReadGroup, Ok(OwnedFrame::Null)) => Next::Empty,
            (Command::XReadGroup, Ok(read)) => match entries(&read) {
                Some(entries) => {
                    for (_, body) in &entries {
                        self.inbox.delivered(body, counters);
                    }
                    let ids: Vec<&[u8]> = entries.into_iter().map(|(id, _)| id).collect();
                    Next::Requests(self.settle(&ids, out))
                }
                None => odd(counters),
            },
            (Command::XAck, Ok(OwnedFrame::Integer(settled))) => {
                acked(settled, step.number, counters);
                Next::Part
            }
            (Command::XDel, Ok(OwnedFrame::Integer(_))) => Next::Ended,
            _ => odd(counters),
        }
    }

    fn settle(&self, ids: &[&[u8]], out: &mut Vec<u8>) -> [Step; 3] {
        let stream = name(self.item);
        push_request(out, &[&[&b"XACK"[..], &stream, GROUP], ids].concat());
        push_request(out, &[&[&b"XDEL"[..], &stream], ids].concat());
        let number = ids.len() as u64;
        let settles = |command| Step { number, ..self.step(command) };
        [settles(Command::XAck), settles(Command::XDel), self.read(out)]
    }

    fn step(&self, command: Command) -> Step {
        Step { command, item: self.item, number: 0, work: 0, first: None }
    }

    pub(super) fn has_rest(&self) -> bool {
        self.inbox.expects_more()
    }
}

/// The ids and the only values of the entries of the only stream.
fn entries(read: &OwnedFrame) -> Option<Vec<(&[u8], &[u8])>> {
    let OwnedFrame::Array(named) = only(read)? else { return None };
    let OwnedFrame::Array(entries) = named.get(1)? else { return None };
    entries.iter().map(entry).collect()
}

fn entry(entry: &OwnedFrame) -> Option<(&[u8], &[u8])> {
    let OwnedFrame::Array(entry) = entry else { return None };
    let [OwnedFrame::BulkString(id), OwnedFrame::Array(fields)] = entry.as_slice() else {
        return None;
    };
    let [_, OwnedFrame::BulkString(body)] = fields.as_slice() else { return None };
    Some((id, body))
}

fn only(frame: &OwnedFrame) -> Option<&OwnedFrame> {
    match frame {
        OwnedFrame::Array(list) => match list.as_slice() {
            [one] => Some(one),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_has_an_id_and_a_body() {
        let reply =
            b"*1\r\n*2\r\n$1\r\nq\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nb\r\n$4\r\nbody\r\n";
        let read = value(reply).unwrap();
        assert_eq!(entries(&read), Some(vec![(&b"1-0"[..], &b"body"[..])]));
        assert_eq!(entries(&OwnedFrame::Null), None);
    }
}
