//! The messages of the handshake as bytes.
//!
//! ```text
//! 0  "LKSP"    4  part u8    5  length of the rest u16    7  fields    -4  crc32c
//! ```

use super::{Identity, Refusal};
use crate::peers::options::Leases;
use lockstep_core::NodeId;

const MAGIC: [u8; 4] = *b"LKSP";

/// The part in front of the fields.
pub(super) const HEAD_BYTES: usize = 7;

const SUM_BYTES: usize = 4;

/// The longest rest of a message. Known ones are much shorter.
const REST_BYTES_MAX: usize = 512;

/// The length of a nonce and of a proof.
pub(super) const PROOF_BYTES: usize = 32;

/// A random number used once.
pub(super) type Nonce = [u8; PROOF_BYTES];

/// Which message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::peers) enum Part {
    Hello = 1,
    Challenge = 2,
    Proof = 3,
    Welcome = 4,
    Refusal = 5,
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::peers) enum Purpose {
    Urgent = 0,
    Rest = 1,
    Knock = 2,
}

/// The first message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hello {
    pub(super) versions: (u16, u16),
    pub(super) purpose: Purpose,
    pub(super) secured: bool,
    pub(super) from: Identity,
    /// Who is expected to answer; 0: whoever does.
    pub(super) to: NodeId,
    pub(super) nonce: Nonce,
    /// None: the node does not say, as earlier ones.
    pub(super) leases: Option<Leases>,
}

/// The answer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) version: u16,
    pub(super) secured: bool,
    pub(super) nonce: Nonce,
}

/// A message being written.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn new(part: Part) -> Self {
        let mut bytes = Vec::with_capacity(160);
        bytes.extend_from_slice(&MAGIC);
        bytes.push(part as u8);
        bytes.extend_from_slice(&[0, 0]);
        Writer(bytes)
    }

    pub(super) fn put(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn number(self, number: u64) -> Self {
        self.put(&number.to_le_bytes())
    }

    /// What is there so far, for a proof over it.
    pub(super) fn so_far(&self) -> &[u8] {
        &self.0[HEAD_BYTES..]
    }

    pub(super) fn end(mut self) -> Vec<u8> {
        let rest = self.0.len() - HEAD_BYTES + SUM_BYTES;
        let rest = u16::try_from(rest).expect("all messages are short");
        self.0[5..7].copy_from_slice(&rest.to_le_bytes());
        let sum = crc32c::crc32c(&self.0);
        self.put(&sum.to_le_bytes()).0
    }
}

/// The fields of a message being read.
pub(in crate::peers) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// Of a message that was [checked](check).
    pub(super) fn of(message: &'a [u8]) -> Self {
        Fields(&message[HEAD_BYTES..message.len() - SUM_BYTES])
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn short(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    fn number(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    pub(super) fn proof(&mut self) -> Option<[u8; PROOF_BYTES]> {
        self.take()
    }

    pub(super) fn identity(&mut self) -> Option<Identity> {
        let node = NodeId(self.number()?);
        Some(Identity { node, boot: self.number()?, cluster: self.number()? })
    }

    pub(super) fn hello(&mut self) -> Option<Hello> {
        let versions = (self.short()?, self.short()?);
        let purpose = match self.byte()? {
            0 => Purpose::Urgent,
            1 => Purpose::Rest,
            2 => Purpose::Knock,
            _ => return None,
        };
        let secured = self.byte()? != 0;
        let from = self.identity()?;
        let to = NodeId(self.number()?);
        let nonce = self.take()?;
        let leases = Leases::of(self.number().unwrap_or(0));
        Some(Hello { versions, purpose, secured, from, to, nonce, leases })
    }

    pub(super) fn challenge(&mut self) -> Option<Challenge> {
        let version = self.short()?;
        Some(Challenge { version, secured: self.byte()? != 0, nonce: self.take()? })
    }

    pub(super) fn refusal(&mut self) -> Option<Refusal> {
        Some(Refusal::from_numbers(self.byte()?, self.number()?, self.number()?))
    }
}

pub(super) fn hello(hello: &Hello) -> Vec<u8> {
    Writer::new(Part::Hello)
        .put(&hello.versions.0.to_le_bytes())
        .put(&hello.versions.1.to_le_bytes())
        .put(&[hello.purpose as u8, u8::from(hello.secured)])
        .identity(hello.from)
        .number(hello.to.0)
        .put(&hello.nonce)
        .number(Leases::number(hello.leases))
        .end()
}

pub(super) fn challenge(challenge: &Challenge) -> Vec<u8> {
    Writer::new(Part::Challenge)
        .put(&challenge.version.to_le_bytes())
        .put(&[u8::from(challenge.secured)])
        .put(&challenge.nonce)
        .end()
}

pub(super) fn refusal(refusal: Refusal) -> Vec<u8> {
    let (code, mine, yours) = refusal.numbers();
    Writer::new(Part::Refusal).put(&[code]).number(mine).number(yours).end()
}

impl Writer {
    pub(super) fn identity(self, identity: Identity) -> Self {
        self.number(identity.node.0).number(identity.boot).number(identity.cluster)
    }
}

/// How many bytes follow this head; `None`: it is none.
pub(super) fn length(head: &[u8]) -> Option<usize> {
    let rest = head.strip_prefix(&MAGIC)?;
    let &[_, low, high] = rest.first_chunk::<3>()?;
    let len = usize::from(u16::from_le_bytes([low, high]));
    (SUM_BYTES..=REST_BYTES_MAX).contains(&len).then_some(len)
}

/// Which message it is, if it is whole.
pub(super) fn check(message: &[u8]) -> Option<Part> {
    if length(message)? != message.len() - HEAD_BYTES {
        return None;
    }
    let (bytes, sum) = message.split_last_chunk::<SUM_BYTES>()?;
    if crc32c::crc32c(bytes) != u32::from_le_bytes(*sum) {
        return None;
    }
    Some(match message[4] {
        1 => Part::Hello,
        2 => Part::Challenge,
        3 => Part::Proof,
        4 => Part::Welcome,
        5 => Part::Refusal,
        _ => return None,
    })
}
