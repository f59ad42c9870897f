//! Messages from the frames they came in.

use bytes::Bytes;

use super::frame::{Damage, Head, Kind, STREAMS, Stream};

/// From here on a message gets room for more than has come.
const GROWS_FASTER_BYTES: usize = 1 << 20;

/// A whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) kind: Kind,
    pub(super) stream: Stream,
    pub(super) id: u64,
    pub(super) body: Bytes,
}

/// The messages of a connection of which only a part has come, at most one in each
/// stream. Holds no more than has come.
#[derive(Debug)]
pub(super) struct Assembly {
    parts: [Option<Part>; STREAMS],
    message_bytes_max: usize,
}

#[derive(Debug)]
struct Part {
    kind: Kind,
    id: u64,
    body: Vec<u8>,
}

impl Assembly {
    pub(super) fn new(message_bytes_max: usize) -> Self {
        Assembly { parts: Default::default(), message_bytes_max }
    }

    /// Takes a frame; gives the message that it completes.
    pub(super) fn take(&mut self, head: Head, body: &[u8]) -> Result<Option<Message>, Damage> {
        let Head { kind, stream, more, given_up, id } = head;
        let slot = &mut self.parts[stream as usize];
        if body.len() > self.message_bytes_max {
            return Err(Damage::Long);
        }
        let Some(part) = slot else {
            return match (more, given_up) {
                (_, true) => Err(Damage::Meaning),
                (true, _) => {
                    *slot = Some(Part { kind, id, body: body.to_vec() });
                    Ok(None)
                }
                _ => Ok(Some(Message { kind, stream, id, body: Bytes::copy_from_slice(body) })),
            };
        };
        if matches!(kind, Kind::Ping | Kind::Pong | Kind::Unserved | Kind::Unsendable) {
            // These are whole in themselves and may stand between the parts of others.
            return Ok(Some(Message { kind, stream, id, body: Bytes::new() }));
        }
        if (part.kind, part.id) != (kind, id) {
            return Err(Damage::Meaning);
        }
        if part.body.len() + body.len() > self.message_bytes_max {
            return Err(Damage::Long);
        }
        if given_up {
            *slot = None;
            return Ok(None);
        }
        part.make_room(body.len(), self.message_bytes_max);
        part.body.extend_from_slice(body);
        if more {
            return Ok(None);
        }
        let body = slot.take().map_or_else(Bytes::new, |part| Bytes::from(part.body));
        Ok(Some(Message { kind, stream, id, body }))
    }
}

impl Part {
    /// Grows in steps of four, once much has come: moving a long message again and
    /// again would hold up others, and room that is not used costs no memory.
    fn make_room(&mut self, bytes: usize, bytes_max: usize) {
        let len = self.body.len();
        if len >= GROWS_FASTER_BYTES && self.body.capacity() - len < bytes {
            self.body.reserve_exact((len * 3).max(bytes).min(bytes_max - len));
        }
    }
}
