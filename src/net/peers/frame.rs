//! The pieces a connection between nodes carries, and how damage to them shows.
//!
//! ```text
//! 0  length of the body   u32      8  id of the call        u64
//! 4  kind                 u8      16  crc32c of the body    u32
//! 5  stream, more, given up  u8   20  crc32c of 0..20       u32
//! 6  zero                 u16     24  body
//! ```
//!
//! Numbers are little-endian. The second sum starts from a number that both sides
//! drew for this direction of this connection, and from the count of frames: a frame
//! that is lost, repeated, moved or from another connection is damaged too. The
//! length is under that sum, so that nobody waits for bytes that will never come.

use std::fmt;

use super::service::Lane;

/// The length of the part before the body.
pub(super) const HEAD_BYTES: usize = 24;

/// The longest body of one frame that is accepted. Longer messages come in several.
pub(super) const BODY_BYTES_MAX: usize = 1 << 20;

/// How much of a message goes into one frame: what an urgent one waits for at most.
pub(super) const BODY_BYTES: usize = 256 << 10;

const MORE: u8 = 0x10;
const GIVEN_UP: u8 = 0x20;
const STREAM: u8 = 0x0F;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A request.
    Call = 1,
    /// The reply to the call of the same id.
    Reply = 2,
    /// A message without a reply.
    Tell = 3,
    /// Asks for a [`Kind::Pong`] of the same id.
    Ping = 4,
    /// Answers a ping.
    Pong = 5,
    /// The call of this id was turned back unserved.
    Unserved = 6,
    /// The call of this id was served, and its reply can not be sent.
    Unsendable = 7,
}

impl Kind {
    fn from_byte(byte: u8) -> Option<Kind> {
        Some(match byte {
            1 => Kind::Call,
            2 => Kind::Reply,
            3 => Kind::Tell,
            4 => Kind::Ping,
            5 => Kind::Pong,
            6 => Kind::Unserved,
            7 => Kind::Unsendable,
            _ => return None,
        })
    }

    /// Whether it has a body.
    fn has_body(self) -> bool {
        matches!(self, Kind::Call | Kind::Reply | Kind::Tell)
    }
}

/// A sequence of messages that come one after the other, whole. The messages of
/// different streams may be cut and mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stream {
    Urgent = 0,
    Log = 1,
    Data = 2,
    /// Long messages of the data lane: the short ones do not wait for them.
    Large = 3,
    Bulk = 4,
}

/// How many streams there are.
pub(super) const STREAMS: usize = 5;

impl Stream {
    pub(super) const ALL: [Stream; STREAMS] =
        [Stream::Urgent, Stream::Log, Stream::Data, Stream::Large, Stream::Bulk];

    /// The stream for a message of this length.
    pub(super) fn of(lane: Lane, bytes: usize) -> Stream {
        match lane {
            Lane::Urgent => Stream::Urgent,
            Lane::Log => Stream::Log,
            Lane::Data if bytes > BODY_BYTES => Stream::Large,
            Lane::Data => Stream::Data,
            Lane::Bulk => Stream::Bulk,
        }
    }

    /// The lane whose bounds hold for it.
    pub(super) fn lane(self) -> Lane {
        match self {
            Stream::Urgent => Lane::Urgent,
            Stream::Log => Lane::Log,
            Stream::Data | Stream::Large => Lane::Data,
            Stream::Bulk => Lane::Bulk,
        }
    }
}

/// Everything about a frame but its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: Kind,
    pub(super) stream: Stream,
    /// Whether the next frame of the stream continues the message.
    pub(super) more: bool,
    /// The message ends here unfinished: its sender needs it no more.
    pub(super) given_up: bool,
    pub(super) id: u64,
}

/// What came is not what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The sum over the part before the body is wrong.
    Head,
    /// The sum over the body is wrong.
    Body,
    /// A frame that nobody of this version sends.
    Meaning,
    /// A message longer than allowed.
    Long,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Damage::Head => "the head of a frame is damaged",
            Damage::Body => "the body of a frame is damaged",
            Damage::Meaning => "a frame makes no sense",
            Damage::Long => "a message is longer than allowed",
        })
    }
}

/// The two sums of one direction of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seal {
    session: u32,
    count: u32,
}

/// What stands at the beginning of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// A whole frame, of so many bytes in all.
    Frame(Head, &'a [u8], usize),
    /// The beginning of one that is so many bytes long.
    Part(usize),
}

impl Seal {
    /// For a direction with this number.
    pub(super) fn new(session: u32) -> Self {
        Seal { session, count: 0 }
    }

    /// The bytes before `body`. Each call is one frame further.
    pub(super) fn close(&mut self, head: Head, body: &[u8]) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        let more = if head.more { MORE } else { 0 };
        let given_up = if head.given_up { GIVEN_UP } else { 0 };
        let len = u32::try_from(body.len()).expect("a body is at most BODY_BYTES long");
        bytes[..4].copy_from_slice(&len.to_le_bytes());
        bytes[4] = head.kind as u8;
        bytes[5] = head.stream as u8 | more | given_up;
        bytes[8..16].copy_from_slice(&head.id.to_le_bytes());
        bytes[16..20].copy_from_slice(&crc32c::crc32c(body).to_le_bytes());
        let sum = crc32c::crc32c_append(self.next(), &bytes[..20]);
        bytes[20..].copy_from_slice(&sum.to_le_bytes());
        self.count = self.count.wrapping_add(1);
        bytes
    }

    /// Looks at the beginning of `bytes`. A whole frame is one frame further.
    pub(super) fn open<'a>(&mut self, bytes: &'a [u8]) -> Result<Found<'a>, Damage> {
        let Some((head, rest)) = bytes.split_first_chunk::<HEAD_BYTES>() else {
            return Ok(Found::Part(HEAD_BYTES));
        };
        let number =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        if crc32c::crc32c_append(self.next(), &head[..20]) != number(20) {
            return Err(Damage::Head);
        }
        let len = number(0) as usize;
        if len > BODY_BYTES_MAX {
            return Err(Damage::Long);
        }
        let meaning = read(head, len).ok_or(Damage::Meaning)?;
        let Some(body) = rest.get(..len) else {
            return Ok(Found::Part(HEAD_BYTES + len));
        };
        if crc32c::crc32c(body) != number(16) {
            return Err(Damage::Body);
        }
        self.count = self.count.wrapping_add(1);
        Ok(Found::Frame(meaning, body, HEAD_BYTES + len))
    }

    fn next(&self) -> u32 {
        self.session ^ self.count
    }
}

fn read(bytes: &[u8; HEAD_BYTES], len: usize) -> Option<Head> {
    let kind = Kind::from_byte(bytes[4])?;
    let stream = *Stream::ALL.get(usize::from(bytes[5] & STREAM))?;
    let more = bytes[5] & MORE != 0;
    let given_up = bytes[5] & GIVEN_UP != 0;
    let known = bytes[5] & !(STREAM | MORE | GIVEN_UP) == 0 && bytes[6..8] == [0, 0];
    // A frame that continues brings something, so that a message ends some time.
    let fits = if kind.has_body() {
        !(more && (given_up || len == 0))
    } else {
        len == 0 && !more && !given_up
    };
    if !known || !fits {
        return None;
    }
    let id = u64::from_le_bytes(bytes[8..16].try_into().expect("eight bytes"));
    Some(Head { kind, stream, more, given_up, id })
}
