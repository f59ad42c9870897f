//! What the protocol rests on.

/// The rules that carry safety. All of them hold; a test that switches one off has to
/// find out what it was good for.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// R1: a write is open only when every sharer has acknowledged, or its lease is
    /// over.
    pub open_after_acks: bool,
    /// R2: the home shows nobody what is applied and not open.
    pub unopened_is_hidden: bool,
    /// R3: an invalidation closes the flights of its keys.
    pub inv_closes_flights: bool,
    /// R4: an answer without a grant is for those who waited before it was asked for.
    pub plain_answers_first_only: bool,
    /// R5: who has no lease joins no flight.
    pub lease_closes_flights: bool,
    /// R6: a grant older than what is known of the key is not installed.
    pub newest_only: bool,
    /// R7: a hint of an eviction names the grant it gives back.
    pub put_names_grant: bool,
    /// With R6 and R7: who gives a grant back lets nobody join older flights of the key,
    /// since the home does not tell it of writes any more.
    pub put_closes_flights: bool,
    /// R8: the home forgets a node when its lease is surely over.
    pub forget_after_lease: bool,
    /// R9: a request for a session that is older than one seen counts no more.
    pub nonces_grow: bool,
    /// R10: an invalidation of a session that is not known yet is not acknowledged.
    pub unknown_unacknowledged: bool,
    /// R11: a new home opens when the leases of older ones are over.
    pub older_leases_over: bool,
    /// R12: a home serves and grants while a quorum stands by it.
    pub under_quorum: bool,
    /// R13: an update is not readable before its write is open.
    pub update_hidden: bool,
    /// R14: who has an update that is not open is told of the next write.
    pub updates_targeted: bool,
    /// R15: what touches the same key opens in the order of the log.
    pub open_in_order: bool,
    /// R15, for what only reads a key as well: a transaction may have written others.
    pub reads_in_order: bool,
    /// R17: a copy is called the same only if its version is that of the key.
    pub versions_compared: bool,
    /// R18: what is called the same is what the node had when it asked.
    pub same_as_asked: bool,
    /// R19: who wants no lease to be trusted waits for what was asked when it had come.
    pub careful_ask_anew: bool,
    /// R20: what was sent before its write was applied is confirmed only if it was written.
    pub sent_compared: bool,
    /// R21: who reads the whole shard is told of every write, which waits for it.
    pub followers_targeted: bool,
    /// R22: a replica shows nothing of a key from when its node is told of a write until
    /// that is open.
    pub touched_hidden: bool,
    /// R23: nor before the replica has carried it out.
    pub behind_hidden: bool,
    /// R24: a replica that has carried out what its node was not told of shows nothing.
    pub untold_hidden: bool,
    /// R25: who begins to read the whole shard is told of the writes that are not open.
    pub pending_told: bool,
    /// R26: a replica shows nothing before it has carried out what was open when its node
    /// began.
    pub from_the_beginning: bool,
    /// R27: a node counts as told of what came before a message only if it knows of all of
    /// it that is not open.
    pub all_before_known: bool,
    /// R28: a new home shows nothing before it opens that may have been written and not
    /// been open.
    pub limbo_hidden: bool,
    /// R29: what may not have been open is known from a session with the last home only.
    pub limbo_of_last: bool,
    /// R31: who left for good is given no more time from when the shard is told so.
    pub departed_dismissed: bool,
    /// R32: what an entry turns out to have written waits for who has that, too.
    pub besides_called_back: bool,
    /// R33: what a node has of a session that is over is attested only if nothing that
    /// writes the key is on its way: who writes it knows nothing of the node.
    pub attested_unwritten: bool,
    /// R34: nobody is shown a key that is lent, nor writes it, before it is called back.
    pub lent_called_back: bool,
    /// R35: who is called back acknowledges when what it wrote is in the log.
    pub lent_flushed_first: bool,
    /// R36: what was written to a key counts while it is lent, and no longer.
    pub flush_of_loan: bool,
    /// R37: a key stays lent while what was written to it is on its way into the log.
    pub flush_keeps_loan: bool,
    /// R38: a key that is lent is written under the lease of its session.
    pub lent_under_lease: bool,
}

impl Rules {
    /// All of them.
    pub const ALL: Rules = Rules {
        open_after_acks: true,
        unopened_is_hidden: true,
        inv_closes_flights: true,
        plain_answers_first_only: true,
        lease_closes_flights: true,
        newest_only: true,
        put_names_grant: true,
        put_closes_flights: true,
        forget_after_lease: true,
        nonces_grow: true,
        unknown_unacknowledged: true,
        older_leases_over: true,
        under_quorum: true,
        update_hidden: true,
        updates_targeted: true,
        open_in_order: true,
        reads_in_order: true,
        versions_compared: true,
        same_as_asked: true,
        careful_ask_anew: true,
        sent_compared: true,
        followers_targeted: true,
        touched_hidden: true,
        behind_hidden: true,
        untold_hidden: true,
        pending_told: true,
        from_the_beginning: true,
        all_before_known: true,
        limbo_hidden: true,
        limbo_of_last: true,
        departed_dismissed: true,
        besides_called_back: true,
        attested_unwritten: true,
        lent_called_back: true,
        lent_flushed_first: true,
        flush_of_loan: true,
        flush_keeps_loan: true,
        lent_under_lease: true,
    };
}

impl Default for Rules {
    fn default() -> Self {
        Rules::ALL
    }
}
