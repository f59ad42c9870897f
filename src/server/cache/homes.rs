//! The home's half, where this node leads.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use lockstep_cache::{
    At, Epoch, Home, HomeOut, Look, Name, Payload, Replica, Takeover, Time, ToHome, Wrote,
};
use lockstep_core::keys::Peek;
use lockstep_core::{NodeId, ShardId};
use lockstep_raft::runtime::lock;
use lockstep_raft::{Group, Reign as Led};

use super::counts::count;
use super::post::Post;
use super::seat::{Reign, Seat};
use super::uses::were_used;
use super::{Cache, clock};
use crate::config::Setting;

/// Stands for nodes that this one does not know of.
const UNKNOWN: NodeId = NodeId(u64::MAX);

impl Cache {
    /// What nodes tell the homes here.
    pub(super) fn told_by_nodes(&self, from: NodeId, messages: Vec<(ShardId, ToHome)>) {
        if self.traces.any() {
            self.trace_to_home("got", from, &messages);
        }
        let mut post = Post::default();
        for (shard, message) in messages {
            let taken = self.seat(shard).is_some_and(|seat| {
                let mut home = lock(&seat.home);
                let Some(reign) = home.as_mut() else { return false };
                self.take(seat, reign, from, &message, &mut post);
                true
            });
            if !taken {
                not_the_home(from, shard, &message, &mut post);
            }
        }
        post.send(self);
    }

    fn take(
        &self,
        seat: &Seat,
        reign: &mut Reign,
        from: NodeId,
        message: &ToHome,
        post: &mut Post,
    ) {
        if let ToHome::Used { names } = message {
            return were_used(&reign.group, names);
        }
        let renews = matches!(message, ToHome::Renew { .. });
        let follows = matches!(message, ToHome::Follow { on: true, .. });
        let attests = matches!(message, ToHome::Reattest { .. });
        let wants = renews || follows || attests || flight(message).is_some();
        let gives = if renews || follows || attests { self.leases() } else { self.is_on() };
        let is_known = || self.host.map().nodes().any(|node| node.id == from);
        // Whom the next home does not know it does not wait for.
        if wants && !(gives && is_known()) {
            return not_the_home(from, seat.shard, message, post);
        }
        if renews {
            seat.is_shared.store(true, SeqCst);
            reign.shared = clock::now();
            reign.watched |= reign.group.begin_watch();
            if !reign.watched {
                // An entry is on its way that nobody was told of: next time.
                return;
            }
            // Behind that: of what comes later the home is told.
            if reign.group.has_left(from) {
                return;
            }
        }
        let group = reign.group.clone();
        let message = message.clone();
        if renews || follows {
            reign.home.reached(group.state().seq());
        }
        self.act(seat, reign, post, |home, now, out| {
            home.take(now, from, message, &mut |name| self.look(&group, name), out);
        });
    }

    /// Lets the home do something, and does what it wants done.
    pub(super) fn act(
        &self,
        seat: &Seat,
        reign: &mut Reign,
        post: &mut Post,
        happens: impl FnOnce(&mut Home, Time, &mut HomeOut),
    ) {
        let mut out = HomeOut::default();
        if let Some(since) = reign.group.quorum_since() {
            reign.home.stands(clock::time_of(since));
        }
        let now = clock::now();
        let was_open = reign.home.is_open(now);
        happens(&mut reign.home, now, &mut out);
        let is_open = reign.home.is_open(now);
        if !was_open && is_open {
            reign.group.look_again();
        }
        if is_open {
            reign.inherited.drain(..).for_each(|deliver| post.deliver(deliver));
        }
        let mut writers = Vec::new();
        for opened in std::mem::take(&mut out.opened) {
            let number = reign.number(opened.gate);
            if let Some((deliver, since)) = reign.delivers.remove(&number) {
                let held = u64::try_from(now.since(since).as_micros()).unwrap_or(u64::MAX);
                self.counts.held_us.fetch_add(held, Relaxed);
                post.deliver(deliver);
            }
            writers.extend(opened.writers);
        }
        let lends = |wrote: &Wrote| wrote.plain && self.back.covers(&wrote.name.key);
        let (lent, kept): (Vec<_>, Vec<_>) = writers.into_iter().partition(lends);
        for wrote in &kept {
            self.give(seat, reign, now, wrote, Home::push, &mut out);
        }
        while let Some(asked) = out.retry.pop() {
            let group = reign.group.clone();
            reign.home.get(now, asked, &mut |name| self.look(&group, name), &mut out);
        }
        // Behind them: what others wait for is lent to nobody.
        for wrote in &lent {
            self.give(seat, reign, now, wrote, Home::lend, &mut out);
        }
        self.tell_lent(reign);
        reign.probes += out.probes;
        reign.pushes += out.pushes;
        self.counts.probes.fetch_add(out.probes, Relaxed);
        self.counts.pushes.fetch_add(out.pushes, Relaxed);
        self.counts.callbacks.fetch_add(out.callbacks, Relaxed);
        self.counts.flushes.fetch_add(out.flushes, Relaxed);
        for (node, message) in &out.messages {
            post.tell_node(*node, seat.shard, message);
        }
    }

    /// Gives who wrote a key the copy that it wants to keep, by [`Home::push`] or
    /// [`Home::lend`].
    fn give(
        &self,
        seat: &Seat,
        reign: &mut Reign,
        now: Time,
        Wrote { node, name, .. }: &Wrote,
        give: fn(&mut Home, Time, NodeId, &Name, &Payload, &mut HomeOut),
        out: &mut HomeOut,
    ) {
        if *node == self.me && !reign.home.counts_itself(name) {
            return;
        }
        let Some(payload) = self.look(&reign.group, name).payload else { return };
        if payload.value.is_some() {
            give(&mut reign.home, now, *node, name, &payload, out);
            if *node == self.me {
                seat.noted.add(self.hash_of(name));
            }
        }
    }

    /// What the state says of a key. Nothing, if this node may not answer (any more).
    pub(super) fn look(&self, group: &Group, name: &Name) -> Look {
        let bytes_max = self.settings.size(Setting::CacheMaxValue);
        let now_ms = group.now_ms();
        let (peek, seq, clock_ms) = {
            let state = group.state();
            let peek = state.peek(now_ms, name.db, &name.key, bytes_max);
            (peek, state.seq(), state.clock_ms())
        };
        let payload = match peek {
            Some(Peek::Nothing) => Some(Payload { value: None, version: 0, left: None }),
            Some(Peek::Str { value, version, deadline_ms }) => {
                let now_ms = now_ms.max(clock_ms);
                // The millisecond that has begun may be over already.
                let left =
                    |deadline: u64| deadline.saturating_sub(now_ms + 1).saturating_mul(1_000_000);
                let left = deadline_ms.map(left);
                Some(Payload { value: Some(value.into()), version, left })
            }
            Some(Peek::Other) | None => None,
        };
        // Behind the look: the lease may have ended since it was looked at.
        Look { payload: payload.filter(|_| group.leads()), seq }
    }

    /// A client of this node read a key here, where it leads: if others may have copies,
    /// the home counts as one of those who have it.
    pub(crate) fn read_here(&self, shard: ShardId, at: At<'_>) {
        let Some(seat) = self.seat_if_any(shard) else { return };
        if !seat.is_shared.load(Relaxed) {
            return;
        }
        count(&self.counts.hit_home);
        let hash = self.hash(at);
        if seat.noted.has(hash) {
            return;
        }
        let mut post = Post::default();
        {
            let mut home = lock(&seat.home);
            let Some(reign) = home.as_mut() else { return };
            let name = Name::of(at.db, at.key);
            seat.noted.add(hash);
            if !reign.home.counts_itself(&name) {
                return;
            }
            let Some(payload) = self.look(&reign.group, &name).payload else { return };
            self.act(seat, reign, &mut post, |home, now, out| {
                home.read_here(now, &name, &payload, out);
            });
        }
        post.send(self);
    }

    /// This node leads a shard: whether its home's half is open, and else until when not
    /// at the latest.
    pub(super) fn leads(&self, group: &Group, led: Led) -> Option<Time> {
        let seat = self.seat(group.id())?;
        let mut post = Post::default();
        let closed_until = {
            let mut home = lock(&seat.home);
            if home.as_ref().is_none_or(|reign| reign.term != led.term) {
                let serial = seat.serial.fetch_add(1, Relaxed) + 1;
                let inherited = home.take().map(Reign::left_over).unwrap_or_default();
                let mut reign = Reign { inherited, ..self.reign(group, led, serial) };
                let limbo = led.before.and_then(|before| seat.sharer.lock().limbo(before.term));
                reign.home.inherits(limbo);
                super::back::begins(&reign);
                *home = Some(reign);
                seat.noted.clear();
                seat.is_shared.store(false, SeqCst);
            }
            let reign = home.as_mut()?;
            seat.resign(reign.home.epoch());
            self.act(seat, reign, &mut post, |home, now, out| {
                home.revoke(out);
                home.pass_time(now, out);
            });
            reign.home.opens_at(clock::now())
        };
        post.send(self);
        self.bell.notify_one();
        closed_until
    }

    fn reign(&self, group: &Group, led: Led, serial: u64) -> Reign {
        let now = clock::now();
        let since = clock::time_of(led.since);
        let terms = *self.terms.read();
        let epoch = Epoch { term: led.term, incarnation: self.boot };
        let missing = self.who_may_have_copies(group, led.before.map(|before| before.node));
        let until = since.after(terms.wait_out());
        let takeover = Takeover { not_before: now, until, missing };
        Reign {
            // Nothing was sent in this term yet that a quorum could have acknowledged.
            home: Home::new(self.me, epoch, Time(0), Some(takeover), terms),
            group: group.clone(),
            term: led.term,
            serial,
            delivers: Default::default(),
            inherited: Vec::new(),
            watched: false,
            shared: now,
            probes: 0,
            pushes: 0,
            lends: 0,
        }
    }

    /// Everybody but this node, and the one that led last: that one ended its session
    /// before it asked for votes, and there was no home since that could have given it
    /// another.
    fn who_may_have_copies(&self, group: &Group, before: Option<NodeId>) -> BTreeSet<NodeId> {
        let map = self.host.map();
        let mut nodes: BTreeSet<NodeId> = map.nodes().map(|node| node.id).collect();
        // Those that were removed by force may still run.
        nodes.extend(map.removed_nodes());
        if map.id().is_none() {
            nodes.insert(UNKNOWN);
        }
        let standing = group.watch();
        let standing = standing.borrow();
        nodes.extend(standing.voters.iter().chain(&standing.learners));
        nodes.retain(|node| *node != self.me && Some(*node) != before);
        nodes.retain(|node| !self.has_departed(group.id(), *node));
        nodes
    }

    /// Whether what a state of a shard says of these keys may be told.
    pub(super) fn shows(&self, shard: ShardId, names: &[Name], seq: u64) -> bool {
        let Some(seat) = self.seat_if_any(shard) else { return true };
        let mut home = lock(&seat.home);
        let Some(reign) = home.as_mut() else { return true };
        if let Some(since) = reign.group.quorum_since() {
            reign.home.stands(clock::time_of(since));
        }
        let now = clock::now();
        let shows = names.iter().all(|name| reign.home.shows(now, name, seq));
        if !shows {
            count(&self.counts.hidden);
        }
        shows
    }

    /// The same of the home here before it serves.
    pub(super) fn shows_early<'a>(
        &self,
        shard: ShardId,
        quorum: Time,
        replica: Replica,
        names: impl Iterator<Item = At<'a>>,
    ) -> bool {
        let Some(seat) = self.seat_if_any(shard) else { return false };
        let home = lock(&seat.home);
        let shows = home
            .as_ref()
            .is_some_and(|reign| reign.home.shows_early(clock::now(), quorum, replica, names));
        if shows {
            count(&self.counts.early);
        }
        shows
    }

    /// Time goes by at the homes here. Says when to look again.
    pub(super) fn pass_time(&self, now: Time, post: &mut Post) -> Option<Time> {
        let mut next: Option<Time> = None;
        for seat in self.seats() {
            let mut home = lock(&seat.home);
            // The replica may have been moved away; what it held goes with it.
            if home.as_ref().is_some_and(|reign| reign.group.has_stopped()) {
                *home = None;
            }
            let Some(reign) = home.as_mut() else { continue };
            let closed = reign.home.remembers_takeover();
            if closed || reign.home.next_time().is_some_and(|due| due <= now) {
                self.act(seat, reign, post, |home, now, out| {
                    home.revoke(out);
                    home.pass_time(now, out);
                });
            }
            self.rest(seat, reign, now);
            next = next.into_iter().chain(reign.home.next_time()).min();
        }
        next
    }

    /// Where nobody has had copies for a while, nobody need be told of entries.
    fn rest(&self, seat: &Seat, reign: &mut Reign, now: Time) {
        if reign.home.sessions().next().is_some() {
            reign.shared = now;
        } else if reign.watched
            && now.since(reign.shared) > self.terms.read().lease * 4
            && reign.home.remembers().1 == 0
            && reign.home.lent() == 0
        {
            reign.watched = false;
            reign.group.end_watch();
            reign.home.rests();
            seat.is_shared.store(false, SeqCst);
            seat.noted.clear();
        }
    }

    /// What the home of a shard says, if it is here.
    pub(super) fn with_home<T>(&self, shard: ShardId, look: impl FnOnce(&Reign) -> T) -> Option<T> {
        let seat = self.seat_if_any(shard)?;
        let home = lock(&seat.home);
        home.as_ref().filter(|reign| reign.group.leads()).map(look)
    }
}

/// Where this node is no home, whoever asks for a copy need not wait.
fn not_the_home(from: NodeId, shard: ShardId, message: &ToHome, post: &mut Post) {
    if let Some(flight) = flight(message) {
        post.tell_node(from, shard, &lockstep_cache::ToNode::Refused { flight });
    }
}

/// Under which number a node waits for a copy.
fn flight(message: &ToHome) -> Option<u64> {
    match message {
        ToHome::GetS { flight, .. } | ToHome::Confirm { flight, .. } => Some(*flight),
        _ => None,
    }
}
