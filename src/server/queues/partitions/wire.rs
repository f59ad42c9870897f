//! What nodes tell each other about queues with several partitions.

use lockstep_core::wire_enum;

wire_enum! {
    /// A message. Any of them may be lost.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum Said<'a> {
        /// To home: clients of this node wait.
        1 => Want {
            /// For messages of this queue.
            queue: &'a [u8],
            /// For so many in all.
            count: u64,
            /// Which of the node's words this is.
            number: u64,
        },
        /// To home: there is something in a partition that this node leads.
        2 => Have {
            /// Of this queue.
            queue: &'a [u8],
            /// The partition.
            part: u32,
            /// So many messages.
            ready: u64,
        },
        /// From home: ask that partition.
        3 => Serve {
            /// Of this queue.
            queue: &'a [u8],
            /// The partition.
            part: u32,
            /// How many messages there should be.
            count: u64,
            /// By which word of the partition.
            version: u64,
        },
        /// To home: that partition was asked.
        4 => Left {
            /// Of this queue.
            queue: &'a [u8],
            /// The partition.
            part: u32,
            /// By which word of the partition.
            version: u64,
            /// So many messages are left there.
            ready: u64,
        },
        /// To all: a queue has another number of partitions.
        5 => Count {
            /// The queue.
            queue: &'a [u8],
            /// So many; 1 or less: it has no several.
            count: u32,
        },
        /// A request: how many clients of the node wait. The reply is a number.
        6 => Waiting {
            /// For messages of this queue.
            queue: &'a [u8],
        },
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::wire::{Malformed, Wire};

    use super::*;

    fn all() -> [Said<'static>; 6] {
        let queue = &b"q"[..];
        [
            Said::Want { queue, count: 300, number: 1 << 40 },
            Said::Have { queue, part: 7, ready: 1 },
            Said::Serve { queue, part: 255, count: 2, version: 9 },
            Said::Left { queue, part: 0, version: 9, ready: u64::MAX },
            Said::Count { queue, count: 8 },
            Said::Waiting { queue },
        ]
    }

    fn bytes(said: &Said<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        said.put(&mut bytes);
        bytes
    }

    #[test]
    fn every_message_arrives_as_it_was_sent() {
        for said in all() {
            assert_eq!(Said::take(&mut &bytes(&said)[..]), Ok(said));
        }
    }

    #[test]
    fn bytes_that_are_no_message_are_refused() {
        for said in all() {
            let whole = bytes(&said);
            for cut in 0..whole.len() {
                assert_eq!(Said::take(&mut &whole[..cut]), Err(Malformed), "{said:?} {cut}");
            }
        }
        for bad in [&b"\x00"[..], b"\x07\x01q", b"\xff", b"\x01\xff\xff\xff\xff\x0f", b"\x02\x7f"] {
            assert_eq!(Said::take(&mut &bad[..]), Err(Malformed));
        }
    }

    #[test]
    fn the_form_of_messages_does_not_change() {
        let forms = all().map(|said| bytes(&said));
        let wanted: [&[u8]; 6] = [
            b"\x01\x01q\xac\x02\x80\x80\x80\x80\x80\x20",
            b"\x02\x01q\x07\x01",
            b"\x03\x01q\xff\x01\x02\x09",
            b"\x04\x01q\x00\x09\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\x05\x01q\x08",
            b"\x06\x01q",
        ];
        assert_eq!(forms.each_ref().map(|form| &form[..]), wanted);
    }
}
