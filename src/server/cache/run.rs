//! Carries the cache on: sessions are renewed, leases end, messages come in.

use std::sync::{Arc, Weak};
use std::time::Duration;

use lockstep_cache::{Settings as Terms, SharerOut, Time};
use lockstep_core::NodeId;
use lockstep_raft::Served;
use lockstep_raft::runtime::lock;
use tokio::time::Instant;

use super::counts::count;
use super::frame::{self, Frame};
use super::post::Post;
use super::seat::WANTED_FOR;
use super::watch::Gates;
use super::{Cache, calls, clock, terms};
use crate::Node;
use crate::config::Setting;
use crate::exchange::{Listener, Topic};

/// How long it rests at most, and at least.
const REST_MAX: Duration = Duration::from_millis(100);
const REST_MIN: Duration = Duration::from_millis(1);
/// How long it rests while nobody has copies of anything.
const IDLE_REST: Duration = Duration::from_secs(1);
/// How often a home that waits for others asks them again.
const REVOKE_AGAIN: Duration = Duration::from_millis(20);

/// From now on the node takes part in the cache. Nothing of it runs on a node alone.
pub(crate) fn start(node: &Arc<Node>) {
    begin(&node.cache);
}

/// The same for a cache without a server around it.
pub(super) fn begin(cache: &Arc<Cache>) {
    if cache.alone {
        return;
    }
    cache.host.watch_entries(Arc::new(Gates::of(cache)));
    cache.exchange.listen(Topic::Cache, Others(Arc::downgrade(cache)));
    // Those that lead already have to ask first who may have copies.
    cache.host.groups().iter().for_each(lockstep_raft::Group::look_again);
    watch_settings(cache);
    tokio::spawn(run(Arc::downgrade(cache)));
}

/// Takes what other nodes say.
struct Others(Weak<Cache>);

impl Listener for Others {
    fn told(&self, from: NodeId, message: &[u8]) {
        let Some(cache) = self.0.upgrade() else { return };
        match frame::open(message) {
            Ok(Frame::ToHome(messages)) => cache.told_by_nodes(from, messages),
            Ok(Frame::ToNode(messages)) => cache.told_by_home(from, messages),
            // Of a newer version; whoever sent it goes on without an answer.
            Err(_) => count(&cache.counts.malformed),
        }
    }

    fn asked(&self, _: NodeId, request: &[u8]) -> Served {
        let reply = self.0.upgrade().map(|cache| calls::serve(&cache, request));
        Served::Now(reply.unwrap_or_default().into())
    }
}

fn watch_settings(cache: &Arc<Cache>) {
    let weak = Arc::downgrade(cache);
    cache.settings.watch(move |settings, setting| {
        let Some(cache) = weak.upgrade() else { return };
        match setting {
            Setting::CacheMaxEntries | Setting::CacheMaxBytes | Setting::CachePinnedMax => {
                let mut gone = Vec::new();
                cache.lines.set_limits(terms::limits(settings), &mut gone);
                cache.tell_evicted(gone);
            }
            Setting::CacheReadMode => {
                cache.drop_lines();
            }
            Setting::CacheDirectoryMax
            | Setting::CacheSlowSharerMs
            | Setting::CacheRefresh
            | Setting::CacheReplicaReads
            | Setting::CacheHotUpdate
            | Setting::CacheNegative => cache.look_at_terms(),
            Setting::CacheWriteMode
            | Setting::CacheWritebackPrefix
            | Setting::CacheWritebackDelay => {
                cache.look_at_back();
                cache.call_back_unless_on();
            }
            _ => {}
        }
    });
}

async fn run(cache: Weak<Cache>) {
    let mut nodes = 0;
    loop {
        let Some(cache) = cache.upgrade() else { return };
        let now = clock::now();
        let members = cache.host.map().nodes().count();
        if members != nodes {
            nodes = members;
            cache.look_at_terms();
        }
        cache.look_for_departed();
        let mut post = Post::default();
        let next = [
            cache.renew(now, &mut post),
            cache.pass_time(now, &mut post),
            cache.flush(now, &mut post),
        ];
        let rest = next.into_iter().flatten().map(|next| next.since(now)).min();
        post.send(&cache);
        let rest = rest.map_or(IDLE_REST, |rest| rest.clamp(REST_MIN, REST_MAX));
        let wake =
            Instant::now() + if cache.is_taking_over() { rest.min(REVOKE_AGAIN) } else { rest };
        tokio::select! {
            () = cache.bell.notified() => {}
            () = tokio::time::sleep_until(wake) => {}
        }
    }
}

impl Cache {
    /// Takes over what the settings say.
    pub(super) fn look_at_terms(&self) {
        let nodes = self.host.map().nodes().count();
        let terms = terms::terms(&self.settings, nodes, self.factor);
        let terms = Terms { rules: self.rules, ..terms };
        *self.terms.write() = terms;
        for seat in self.seats() {
            seat.sharer.lock().set(terms);
            if let Some(reign) = lock(&seat.home).as_mut() {
                reign.home.set(terms);
            }
        }
    }

    /// Asks for more time for the sessions whose copies were wanted lately, one frame for
    /// each node. Says when to ask again.
    fn renew(&self, now: Time, post: &mut Post) -> Option<Time> {
        let renew = self.terms.read().renew;
        let mut next = None;
        for seat in self.seats() {
            if seat.wanted().0 == 0 {
                continue;
            }
            let rests = seat.sharer.lock().dirty() > 0;
            let is_wanted = (now.since(seat.wanted()) <= WANTED_FOR || rests) && self.leases();
            let home = self.home_of(seat.shard).filter(|home| *home != self.me);
            let asks = is_wanted && home.is_some() && now.since(seat.asked()) >= renew;
            let mut out = SharerOut::default();
            {
                let mut sharer = seat.sharer.lock();
                // Also of those that were asked for before copies were turned off.
                sharer.give_up_late(now, &mut out);
                let follows = is_wanted && home.is_some() && self.reads_replica(seat, now);
                sharer.follow(follows, &mut out);
                if asks {
                    seat.ask(now);
                    sharer.renew(now, &mut out);
                }
            }
            post.add(home, seat.shard, out);
            if asks {
                self.tell_that_it_borrows(seat, home);
            }
            self.tell_uses(seat, home, now);
            let again = is_wanted.then(|| seat.asked().after(renew));
            next = next.into_iter().chain(again).min();
        }
        next
    }

    fn is_taking_over(&self) -> bool {
        self.seats().any(|seat| {
            lock(&seat.home).as_ref().is_some_and(|reign| reign.home.remembers_takeover())
        })
    }
}
