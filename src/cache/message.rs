//! What a node and the home of a shard tell each other.

use bytes::Bytes;
use lockstep_core::wire::{Malformed, Wire};
use lockstep_core::wire_enum;

use crate::{Epoch, Label, Name, Nonce, Session, Time};

wire_enum! {
    /// From a node to the home of a shard.
    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum ToHome {
        /// Asks for a session, or to carry one on.
        1 => Renew {
            /// The number of the request.
            nonce: Nonce,
            /// When it was sent, by the node's clock; only given back.
            sent: Time,
            /// The newest session that the node ever had in this life.
            had: Option<Session>,
            /// Whether it has it still.
            keeps: bool,
        },
        /// Asks for a copy of a key.
        2 => GetS {
            /// Under which number the answer is waited for.
            flight: u64,
            /// Which key.
            name: Name,
        },
        /// An invalidation or an update is carried out.
        3 => Ack {
            /// Of which session it was.
            session: Session,
            /// Its number.
            q: u64,
            /// Whether the node has the new value, not readable yet.
            has: bool,
            /// Whether what went had not been read since it came.
            unread: bool,
        },
        /// Lines have gone; a hint.
        4 => PutS {
            /// In which session they had come.
            session: Session,
            /// Which, and with which message of the home.
            lines: Vec<(Name, u64)>,
        },
        /// No session of an older home is used any more, nor will one be.
        5 => Revoked {
            /// Of which home.
            epoch: Epoch,
        },
        /// Asks for a copy of a key of which it has an older one.
        140 => Confirm {
            /// Under which number the answer is waited for.
            flight: u64,
            /// Which key.
            name: Name,
            /// The version of what it has.
            version: u64,
        },
        /// Whether it reads the whole shard from a replica of its own: if so it has to be
        /// told of every write.
        141 => Follow {
            /// In which session.
            session: Session,
            /// Whether it does.
            on: bool,
        },
        /// What it has of sessions that are over: which of it is good still?
        142 => Reattest {
            /// In which session it would be.
            session: Session,
            /// The number of the request.
            number: u64,
            /// The keys, in full, with the versions of what it has of them; 0: that there
            /// is no such key.
            lines: Vec<(Name, u64)>,
        },
        /// Keys that it has answered reads of; for who counts uses, not for the protocol.
        143 => Used {
            /// Which.
            names: Vec<Name>,
        },
        /// It writes keys by itself that are lent to it, as long as the session lasts.
        145 => Borrows {
            /// Which.
            session: Session,
        },
        /// What it wrote to a key that is lent to it.
        144 => Flush {
            /// In which session it was lent.
            session: Session,
            /// Which key.
            name: Name,
            /// With which message it was lent.
            q: u64,
            /// How many values the node has given it since.
            number: u64,
            /// The last one.
            value: Value,
        },
    }
}

wire_enum! {
    /// From the home of a shard to a node.
    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum ToNode {
        /// A session, or more time for it.
        1 => Granted {
            /// What was asked.
            nonce: Nonce,
            /// When that was sent, by the node's clock.
            sent: Time,
            /// The session.
            session: Session,
            /// How long from then on it is good, in nanoseconds.
            left: u64,
        },
        /// A copy of a key.
        2 => Data {
            /// The answer to which request.
            flight: u64,
            /// The right to keep it.
            grant: Option<Grant>,
            /// What the key holds.
            payload: Payload,
        },
        /// The home does not answer: the key holds no plain value, or too large a
        /// one, or this is no home.
        3 => Refused {
            /// To which request.
            flight: u64,
        },
        /// Keys are being written: their lines must go.
        4 => Inv {
            /// In which session they came.
            session: Session,
            /// The number of this message.
            q: u64,
            /// Which keys.
            names: Vec<Name>,
        },
        /// Everything is being written.
        5 => InvAll {
            /// In which session it came.
            session: Session,
            /// The number of this message.
            q: u64,
        },
        /// A key is being written: its line must go, and this is what takes its
        /// place when the write is open.
        6 => Upd {
            /// In which session the line came.
            session: Session,
            /// The number of this message.
            q: u64,
            /// Which key.
            name: Name,
            /// The new value; its version is not known yet.
            payload: Payload,
        },
        /// The write of an update is open.
        7 => Val {
            /// In which session.
            session: Session,
            /// The number of the update.
            q: u64,
            /// Of which key.
            name: Name,
            /// The version that it has now.
            version: u64,
        },
        /// A copy of a key that was not asked for.
        8 => Push {
            /// The right to keep it.
            grant: Grant,
            /// Of which key.
            name: Name,
            /// What it holds.
            payload: Payload,
            /// From which moment by the node's clock its life counts.
            since: Time,
        },
        /// Others have copies as well.
        9 => Downgrade {
            /// In which session the line came.
            session: Session,
            /// With which message.
            q: u64,
            /// Of which key.
            name: Name,
        },
        /// There is another home: what older ones granted is over.
        10 => Revoke {
            /// Which.
            epoch: Epoch,
        },
        /// A key still holds what the node has of it.
        140 => Same {
            /// The answer to which request.
            flight: u64,
            /// The right to keep it.
            grant: Option<Grant>,
            /// Its version.
            version: u64,
            /// How long it still lives, in nanoseconds.
            left: Option<u64>,
        },
        /// Keys are being written: to who reads the whole shard from its replica.
        141 => Touch {
            /// In which session.
            session: Session,
            /// The number of this message.
            q: u64,
            /// What begins before the state has seen so many operations is known to the
            /// node with this message.
            known: u64,
            /// Which keys.
            names: Vec<Name>,
            /// Whether it is all keys.
            all: bool,
            /// How far the home has come.
            standing: Standing,
        },
        /// The same when writes have opened, and with every grant of more time.
        142 => Stands {
            /// In which session.
            session: Session,
            /// All messages up to this number.
            upto: u64,
            /// How far the home has come.
            standing: Standing,
        },
        /// Some of what the node has of sessions that are over is what the keys hold.
        143 => Attested {
            /// In which session it may keep that.
            session: Session,
            /// The answer to which request.
            number: u64,
            /// The number of the right to keep the first; the next ones follow it.
            q: u64,
            /// Which of the lines in the request, and how long these still live, in
            /// nanoseconds.
            lines: Vec<(u64, Option<u64>)>,
        },
        /// What it wrote to a key that is lent to it is in the log.
        144 => Flushed {
            /// In which session it was lent.
            session: Session,
            /// What it wrote.
            flushed: Flushed,
        },
    }
}

/// Which value of a key that is lent is in the log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flushed {
    /// Which key.
    pub name: Name,
    /// With which message it was lent.
    pub q: u64,
    /// The number of the value.
    pub number: u64,
}

/// A value on its way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(pub Bytes);

/// What the home knows, for who reads the whole shard from a replica. It stays true, so it
/// may come late, twice and in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Standing {
    /// How many operations the state of the home has seen, those at least of everything
    /// that is open.
    pub seq: u64,
    /// The messages whose writes are not open. All others that the node was sent are.
    pub pending: Vec<u64>,
}

/// The right to keep a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grant {
    /// In which session.
    pub session: Session,
    /// The number of the message.
    pub q: u64,
    /// As which of the copies.
    pub label: Label,
}

/// What a key holds, on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Payload {
    /// The value; none: there is no such key.
    pub value: Option<Bytes>,
    /// The number of the operation that wrote it.
    pub version: u64,
    /// How long it still lives, in nanoseconds.
    pub left: Option<u64>,
}

impl ToHome {
    /// What it is called.
    pub fn word(&self) -> &'static str {
        match self {
            ToHome::Renew { .. } => "Renew",
            ToHome::GetS { .. } => "GetS",
            ToHome::Confirm { .. } => "Confirm",
            ToHome::Ack { .. } => "Ack",
            ToHome::PutS { .. } => "PutS",
            ToHome::Revoked { .. } => "Revoked",
            ToHome::Follow { .. } => "Follow",
            ToHome::Reattest { .. } => "Reattest",
            ToHome::Used { .. } => "Used",
            ToHome::Flush { .. } => "Flush",
            ToHome::Borrows { .. } => "Borrows",
        }
    }
}

impl ToNode {
    /// What it is called.
    pub fn word(&self) -> &'static str {
        match self {
            ToNode::Granted { .. } => "Granted",
            ToNode::Data { .. } => "Data",
            ToNode::Same { .. } => "Same",
            ToNode::Refused { .. } => "Refused",
            ToNode::Inv { .. } => "Inv",
            ToNode::InvAll { .. } => "InvAll",
            ToNode::Upd { .. } => "Upd",
            ToNode::Val { .. } => "Val",
            ToNode::Push { .. } => "Push",
            ToNode::Downgrade { .. } => "Downgrade",
            ToNode::Revoke { .. } => "Revoke",
            ToNode::Touch { .. } => "Touch",
            ToNode::Stands { .. } => "Stands",
            ToNode::Attested { .. } => "Attested",
            ToNode::Flushed { .. } => "Flushed",
        }
    }
}

impl<'a> Wire<'a> for Label {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(match self {
            Label::Modified => 1,
            Label::Exclusive => 2,
            Label::Shared => 3,
            Label::Lent => 4,
        });
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        match u8::take(input)? {
            1 => Ok(Label::Modified),
            2 => Ok(Label::Exclusive),
            3 => Ok(Label::Shared),
            4 => Ok(Label::Lent),
            _ => Err(Malformed),
        }
    }
}

impl<'a> Wire<'a> for Grant {
    fn put(&self, out: &mut Vec<u8>) {
        self.session.put(out);
        self.q.put(out);
        self.label.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        let session = Session::take(input)?;
        Ok(Grant { session, q: u64::take(input)?, label: Label::take(input)? })
    }
}

impl<'a> Wire<'a> for Flushed {
    fn put(&self, out: &mut Vec<u8>) {
        self.name.put(out);
        self.q.put(out);
        self.number.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        let name = Name::take(input)?;
        Ok(Flushed { name, q: u64::take(input)?, number: u64::take(input)? })
    }
}

impl<'a> Wire<'a> for Value {
    fn put(&self, out: &mut Vec<u8>) {
        (&self.0[..]).put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        Ok(Value(Bytes::copy_from_slice(<&[u8]>::take(input)?)))
    }
}

impl<'a> Wire<'a> for Standing {
    fn put(&self, out: &mut Vec<u8>) {
        self.seq.put(out);
        self.pending.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        Ok(Standing { seq: u64::take(input)?, pending: Vec::take(input)? })
    }
}

impl<'a> Wire<'a> for Payload {
    fn put(&self, out: &mut Vec<u8>) {
        self.value.as_deref().put(out);
        self.version.put(out);
        self.left.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        let value = <Option<&[u8]> as Wire<'_>>::take(input)?.map(Bytes::copy_from_slice);
        let version = u64::take(input)?;
        Ok(Payload { value, version, left: <Option<u64> as Wire<'_>>::take(input)? })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use lockstep_core::Db;

    use super::*;

    fn again<T: for<'a> Wire<'a> + PartialEq + std::fmt::Debug>(message: T) {
        let mut bytes = Vec::new();
        message.put(&mut bytes);
        let mut rest = &bytes[..];
        assert_eq!(T::take(&mut rest).unwrap(), message);
        assert!(rest.is_empty());
        for end in 0..bytes.len() {
            let mut cut = &bytes[..end];
            assert!(T::take(&mut cut).is_err(), "{message:?} cut short is something else");
        }
    }

    #[test]
    fn messages_come_as_they_were_sent() {
        let name = Name::of(Db(3), b"key");
        let session = Session { epoch: Epoch { term: 7, incarnation: 1 }, number: 300 };
        let nonce = Nonce { boot: 2, count: 900 };
        let grant = Grant { session, q: 12, label: Label::Exclusive };
        let payload = Payload { value: Some(Bytes::from_static(b"v")), version: 9, left: Some(5) };
        again(ToHome::Renew { nonce, sent: Time(5), had: Some(session), keeps: true });
        again(ToHome::GetS { flight: 1, name: name.clone() });
        again(ToHome::Confirm { flight: 1, name: name.clone(), version: 300 });
        again(ToHome::Ack { session, q: 5, has: true, unread: false });
        again(ToHome::PutS { session, lines: vec![(name.clone(), 4)] });
        again(ToHome::Revoked { epoch: session.epoch });
        again(ToNode::Granted { nonce, sent: Time(5), session, left: 500 });
        again(ToNode::Data { flight: 1, grant: Some(grant), payload: payload.clone() });
        again(ToNode::Same { flight: 1, grant: Some(grant), version: 300, left: Some(7) });
        again(ToNode::Refused { flight: 1 });
        again(ToNode::Inv { session, q: 1, names: vec![name.clone()] });
        again(ToNode::InvAll { session, q: 1 });
        again(ToNode::Upd { session, q: 1, name: name.clone(), payload: payload.clone() });
        again(ToNode::Val { session, q: 1, name: name.clone(), version: 3 });
        again(ToNode::Push { grant, name: name.clone(), payload, since: Time(7) });
        let standing = Standing { seq: 70_000, pending: vec![3, 900] };
        let names = vec![name.clone()];
        let stands = standing.clone();
        again(ToNode::Touch { session, q: 1, known: 8, names, all: true, standing: stands });
        again(ToNode::Stands { session, upto: 1, standing });
        again(ToHome::Follow { session, on: true });
        again(ToHome::Reattest { session, number: 300, lines: vec![(name.clone(), 7_000)] });
        again(ToHome::Used { names: vec![name.clone()] });
        let lines = vec![(0, None), (130, Some(7))];
        again(ToNode::Attested { session, number: 300, q: 900, lines });
        let value = Value(Bytes::from_static(b"v"));
        again(ToHome::Borrows { session });
        again(ToHome::Flush { session, name: name.clone(), q: 2, number: 300, value });
        let flushed = Flushed { name: name.clone(), q: 2, number: 300 };
        again(ToNode::Flushed { session, flushed });
        let lent = Grant { label: Label::Lent, ..grant };
        again(ToNode::Data { flight: 1, grant: Some(lent), payload: Payload::default() });
        again(ToNode::Downgrade { session, q: 1, name });
        again(ToNode::Revoke { epoch: session.epoch });
    }
}
