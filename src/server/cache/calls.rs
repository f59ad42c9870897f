//! CACHE: what a node is asked about its copies, by clients and by other nodes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use lockstep_cache::{Answer, At, Name, Named, Store, TooManyPins};
use lockstep_commands::here::{CacheCall, CacheMode, Lines};
use lockstep_commands::{BadArgs, Reply, error};
use lockstep_core::wire::Wire;
use lockstep_core::{Db, NodeId, Op, Outcome, ShardId, glob, keys, wire_enum};
use lockstep_raft::runtime::lock;

use super::hot::Top;
use super::{Cache, Reading, clock, shown};
use crate::exchange::Topic;
use crate::{Node, cluster};

/// How long another node is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many lines CACHE LINES shows if nobody says.
const LINES_SHOWN: u64 = 1_000;

wire_enum! {
    /// What a node asks another one about its copies.
    #[derive(Clone, Debug, PartialEq)]
    pub enum Request<'a> {
        /// What it has of these keys, and what their homes there know.
        1 => State {
            /// Databases and keys, and the shards these are in.
            keys: Vec<(Db, &'a [u8])>,
            /// In the same order.
            shards: Vec<ShardId>,
        },
        /// What it has counted.
        2 => Stats {
            /// It begins anew.
            reset: bool,
        },
        /// What it keeps.
        3 => Lines {
            /// Those whose names fit.
            pattern: Option<&'a [u8]>,
            /// Those in this state; 0: in any.
            state: u8,
            /// At most so many.
            count: u64,
        },
        /// It drops copies: of this key, or all.
        4 => Drop {
            /// The key.
            key: Option<(Db, &'a [u8])>,
        },
        /// What it has sessions for, and who has some with the homes there.
        5 => Sessions {},
        /// Which keys it counted most often.
        6 => Hot {},
    }
}

/// What another node is answered.
pub(super) fn serve(cache: &Cache, mut request: &[u8]) -> Vec<u8> {
    let mut reply = Vec::new();
    if let Ok(request) = Request::take(&mut request) {
        cache.answer(&request).put(&mut reply);
    }
    reply
}

/// Answers CACHE.
pub(crate) fn carry_out(
    node: &Arc<Node>,
    call: CacheCall<'_>,
) -> Pin<Box<dyn Future<Output = Reply> + Send>> {
    match begin(node, call) {
        Ok(reply) => reply,
        Err(bad) => Box::pin(std::future::ready(Reply::Error(bad))),
    }
}

type Later = Pin<Box<dyn Future<Output = Reply> + Send>>;

fn begin(node: &Arc<Node>, call: CacheCall<'_>) -> Result<Later, BadArgs> {
    let cache = node.cache.clone();
    let now = |reply: Reply| -> Later { Box::pin(std::future::ready(reply)) };
    Ok(match call {
        CacheCall::State { db, keys } => {
            let shards: Vec<ShardId> =
                keys.iter().map(|key| shard_of(node, db, key)).collect::<Result<_, _>>()?;
            let asked = keys.iter().map(|key| (db, *key)).collect();
            let all = cache.ask_all(&Request::State { keys: asked, shards: shards.clone() });
            let keys: Vec<Vec<u8>> = keys.into_iter().map(<[u8]>::to_vec).collect();
            let homes: Vec<_> = shards.iter().map(|shard| cache.home_of(*shard)).collect();
            Box::pin(async move {
                let told = all.await;
                let each = keys.iter().zip(shards).zip(homes).enumerate();
                let each = each
                    .map(|(at, ((key, shard), home))| shown::state(key, shard, home, at, &told));
                Reply::Array(each.collect())
            })
        }
        CacheCall::Stats { node: named, reset } => {
            let asked = cache.ask_one(find(node, named)?, &Request::Stats { reset });
            Box::pin(async move { asked.await.map_or(UNREACHED, shown::pairs) })
        }
        CacheCall::Nodes => {
            let all = cache.ask_all(&Request::Sessions {});
            Box::pin(async move { shown::nodes(all.await) })
        }
        CacheCall::Lines(Lines { node: named, pattern, state, count }) => {
            let count = count.unwrap_or(LINES_SHOWN);
            let request = Request::Lines { pattern, state: state.unwrap_or(0), count };
            let asked = cache.ask_one(find(node, named)?, &request);
            Box::pin(async move { asked.await.map_or(UNREACHED, shown::lines) })
        }
        CacheCall::Directory { shard } => now(shown::directory(&cache, shard.map(ShardId))),
        CacheCall::Explain { writes, db, key } => {
            let shard = shard_of(node, db, key)?;
            let request = Request::State { keys: vec![(db, key)], shards: vec![shard] };
            let all = cache.ask_all(&request);
            Box::pin(async move {
                let me = cache.me;
                shown::explain(writes, me, cache.home_of(shard), cache.is_on(), &all.await)
            })
        }
        CacheCall::Evict { db, key } => {
            let all = cache.ask_all(&Request::Drop { key: Some((db, key)) });
            Box::pin(async move { shown::sum(all.await) })
        }
        CacheCall::Flush { node: named } => {
            let request = Request::Drop { key: None };
            match named {
                None => {
                    let all = cache.ask_all(&request);
                    Box::pin(async move { shown::sum(all.await) })
                }
                named => {
                    let of = find(node, named)?;
                    let asked = cache.ask_one(of, &request);
                    Box::pin(async move {
                        asked.await.map_or(UNREACHED, |count| shown::sum(vec![(of, count)]))
                    })
                }
            }
        }
        CacheCall::Warm { db, keys } => {
            let keys = at_home(node, db, keys)?;
            Box::pin(async move { cache.warm(db, keys).await })
        }
        CacheCall::Pin { db, keys } => {
            let keys = at_home(node, db, keys)?;
            if cache.care(CacheMode::Strict).is_none() {
                return Ok(now(Reply::Int(0)));
            }
            let names: Vec<Name> = keys.iter().map(|(_, key)| Name::of(db, key)).collect();
            let pinned = cache.lines.pin(&names).map_err(|TooManyPins| error::TOO_MANY_PINS)?;
            Box::pin(async move {
                cache.warm(db, keys).await;
                Reply::Int(i64::try_from(pinned).unwrap_or(i64::MAX))
            })
        }
        CacheCall::Unpin { db, keys } => {
            let names: Vec<Name> = keys.iter().map(|key| Name::of(db, key)).collect();
            now(Reply::Int(cache.lines.unpin(&names) as i64))
        }
        CacheCall::HotKeys { count } => {
            let all = cache.ask_all(&Request::Hot {});
            Box::pin(async move { shown::hot(&all.await, count) })
        }
        CacheCall::Trace { .. } => unreachable!("the connection's own: answered where it is"),
    })
}

const UNREACHED: Reply = Reply::Nil;

fn shard_of(node: &Node, db: Db, key: &[u8]) -> Result<ShardId, BadArgs> {
    if node.shards.count() == 0 {
        return Err(node.shards.forming());
    }
    let op = Op::Key { op: keys::Op::Get { db, key } };
    Ok(cluster::shard_of(node, &op).unwrap_or(crate::shards::Shards::KEY_SPACE))
}

/// The keys, and the shards they are in.
fn at_home(node: &Node, db: Db, keys: Vec<&[u8]>) -> Result<Vec<(ShardId, Vec<u8>)>, BadArgs> {
    let place = |key: &[u8]| Ok((shard_of(node, db, key)?, key.to_vec()));
    keys.into_iter().map(place).collect()
}

fn find(node: &Node, named: Option<&[u8]>) -> Result<NodeId, BadArgs> {
    let Some(id) = named else { return Ok(node.identity.node_id) };
    let map = node.shards.host().map();
    let known = map.nodes().map(|node| node.id).chain([node.identity.node_id]);
    let mut known: Vec<NodeId> = known.collect();
    known.sort_unstable();
    known.dedup();
    cluster::names::find(known.into_iter(), id)
}

impl Cache {
    /// What this node says.
    fn answer(&self, request: &Request<'_>) -> Outcome {
        match request {
            Request::State { keys, shards } => {
                let each = keys.iter().zip(shards);
                Outcome::List(each.map(|((db, key), shard)| self.state(*db, key, *shard)).collect())
            }
            Request::Stats { reset } => {
                let stats = self.stats();
                if *reset {
                    self.answered.keep(&self.counts);
                    self.counts.reset();
                    self.hot.reset();
                }
                stats
            }
            Request::Lines { pattern, state, count } => self.list(*pattern, *state, *count),
            Request::Drop { key: Some((db, key)) } => {
                Outcome::Int(self.drop_line(At { db: *db, key }).into())
            }
            Request::Drop { key: None } => Outcome::Int(self.drop_lines() as i64),
            Request::Sessions {} => self.sessions(),
            Request::Hot {} => self.hot_names(),
        }
    }

    /// `List[Bytes letter, Int left of the lease in ms, Int q, Int version, home, Int whether it
    /// holds what may not be in the log]`.
    fn state(&self, db: Db, key: &[u8], shard: ShardId) -> Outcome {
        let name = lockstep_cache::Name::of(db, key);
        let now = clock::now();
        if let Some(home) = self.with_home(shard, |reign| {
            let sharers = reign.home.sharers(&name);
            let mine = sharers.iter().find(|(node, _)| *node == self.me);
            let letter = mine.map_or('I', |(_, share)| share.label.letter());
            let version = match self.look(&reign.group, &name).payload {
                Some(payload) => payload.version,
                None => 0,
            };
            let told = reign.home.told_of(&name).filter(|node| *node != self.me).count();
            (letter, version, shown::home(reign, &name, told))
        }) {
            let (letter, version, about) = home;
            return shown::held(letter, 0, 0, version, about, false);
        }
        let seat = self.seat_if_any(shard);
        let (era, until, dirty) = seat.map_or((None, None, false), |seat| {
            let sharer = seat.sharer.lock();
            (Some(sharer.era()), sharer.until(), sharer.is_dirty(&name))
        });
        let left = until.map_or(0, |until| until.since(now).as_millis());
        let line = self.lines.look(name.at()).filter(|_| left > 0).map(|(line, _)| line);
        let mut letter = line.as_ref().zip(era).map_or('I', |(line, era)| line.letter(era));
        let mut version = line.as_ref().and_then(|line| line.content()).map_or(0, |at| at.version);
        if let Some(of_replica) = self.shown_here(shard, At { db, key }).filter(|_| letter == 'I') {
            (letter, version) = ('R', of_replica);
        }
        let left = i64::try_from(left).unwrap_or(i64::MAX);
        shown::held(letter, left, line.map_or(0, |line| line.q), version, Outcome::Nil, dirty)
    }

    fn list(&self, pattern: Option<&[u8]>, state: u8, count: u64) -> Outcome {
        let mut found = Vec::new();
        let eras: Vec<_> =
            self.seats().map(|seat| (seat.shard, seat.sharer.lock().era())).collect();
        self.lines.each(|name, line| {
            if found.len() as u64 >= count || pattern.is_some_and(|p| !glob::matches(p, &name.key))
            {
                return;
            }
            let era = eras.iter().find(|(shard, _)| *shard == line.shard).map(|(_, era)| *era);
            let letter = era.map_or('I', |era| line.letter(era));
            if state == 0 || char::from(state) == letter {
                let content = line.content();
                found.push(shown::line(
                    name,
                    letter,
                    content.map_or(0, |content| content.version),
                    content.map_or(0, lockstep_cache::Content::len),
                ));
            }
        });
        Outcome::List(found)
    }

    fn stats(&self) -> Outcome {
        let size = self.lines.size();
        let limits = self.lines.limits();
        let (dirty, lent) = self.dirty_and_lent();
        let mut all = self.counts.list();
        all.extend([
            ("dirty", dirty as u64),
            ("lent", lent as u64),
            ("entries", size.entries as u64),
            ("entries_max", limits.entries as u64),
            ("bytes", size.bytes as u64),
            ("bytes_max", limits.bytes as u64),
        ]);
        Outcome::List(all.into_iter().flat_map(|(name, count)| shown::pair(name, count)).collect())
    }

    /// The numbers of CACHE STATS.
    pub(crate) fn numbers(&self) -> Vec<(&'static str, u64)> {
        let size = self.lines.size();
        let mut all = self.counts.list();
        let (dirty, lent) = self.dirty_and_lent();
        all.extend([
            ("dirty", dirty as u64),
            ("lent", lent as u64),
            ("entries", size.entries as u64),
            ("bytes", size.bytes as u64),
        ]);
        all
    }

    /// `List[List[List[Int db, Bytes key, Int count]...]; 3]`: reads, writes, probes.
    fn hot_names(&self) -> Outcome {
        let list = |top: &Top| {
            let each = top.list().into_iter();
            Outcome::List(each.map(|(name, count)| shown::counted(&name, count)).collect())
        };
        Outcome::List([&self.hot.reads, &self.hot.writes, &self.hot.probes].map(list).to_vec())
    }

    /// `List[stats..., List[shard, left ...], List[node, shard, ack us, slow ...]]`.
    fn sessions(&self) -> Outcome {
        let now = clock::now();
        let mut mine = Vec::new();
        let mut theirs = Vec::new();
        for seat in self.seats() {
            let until = seat.sharer.lock().until().filter(|until| *until > now);
            if let Some(until) = until {
                mine.extend([i64::from(seat.shard.0), until.since(now).as_millis() as i64]);
            }
            let home = lock(&seat.home);
            let Some(reign) = home.as_ref() else { continue };
            theirs.extend(
                reign.home.sessions().map(|seated| shown::seated(seat.shard, &seated, now)),
            );
        }
        let mine = mine.into_iter().map(Outcome::Int).collect();
        Outcome::List(vec![self.stats(), Outcome::List(mine), Outcome::List(theirs)])
    }

    /// Asks all nodes, this one among them; those that do not answer are left out.
    fn ask_all(
        self: &Arc<Self>,
        request: &Request<'_>,
    ) -> impl Future<Output = Vec<(NodeId, Outcome)>> + Send + use<> {
        let mut bytes = Vec::new();
        request.put(&mut bytes);
        let mut told = vec![(self.me, self.answer(request))];
        let cache = self.clone();
        let mut others = cache.exchange.others();
        others.retain(|node| cache.exchange.reaches(*node));
        async move {
            let asked = others.into_iter().map(async |node| {
                let reply = cache.exchange.call(node, Topic::Cache, &bytes, PATIENCE).await.ok()?;
                Some((node, Outcome::take(&mut &reply[..]).ok()?))
            });
            told.extend(join_all(asked).await.into_iter().flatten());
            told.sort_by_key(|(node, _)| *node);
            told
        }
    }

    fn ask_one(
        self: &Arc<Self>,
        node: NodeId,
        request: &Request<'_>,
    ) -> impl Future<Output = Option<Outcome>> + Send + use<> {
        let own = (node == self.me).then(|| self.answer(request));
        let mut bytes = Vec::new();
        request.put(&mut bytes);
        let cache = self.clone();
        async move {
            if own.is_some() {
                return own;
            }
            let reply = cache.exchange.call(node, Topic::Cache, &bytes, PATIENCE).await.ok()?;
            Outcome::take(&mut &reply[..]).ok()
        }
    }

    async fn warm(self: Arc<Self>, db: Db, keys: Vec<(ShardId, Vec<u8>)>) -> Reply {
        let Some(care) = self.care(CacheMode::Strict) else { return Reply::Int(0) };
        let mut waiting = Vec::new();
        let mut found = 0;
        for (shard, key) in &keys {
            let at = At { db, key };
            if self.hit(*shard, at).is_some() {
                found += 1;
                continue;
            }
            match self.read(*shard, at, care) {
                Reading::Content(_) => found += 1,
                Reading::Later(answer) => waiting.push((*shard, key, answer)),
                Reading::Elsewhere => {}
            }
        }
        for (shard, key, answer) in waiting {
            let came = matches!(answer.await, Ok(Answer::Content(_)));
            found += i64::from(came && self.hit(shard, At { db, key }).is_some());
        }
        Reply::Int(found)
    }
}
