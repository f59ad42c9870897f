//! What nodes tell each other about copies, many messages at once.

use lockstep_cache::{ToHome, ToNode};
use lockstep_core::ShardId;
use lockstep_core::wire::{Malformed, Wire};

/// Which way the messages of a frame go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// To the homes at a node.
    ToHome = 1,
    /// To the sharers at a node.
    ToNode = 2,
}

/// An empty frame.
pub(super) fn begin(way: Way) -> Vec<u8> {
    let mut frame = Vec::with_capacity(128);
    frame.push(way as u8);
    frame
}

/// Adds a message.
pub(super) fn add<'a>(frame: &mut Vec<u8>, shard: ShardId, message: &impl Wire<'a>) {
    shard.put(frame);
    message.put(frame);
}

/// The messages of a frame.
pub(super) enum Frame {
    ToHome(Vec<(ShardId, ToHome)>),
    ToNode(Vec<(ShardId, ToNode)>),
}

/// Takes a frame apart.
pub(super) fn open(frame: &[u8]) -> Result<Frame, Malformed> {
    let (way, rest) = frame.split_first().ok_or(Malformed)?;
    match *way {
        1 => Ok(Frame::ToHome(messages(rest)?)),
        2 => Ok(Frame::ToNode(messages(rest)?)),
        _ => Err(Malformed),
    }
}

fn messages<'a, T: Wire<'a>>(mut rest: &'a [u8]) -> Result<Vec<(ShardId, T)>, Malformed> {
    let mut messages = Vec::new();
    while !rest.is_empty() {
        messages.push((ShardId::take(&mut rest)?, T::take(&mut rest)?));
    }
    Ok(messages)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use lockstep_cache::{Epoch, Name, Session};
    use lockstep_core::Db;

    use super::*;

    #[test]
    fn messages_come_out_of_a_frame_as_they_went_in() {
        let get = ToHome::GetS { flight: 7, name: Name::of(Db(1), b"a") };
        let put = ToHome::PutS { session: Session::default(), lines: Vec::new() };
        let mut frame = begin(Way::ToHome);
        add(&mut frame, ShardId(3), &get);
        add(&mut frame, ShardId(0), &put);
        let Frame::ToHome(messages) = open(&frame).unwrap() else { panic!("to the home") };
        assert_eq!(messages, [(ShardId(3), get), (ShardId(0), put)]);
        let mut frame = begin(Way::ToNode);
        let revoke = ToNode::Revoke { epoch: Epoch { term: 3, incarnation: 1 } };
        add(&mut frame, ShardId(9), &revoke);
        let Frame::ToNode(messages) = open(&frame).unwrap() else { panic!("to a node") };
        assert_eq!(messages, [(ShardId(9), revoke)]);
        for cut in [&frame[..frame.len() - 1], &b""[..], b"\x09"] {
            assert!(open(cut).is_err());
        }
    }
}
