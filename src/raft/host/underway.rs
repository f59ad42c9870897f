//! Shares of other nodes that this one carries out.
//!
//! Whoever does not hear for a while what became of a share sends it again. To a
//! leader that is slow it would bring ever more to do: each share would stand in
//! line several times, and the more of them, the longer the line is. So one that
//! still is on its way here is not handed in a second time. Whoever sent it last
//! gets the outcome; nobody waits for the others any more.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_core::{RequestId, ShardId};
use parking_lot::Mutex;

use crate::{Delivery, Mailbox};

/// A share, as other nodes call it.
type Called = (ShardId, RequestId);

/// The shares of other nodes that are on their way, and where the outcome is waited
/// for if they were sent again.
#[derive(Debug, Default)]
pub(super) struct Underway(Mutex<BTreeMap<Called, Option<Arc<Mailbox>>>>);

/// One that is on its way.
#[derive(Debug)]
pub(super) struct Passage {
    of: Arc<Underway>,
    called: Called,
}

impl Underway {
    /// A share was handed in.
    pub(super) fn enter(self: &Arc<Self>, called: Called) -> Passage {
        self.0.lock().entry(called).or_default();
        Passage { of: self.clone(), called }
    }

    /// If the share is on its way already: where its outcome comes.
    pub(super) fn again(&self, called: &Called) -> Option<Arc<Mailbox>> {
        let mut all = self.0.lock();
        let waits = all.get_mut(called)?;
        let mailbox = Arc::new(Mailbox::default());
        if let Some(former) = waits.replace(mailbox.clone()) {
            former.put(Delivery::Unknown);
        }
        Some(mailbox)
    }
}

impl Passage {
    /// Gives the delivery to whoever sent the share last; what to tell the first one.
    pub(super) fn delivered(self, delivery: Delivery) -> Delivery {
        match self.end() {
            Some(last) => {
                last.put(delivery);
                Delivery::Unknown
            }
            None => delivery,
        }
    }

    fn end(&self) -> Option<Arc<Mailbox>> {
        self.of.0.lock().remove(&self.called).flatten()
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        if let Some(last) = self.end() {
            last.put(Delivery::Unknown);
        }
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::{NodeId, Origin};

    use super::*;

    fn called(number: u64) -> Called {
        let origin = Origin { node: NodeId(1), boot: 1, conn: 1 };
        (ShardId(0), RequestId { origin, number })
    }

    #[test]
    fn who_sent_it_last_gets_the_outcome() {
        let all = Arc::new(Underway::default());
        let passage = all.enter(called(1));
        assert!(all.again(&called(2)).is_none());
        let second = all.again(&called(1)).expect("it is on its way");
        let third = all.again(&called(1)).expect("it is on its way");
        assert!(matches!(second.try_take(), Some(Delivery::Unknown)));
        assert!(matches!(passage.delivered(Delivery::Done(Vec::new())), Delivery::Unknown));
        assert!(matches!(third.try_take(), Some(Delivery::Done(_))));
        assert!(all.again(&called(1)).is_none(), "it has arrived");
    }

    #[test]
    fn nobody_waits_for_one_that_was_given_up() {
        let all = Arc::new(Underway::default());
        let passage = all.enter(called(1));
        let second = all.again(&called(1)).expect("it is on its way");
        drop(passage);
        assert!(matches!(second.try_take(), Some(Delivery::Unknown)));
        assert!(all.again(&called(1)).is_none());
    }
}
