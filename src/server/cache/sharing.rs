//! The node's half: hits, misses, and what homes tell.

use std::cell::Cell;
use std::sync::atomic::Ordering::Relaxed;

use lockstep_cache::{
    Answer, At, Care, Content, Evicted, Name, Named, Reader, SharerOut, State, Store, Time, ToHome,
    ToNode, hit,
};
use lockstep_core::{NodeId, Op, ShardId};
use tokio::sync::oneshot;

use super::counts::{add, count};
use super::hot::Hot;
use super::post::Post;
use super::seat::Seat;
use super::{Cache, clock};

/// What comes of looking for a copy.
pub(crate) enum Reading {
    /// What the key holds.
    Content(Content),
    /// The answer comes here.
    Later(oneshot::Receiver<Answer>),
    /// The leader of the shard has to be asked for the value.
    Elsewhere,
}

/// What is asked of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// GET.
    Value,
    /// GETRANGE.
    Range(i64, i64),
    /// STRLEN.
    Length,
    /// EXISTS.
    Exists,
    /// TTL or PTTL, which a copy answers for keys without a deadline.
    Life,
}

impl Cache {
    /// What a key holds, if this node has a copy that is good. Takes no lock but that of
    /// a part of the lines.
    pub(crate) fn hit(&self, shard: ShardId, at: At<'_>) -> Option<Content> {
        let seat = self.seat_if_any(shard)?;
        if !seat.pass.is_known() || !self.leases() {
            return None;
        }
        let now = Cell::new(Time(0));
        let clock = || {
            now.set(clock::now());
            now.get()
        };
        let content = hit(&self.lines, &seat.pass, at, clock)?;
        seat.want(now.get());
        count(&self.counts.hit_local);
        if content.value.is_none() {
            count(&self.counts.nothing_local);
        }
        Some(content)
    }

    /// A client has used what a copy holds ([`Cache::hit`]); not one that only asked whether
    /// there is anything.
    pub(crate) fn used_copy(&self, shard: ShardId, at: At<'_>) {
        if let Some(seat) = self.seat_if_any(shard) {
            self.note_use(seat, at);
        }
    }

    /// The same where there is none that is good, or `care` trusts none: asks the home.
    pub(crate) fn read(&self, shard: ShardId, at: At<'_>, care: Care) -> Reading {
        if !self.is_on() {
            return Reading::Elsewhere;
        }
        let home = self.home_of(shard);
        let (Some(home), Some(seat)) = (home, self.seat(shard)) else { return Reading::Elsewhere };
        let now = clock::now();
        if seat.want(now) {
            self.bell.notify_one();
        }
        if home == self.me || self.skips.has(self.hash(at), now) {
            return Reading::Elsewhere;
        }
        let name = Name::of(at.db, at.key);
        match care {
            Care::Lease => self.count_miss(seat, &name, now),
            Care::Confirmed => count(&self.counts.validated),
        }
        let (send, receive) = oneshot::channel();
        let reader = Reader(self.last_reader.fetch_add(1, Relaxed) + 1);
        self.readers.insert(reader.0, send);
        let mut out = SharerOut::default();
        let found = {
            let mut sharer = seat.sharer.lock();
            // The session may come in front of the copy, which can be kept then.
            if self.leases()
                && sharer.until().is_none_or(|until| until <= now)
                && now.since(seat.asked()) >= self.terms.read().renew
            {
                seat.ask(now);
                sharer.renew(now, &mut out);
            }
            sharer.read(&self.lines, &name, (reader, care), clock::now, &mut out)
        };
        let asks =
            |message: &ToHome| matches!(message, ToHome::GetS { .. } | ToHome::Confirm { .. });
        let counter = match (&found, out.to_home.iter().any(asks)) {
            (Some(_), _) => None,
            (None, true) => Some(&self.counts.requests),
            (None, false) => Some(&self.counts.coalesced),
        };
        counter.into_iter().for_each(count);
        let mut post = Post::default();
        post.add(Some(home), shard, out);
        post.send(self);
        match found {
            Some(content) => {
                self.readers.remove(&reader.0);
                Reading::Content(content)
            }
            None => Reading::Later(receive),
        }
    }

    /// A client of this node reads or writes keys.
    pub(crate) fn used(&self, op: &Op<'_>) {
        if let Op::Key { op } = op {
            let count = if op.is_write() { Hot::write } else { Hot::read };
            op.key_names().for_each(|key| count(&self.hot, At { db: op.db(), key }));
        }
    }

    /// The home answered a reader of this node with a copy.
    pub(crate) fn fetched(&self, content: &Content) {
        self.answered.fetched(content.value.is_some());
    }

    /// How many reads copies answered: of keys that are there, and of others.
    pub(crate) fn keyspace(&self) -> [u64; 2] {
        self.answered.totals(&self.counts)
    }

    /// Counts them anew (CONFIG RESETSTAT).
    pub(crate) fn reset_keyspace(&self) {
        self.answered.reset(&self.counts);
    }

    /// The home gave no copy: nobody asks for one for a while.
    pub(crate) fn forwarded(&self, at: At<'_>) {
        count(&self.counts.forwarded);
        self.skips.add(self.hash(at), clock::now());
    }

    fn count_miss(&self, seat: &Seat, name: &Name, now: Time) {
        seat.use_of.count();
        let line = self.lines.look(name.at());
        let counter = match line.map(|(line, _)| line.state) {
            None => &self.counts.miss_cold,
            Some(State::Tag | State::Updated(_)) => &self.counts.miss_coherence,
            Some(State::Readable(_, content)) => match content.ends {
                Some(ends) if ends <= now => &self.counts.miss_cold,
                _ if seat.pass.is_known() => &self.counts.miss_lease,
                _ => &self.counts.miss_cold,
            },
        };
        count(counter);
    }

    /// Where the home of a shard is, as far as this node knows.
    pub(super) fn home_of(&self, shard: ShardId) -> Option<NodeId> {
        self.host.leader_of(shard)
    }

    /// What homes at a node tell.
    pub(super) fn told_by_home(&self, from: NodeId, messages: Vec<(ShardId, ToNode)>) {
        let now = clock::now();
        if self.traces.any() {
            self.trace_to_node("got", from, &messages);
        }
        let mut post = Post::default();
        for (shard, message) in messages {
            let Some(seat) = self.seat(shard) else { continue };
            let mut out = SharerOut::default();
            match &message {
                ToNode::Same { .. } => count(&self.counts.confirmed),
                ToNode::Attested { lines, .. } => add(&self.counts.reattested, lines.len()),
                _ => {}
            }
            {
                let mut sharer = seat.sharer.lock();
                let before = sharer.session();
                sharer.take(now, &self.lines, message, &mut out);
                if sharer.dirty() > 0 {
                    // More may have to be told at once.
                    self.bell.notify_one();
                }
                if sharer.session() != before && sharer.session().is_some() {
                    count(&self.counts.sessions);
                }
            }
            for message in &out.to_home {
                if let ToHome::Reattest { lines, .. } = message {
                    add(&self.counts.older, lines.len());
                }
            }
            // To whoever told, who may know better who leads than this node does.
            post.add(Some(from), shard, out);
        }
        post.send(self);
    }

    /// Drops copies, never data.
    pub(super) fn drop_line(&self, at: At<'_>) -> bool {
        let gone = self.lines.remove(at);
        let dropped = gone.is_some();
        self.tell_evicted(gone.into_iter().collect());
        dropped
    }

    /// Drops all copies; says how many there were.
    pub(super) fn drop_lines(&self) -> usize {
        let mut gone = Vec::new();
        self.lines.flush(None, &mut gone);
        let count = gone.len();
        self.tell_evicted(gone);
        count
    }

    pub(super) fn tell_evicted(&self, gone: Vec<Evicted>) {
        let mut post = Post::default();
        post.add(None, ShardId(0), SharerOut { evicted: gone, ..SharerOut::default() });
        post.send(self);
    }
}
