//! What nodes say to each other about keys that change.

use lockstep_core::keys::Touched;
use lockstep_core::wire::Wire;
use lockstep_core::{Origin, ShardId, wire_enum};

/// A stream: of which shard, and its number.
pub(super) type Stream = (ShardId, u64);

wire_enum! {
    /// What a node says to another.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum Said {
        /// Asked: tell me which keys of a shard change. Answered with [`YES`] by the
        /// node that leads it.
        1 => Begin {
            /// The stream.
            stream: (ShardId, u64),
        },
        /// I do not want to know any more.
        2 => End {
            /// The streams.
            streams: Vec<(ShardId, u64)>,
        },
        /// I still want to know.
        3 => Keep {
            /// The streams.
            streams: Vec<(ShardId, u64)>,
        },
        /// These keys have changed.
        4 => Touched {
            /// The stream.
            stream: (ShardId, u64),
            /// The number of the message in the stream.
            number: u64,
            /// The keys, and who has changed them.
            touches: Vec<(Option<Origin>, Touched)>,
        },
        /// I lead these shards, and nothing else has changed.
        5 => Here {
            /// The streams, with the number that the next message will have.
            streams: Vec<((ShardId, u64), u64)>,
        },
        /// I say nothing any more: another node leads the shard.
        6 => Over {
            /// The stream.
            stream: (ShardId, u64),
        },
    }
}

/// The answer of a leader that begins a stream.
pub(super) const YES: &[u8] = &[1];

/// The byte form.
pub(super) fn bytes(said: &Said) -> Vec<u8> {
    let mut out = Vec::new();
    said.put(&mut out);
    out
}
