//! What other nodes say about channels, and what they are asked.

use std::sync::Arc;

use bytes::Bytes;
use lockstep_core::wire::Wire;
use lockstep_core::{NodeId, wire_enum};
use lockstep_raft::Served;

use super::{PubSub, Tables, bytes};
use crate::exchange::{Listener, Topic};

/// How many bytes of names a node tells of at most.
const NAMES_BYTES_MAX: usize = 16 << 20;

wire_enum! {
    /// What a node says to another.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum Said<'a> {
        /// A message for those who listen there. Asked, it is answered with how many
        /// did.
        1 => Message {
            /// To a shard channel.
            shard: bool,
            /// The channel.
            channel: &'a [u8],
            /// The message.
            message: &'a [u8],
        },
        /// Which channels somebody listens to by name.
        2 => Channels {
            /// Shard channels.
            shard: bool,
            /// Only those whose names fit.
            pattern: Option<&'a [u8]>,
        },
        /// How many listen to each of these.
        3 => Count {
            /// Shard channels.
            shard: bool,
            /// The channels.
            channels: Vec<&'a [u8]>,
        },
        /// Which patterns somebody listens by.
        4 => Patterns {},
    }
}

/// Takes what other nodes say.
pub(super) struct Others(pub Arc<Tables>);

impl Listener for Others {
    fn told(&self, _: NodeId, mut message: &[u8]) {
        if let Ok(Said::Message { shard, channel, message }) = Said::take(&mut message) {
            self.0.deliver(shard, channel, message);
        }
    }

    fn asked(&self, _: NodeId, mut request: &[u8]) -> Served {
        let mut reply = Vec::new();
        match Said::take(&mut request) {
            Ok(Said::Message { shard, channel, message }) => {
                vec![self.0.deliver(shard, channel, message) as u64].put(&mut reply);
            }
            Ok(Said::Channels { shard, pattern }) => {
                put_names(&self.0.channels(shard, pattern), &mut reply);
            }
            Ok(Said::Count { shard, channels }) => {
                let count = |channel: &&[u8]| self.0.count(shard, channel) as u64;
                channels.iter().map(count).collect::<Vec<u64>>().put(&mut reply);
            }
            Ok(Said::Patterns {}) => put_names(&self.0.patterns(), &mut reply),
            // Of a newer version: nothing that is known here.
            Err(_) => {}
        }
        Served::Now(reply.into())
    }
}

fn put_names(names: &[Vec<u8>], out: &mut Vec<u8>) {
    let mut bytes = 0;
    let fit = names.iter().take_while(|name| {
        bytes += name.len();
        bytes <= NAMES_BYTES_MAX
    });
    fit.map(|name| &name[..]).collect::<Vec<&[u8]>>().put(out);
}

impl PubSub {
    /// What the other nodes answer ([`Exchange::ask_others`](crate::exchange::Exchange)).
    pub(super) fn ask_others(
        &self,
        said: &Said<'_>,
    ) -> Option<impl Future<Output = Vec<Bytes>> + Send + 'static> {
        self.exchange.ask_others(Topic::PubSub, bytes(said))
    }
}

/// The sums of the numbers that several nodes answered, beginning with one's own.
pub(super) fn sums(mut own: Vec<u64>, replies: &[Bytes]) -> Vec<u64> {
    for reply in replies {
        let numbers = Vec::<u64>::take(&mut &reply[..]).unwrap_or_default();
        for (sum, number) in own.iter_mut().zip(numbers) {
            *sum = sum.saturating_add(number);
        }
    }
    own
}

/// The names that several nodes answered and one's own, each once, in order.
pub(super) fn names(mut own: Vec<Vec<u8>>, replies: &[Bytes]) -> Vec<Vec<u8>> {
    for reply in replies {
        let names = Vec::<&[u8]>::take(&mut &reply[..]).unwrap_or_default();
        own.extend(names.into_iter().map(<[u8]>::to_vec));
    }
    own.sort();
    own.dedup();
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(said: &Said<'_>) -> Bytes {
        match Others(Arc::default()).asked(NodeId(1), &bytes(said)) {
            Served::Now(reply) => reply,
            Served::Later(_) => panic!("answers at once"),
        }
    }

    #[test]
    fn every_question_is_answered_at_once() {
        let message = Said::Message { shard: false, channel: b"c", message: b"m" };
        assert_eq!(sums(vec![2], &[asked(&message)]), [2]);
        let count = Said::Count { shard: true, channels: vec![b"a", b"b"] };
        assert_eq!(sums(vec![1, 0], &[asked(&count), Bytes::new()]), [1, 0]);
        let channels = Said::Channels { shard: false, pattern: None };
        assert_eq!(names(vec![b"x".to_vec()], &[asked(&channels)]), [b"x"]);
        assert_eq!(names(vec![], &[asked(&Said::Patterns {})]), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn names_of_several_nodes_come_once_and_in_order() {
        let mut reply = Vec::new();
        put_names(&[b"b".to_vec(), b"a".to_vec()], &mut reply);
        let all = names(vec![b"c".to_vec(), b"b".to_vec()], &[reply.into()]);
        assert_eq!(all, [b"a", b"b", b"c"]);
    }

    #[test]
    fn what_is_not_understood_changes_nothing() {
        let others = Others(Arc::default());
        for bad in [&b""[..], b"\xff", b"\x01\x00", b"\x03\x00\xff\xff"] {
            others.told(NodeId(1), bad);
            assert!(matches!(others.asked(NodeId(1), bad), Served::Now(reply) if reply.is_empty()));
        }
        assert_eq!(sums(vec![1], &[Bytes::from_static(b"\xff")]), [1]);
    }
}
