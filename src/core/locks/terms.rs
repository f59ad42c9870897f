//! What a request says about the hold it wants.

use crate::{Origin, Wait, wire_enum};

wire_enum! {
    /// Who holds a lock: the unit that is granted, that waits, and that stands in
    /// cycles.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Owner<'a> {
        /// The connection itself; the hold ends with it.
        0 => Connection {
            /// The connection.
            origin: Origin,
        },
        /// A name of the client's choice (OWNER); the hold ends with its lease, or
        /// with the session it lives by.
        1 => Named {
            /// The name.
            name: &'a [u8],
        },
        /// A session; the hold ends with it.
        2 => Session {
            /// Its id.
            id: &'a [u8],
        },
    }
}

wire_enum! {
    /// What a holder keeps others from. The tags of the first three are the numbers
    /// of the six modes of the VMS lock manager, NL 0 to EX 5.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Mode {
        /// With others that share.
        3 => Shared {},
        /// With those that share already; the only one that may become exclusive
        /// while nobody new comes in.
        4 => Update {},
        /// One holder and no other.
        5 => Exclusive {},
        /// Some of the permits of a semaphore.
        8 => Permits {
            /// How many.
            count: u32,
            /// How many there are.
            limit: u32,
        },
    }
}

wire_enum! {
    /// What is done about deadlocks that a request may be part of.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Policy {
        /// They are found, and one victim is chosen.
        0 => Detect {},
        /// A younger owner does not wait for an older one: it is refused.
        1 => WaitDie {},
        /// An older owner takes the lock from younger ones that hold it under the
        /// same policy.
        2 => Wound {
            /// How long they are given to let go by themselves.
            grace_ms: u64,
        },
    }
}

wire_enum! {
    /// What is done when the owner holds the lock already.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Again {
        /// It goes on holding it; the lease grows if the new one is longer.
        0 => Same {},
        /// The same, and it has to be given back once more (REENTER).
        1 => Count {},
        /// It is refused (NOREENTER).
        2 => Refuse {},
    }
}

wire_enum! {
    /// Everything a LOCK says besides names.
    #[derive(Clone, Debug, PartialEq)]
    pub enum Terms<'a> {
        /// The only form.
        1 => Of {
            /// Who is to hold.
            owner: Owner<'a>,
            /// The session the hold lives by; the owner's own where that is one.
            session: Option<&'a [u8]>,
            /// The connection that asks.
            client: Origin,
            /// How to hold.
            mode: Mode,
            /// The lease in milliseconds, counted from the grant.
            lease_ms: Option<u64>,
            /// How to wait when others are in the way.
            wait: Option<Wait>,
            /// From 0 to 9; who has more is spared when a victim is chosen.
            prio: u8,
            /// How much earlier than it came it stands in the line.
            head_start_ms: u64,
            /// When the owner holds the lock already.
            again: Again,
            /// Kept with the hold, for others to read.
            value: &'a [u8],
            /// The request's name: what it gave is remembered for repetitions.
            id: Option<&'a [u8]>,
            /// For how long nobody gets the lock when the hold ended otherwise than
            /// by its owner.
            delay_ms: u64,
            /// As the victim of a deadlock the owner loses what it holds as well.
            release_on_deadlock: bool,
            /// About deadlocks.
            policy: Policy,
            /// The connection goes on at once and is told of the grant later.
            asynchronous: bool,
            /// More than the token is answered.
            full: bool,
            /// The hold is part of several and not confirmed yet: its lease till
            /// then.
            acquiring_ms: Option<u64>,
        },
    }
}

impl Mode {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Mode::Shared {} => "shared",
            Mode::Update {} => "update",
            Mode::Exclusive {} => "exclusive",
            Mode::Permits { .. } => "permits",
        }
    }
}

impl<'a> Terms<'a> {
    /// The plainest: exclusive, without a lease, not ready to wait.
    pub fn plain(owner: Owner<'a>, client: Origin) -> Self {
        Terms::Of {
            owner,
            session: if let Owner::Session { id } = owner { Some(id) } else { None },
            client,
            mode: Mode::Exclusive {},
            lease_ms: None,
            wait: None,
            prio: 0,
            head_start_ms: 0,
            again: Again::Same {},
            value: b"",
            id: None,
            delay_ms: 0,
            release_on_deadlock: false,
            policy: Policy::Detect {},
            asynchronous: false,
            full: false,
            acquiring_ms: None,
        }
    }

    /// The same in another mode.
    #[must_use]
    pub fn in_mode(mut self, new: Mode) -> Self {
        let Terms::Of { mode, .. } = &mut self;
        *mode = new;
        self
    }

    /// The same with a lease.
    #[must_use]
    pub fn for_ms(mut self, new: Option<u64>) -> Self {
        let Terms::Of { lease_ms, .. } = &mut self;
        *lease_ms = new;
        self
    }

    /// The same, waiting so.
    #[must_use]
    pub fn waiting(mut self, new: Option<Wait>) -> Self {
        let Terms::Of { wait, .. } = &mut self;
        *wait = new;
        self
    }

    /// Who is to hold.
    pub fn owner(&self) -> &Owner<'a> {
        let Terms::Of { owner, .. } = self;
        owner
    }

    /// How to wait.
    pub fn wait(&self) -> Option<Wait> {
        let Terms::Of { wait, .. } = self;
        *wait
    }

    /// The session the hold lives by.
    pub fn session(&self) -> Option<&'a [u8]> {
        let Terms::Of { session, .. } = self;
        *session
    }
}
