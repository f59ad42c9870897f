//! Keeps what entries gave until it may be known: the group's view of the cache.

use std::sync::{Arc, Weak};
use std::time::Duration;

use lockstep_cache::{At, Epoch, HotUpdate, Name, Proposal, Replica};
use lockstep_core::{Op, ShardId};
use lockstep_raft::runtime::lock;
use lockstep_raft::{Come, Deliver, Entry, Gate, Group, Proposed, Reign, Watcher, Written};
use tokio::time::Instant;

use super::counts::count;
use super::post::Post;
use super::seat::{Reign as Reigning, Seat};
use super::touched::Touched;
use super::{Cache, clock, touched};
use crate::config::Setting;

/// Keeps what entries gave until it may be known.
pub(super) struct Gates(Weak<Cache>);

impl Gates {
    pub(super) fn of(cache: &Arc<Cache>) -> Self {
        Gates(Arc::downgrade(cache))
    }
}

impl std::fmt::Debug for Gates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gates")
    }
}

impl Watcher for Gates {
    fn proposed(&self, shard: ShardId, entry: &Entry<'_>) -> Proposed {
        let Some(cache) = self.0.upgrade() else { return Proposed::Open };
        // Before the home is locked: a grant looks at the state under its lock.
        let touched = touched::of(entry, cache.update_bytes_max());
        cache.proposed(shard, touched)
    }

    fn ahead(&self, shard: ShardId, write: &mut dyn FnMut(&Op<'_>)) -> Option<Gate> {
        self.0.upgrade()?.ahead(shard, write)
    }

    fn yields(&self, shard: ShardId) {
        if let Some(cache) = self.0.upgrade() {
            cache.yields(shard);
        }
    }

    fn applied(&self, shard: ShardId, gate: u64, written: Option<Written>, deliver: Deliver) {
        if let Some(cache) = self.0.upgrade() {
            let names = written.as_ref().and_then(touched::names_of);
            cache.applied(shard, gate, names, Some(deliver));
        }
    }

    fn dropped(&self, shard: ShardId, gate: u64) {
        if let Some(cache) = self.0.upgrade() {
            cache.failed(shard, gate);
            cache.applied(shard, gate, Some(Vec::new()), None);
        }
    }

    fn shows(&self, shard: ShardId, op: &Op<'_>, seq: u64) -> bool {
        let Some(cache) = self.0.upgrade() else { return false };
        let Some(names) = touched::names_read(op) else { return false };
        cache.shows(shard, &names, seq)
    }

    fn shows_early(&self, shard: ShardId, op: &Op<'_>, come: Come, quorum: Instant) -> bool {
        let Some(cache) = self.0.upgrade() else { return false };
        let Op::Key { op } = op else { return false };
        let replica = Replica { seq: come.seq, begun: come.touched_at };
        let names = op.key_names().map(|key| At { db: op.db(), key });
        cache.shows_early(shard, clock::time_of(quorum), replica, names)
    }

    fn leads(&self, group: &Group, reign: Reign) -> Option<Instant> {
        let cache = self.0.upgrade()?;
        cache.leads(group, reign).map(clock::instant_of)
    }

    fn grace(&self) -> Duration {
        self.0.upgrade().map_or(Duration::ZERO, |cache| cache.terms.read().wait_out())
    }

    fn campaigns(&self, shard: ShardId, term: u64) {
        let Some(cache) = self.0.upgrade() else { return };
        if let Some(seat) = cache.seat(shard) {
            seat.resign(Epoch { term, incarnation: 0 });
        }
    }
}

impl Cache {
    /// Up to which size values are sent before their writes are open, if any are.
    fn update_bytes_max(&self) -> Option<usize> {
        let sends = self.terms.read().hot_update != HotUpdate::No;
        sends.then(|| self.settings.size(Setting::CacheMaxValue))
    }

    fn proposed(&self, shard: ShardId, touched: Touched) -> Proposed {
        let Some(seat) = self.seat_if_any(shard) else { return Proposed::Open };
        let mut post = Post::default();
        let gate = {
            let mut home = lock(&seat.home);
            let Some(reign) = home.as_mut() else { return Proposed::Open };
            if self.must_wait(seat, reign, &touched, &mut post) {
                drop(home);
                post.send(self);
                return Proposed::Later;
            }
            touched.departed.iter().for_each(|node| reign.home.dismiss(*node));
            let counts = touched.counts && reign.home.is_followed();
            if touched.is_nothing() && !counts && reign.home.remembers().1 == 0 {
                return Proposed::Open;
            }
            if touched.all || touched.any {
                seat.noted.clear();
            }
            for name in &touched.written {
                seat.noted.remove(self.hash_of(name));
                let probes = reign.home.shared_by(name);
                if probes > 0 {
                    self.hot.probes.add(name.clone(), probes as u64);
                }
            }
            let Touched {
                written,
                read,
                all,
                any,
                in_order,
                writers,
                value,
                after,
                counts,
                moves,
                departed: _,
                anywhere: _,
            } = touched;
            let proposal = Proposal {
                written,
                read,
                all,
                any,
                in_order,
                after,
                writers,
                value,
                counts,
                moves,
            };
            let mut gate = None;
            self.act(seat, reign, &mut post, |home, now, out| {
                gate = Some(home.proposed(now, proposal, out));
            });
            let Some(gate) = gate else { return Proposed::Open };
            let hides = !reign.home.opens_at_once(gate);
            if hides {
                count(&self.counts.gates);
            }
            let names = reign.home.asks_for_names(gate);
            Gate { number: reign.number(gate), hides, names }
        };
        post.send(self);
        Proposed::Gated(gate)
    }

    /// Whether an entry touches keys that are lent. They are called back.
    fn must_wait(
        &self,
        seat: &Seat,
        reign: &mut Reigning,
        touched: &Touched,
        post: &mut Post,
    ) -> bool {
        if reign.home.lent() == 0 {
            return false;
        }
        let names: Vec<&Name> = touched.written.iter().chain(&touched.read).collect();
        let any = touched.all || touched.any || touched.anywhere;
        let mut waits = false;
        self.act(seat, reign, post, |home, now, out| {
            waits = home.must_wait(now, (!any).then_some(&names[..]), out);
        });
        // What opened meanwhile may have had one of them lent.
        waits || names.iter().any(|name| reign.home.is_lent(name)) || any && reign.home.lent() > 0
    }

    /// An entry will never be applied.
    fn failed(&self, shard: ShardId, number: u64) {
        let Some(seat) = self.seat_if_any(shard) else { return };
        let mut post = Post::default();
        if let Some(reign) = lock(&seat.home).as_mut()
            && let Some(gate) = reign.gate(number)
        {
            self.act(seat, reign, &mut post, |home, _, out| home.failed(gate, out));
        }
        post.send(self);
    }

    /// `names`: what it wrote, where that was not known; none: any key.
    fn applied(
        &self,
        shard: ShardId,
        number: u64,
        names: Option<Vec<Name>>,
        deliver: Option<Deliver>,
    ) {
        let Some(seat) = self.seat_if_any(shard) else { return };
        let mut post = Post::default();
        {
            let mut home = lock(&seat.home);
            // Of a reign that is over: who leads now says what became of it.
            let Some(reign) = home.as_mut() else { return };
            let Some(gate) = reign.gate(number) else { return };
            reign.home.reached(reign.group.state().seq());
            if let Some(name) = reign.home.sent_beforehand(gate).cloned() {
                let found = self.look(&reign.group, &name).payload;
                reign.home.wrote(gate, found);
            }
            if reign.home.asks_for_names(gate) {
                let written = names.iter().flatten();
                written.for_each(|name| seat.noted.remove(self.hash_of(name)));
            }
            if let Some(deliver) = deliver {
                reign.delivers.insert(number, (deliver, clock::now()));
            }
            self.act(seat, reign, &mut post, |home, now, out| {
                home.wrote_besides(gate, names, out);
                home.applied(now, gate, out);
            });
        }
        post.send(self);
    }
}
