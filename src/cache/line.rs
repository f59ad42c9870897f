//! One line: what a node may do with its copy of a key.

/// What a node may do with its copy of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// The only valid copy, newer than the home's.
    Modified,
    /// The only cached copy, equal to the home's.
    Exclusive,
    /// One of several copies, all equal to the home's.
    Shared,
    /// No copy.
    #[default]
    Invalid,
}

/// What happens to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A client of this node reads.
    Read,
    /// A client of this node writes.
    Write,
    /// The home answers GetS; `alone`: no other node has a copy.
    Fill {
        /// Whether no other node has a copy.
        alone: bool,
    },
    /// The home answers GetM.
    Grant,
    /// Another node reads: the home asks for a downgrade.
    Downgrade,
    /// Another node writes: the home invalidates.
    Invalidate,
    /// The line has to make room.
    Evict,
}

/// What the node has to do about an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Answer from the copy.
    Hit,
    /// Ask the home for a copy (GetS).
    GetS,
    /// Ask the home for the right to write (GetM).
    GetM,
    /// Give the value back to the home (PutM).
    PutM,
    /// Acknowledge.
    Ack,
    /// Nothing.
    Rest,
}

impl State {
    /// The state after an event, and what has to be done.
    ///
    /// A request to the home leaves the state as it is; the home's answer
    /// (`Fill`, `Grant`) moves it. An invalidation is acknowledged in every
    /// state, because it may cross an eviction on its way.
    pub fn on(self, event: Event) -> (State, Step) {
        use State::{Exclusive, Invalid, Modified, Shared};
        match (self, event) {
            (Invalid, Event::Read) => (Invalid, Step::GetS),
            (state, Event::Read) => (state, Step::Hit),
            (Modified | Exclusive, Event::Write) => (Modified, Step::Hit),
            (state, Event::Write) => (state, Step::GetM),
            (_, Event::Fill { alone: true }) => (Exclusive, Step::Rest),
            (_, Event::Fill { alone: false }) => (Shared, Step::Rest),
            (_, Event::Grant) => (Modified, Step::Rest),
            (Modified, Event::Downgrade) => (Shared, Step::PutM),
            (Exclusive, Event::Downgrade) => (Shared, Step::Ack),
            (state, Event::Downgrade) => (state, Step::Ack),
            (Modified, Event::Invalidate) => (Invalid, Step::PutM),
            (_, Event::Invalidate) => (Invalid, Step::Ack),
            (Modified, Event::Evict) => (Invalid, Step::PutM),
            (_, Event::Evict) => (Invalid, Step::Rest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [State; 4] = [State::Modified, State::Exclusive, State::Shared, State::Invalid];

    #[test]
    fn a_read_hits_in_every_state_but_invalid() {
        for state in STATES {
            let (after, step) = state.on(Event::Read);
            assert_eq!(after, state);
            assert_eq!(step == Step::Hit, state != State::Invalid);
        }
    }

    #[test]
    fn only_who_is_alone_writes_without_asking() {
        for state in STATES {
            let asks = state.on(Event::Write).1 == Step::GetM;
            assert_eq!(asks, matches!(state, State::Shared | State::Invalid));
        }
    }

    #[test]
    fn an_invalidation_leaves_no_copy_and_loses_no_value() {
        for state in STATES {
            let (after, step) = state.on(Event::Invalidate);
            assert_eq!(after, State::Invalid);
            assert_eq!(step == Step::PutM, state == State::Modified);
        }
    }

    #[test]
    fn an_eviction_gives_back_what_only_this_node_has() {
        for state in STATES {
            assert_eq!(state.on(Event::Evict).1 == Step::PutM, state == State::Modified);
        }
    }
}
