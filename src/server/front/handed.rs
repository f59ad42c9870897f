//! Messages on their way to the client.

use std::sync::atomic::Ordering::Relaxed;

use lockstep_net::{Link, Output};

use crate::queues::Back;

/// The messages that a connection was sent and that its socket may not have taken. What
/// it has not taken when the connection ends is given back at once.
#[derive(Debug, Default)]
pub(super) struct Handed {
    /// Behind how many bytes of replies each stands, in their order.
    list: Vec<(u64, Back)>,
}

impl Handed {
    /// The last reply in `out` has messages in it.
    pub(super) fn note(&mut self, link: &Link, out: &Output, back: Back) {
        self.forget_taken(link);
        let waiting = link.output_bytes.load(Relaxed) + out.len();
        let end = link.traffic.bytes_out.load(Relaxed).saturating_add(waiting as u64);
        self.list.push((end, back));
    }

    /// The connection is over.
    pub(super) fn end(&mut self, link: &Link) {
        self.forget_taken(link);
        self.list.clear();
    }

    fn forget_taken(&mut self, link: &Link) {
        let taken = link.traffic.bytes_out.load(Relaxed);
        let count = self.list.iter().take_while(|(end, _)| *end <= taken).count();
        self.list.drain(..count).for_each(|(_, back)| back.taken());
    }
}
