//! Who is told of which keys.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use lockstep_core::Origin;
use lockstep_raft::Touch;

use super::keys::Keys;
use super::message::{Message, redirect_is_broken};
use super::terms::Terms;
use crate::clients::{Client, Clients, Flag};
use crate::users::Rights;

/// So many keys are forgotten at once when there are too many, and somebody waits.
const FORGOTTEN_PER_READ: usize = 100;

/// How much is kept for whom (INFO).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Clients that are told.
    pub clients: usize,
    /// Keys that somebody has read.
    pub keys: usize,
    /// Readers over all of these.
    pub items: usize,
    /// Prefixes.
    pub prefixes: usize,
}

/// Who is told of which keys.
#[derive(Debug, Default)]
pub(super) struct Table {
    members: HashMap<u64, Member>,
    keys: Keys,
    prefixes: BTreeMap<Box<[u8]>, BTreeSet<u64>>,
    /// How many prefixes there are of each length.
    lengths: BTreeMap<usize, usize>,
}

#[derive(Debug)]
struct Member {
    client: Arc<Client>,
    terms: Terms,
}

/// Keys of which a prefix is told, with who changed them last.
type Gathered<'a> = BTreeMap<&'a [u8], BTreeMap<&'a [u8], Option<u64>>>;

impl Table {
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub fn counts(&self) -> Counts {
        Counts {
            clients: self.members.len(),
            keys: self.keys.len(),
            items: self.keys.items(),
            prefixes: self.prefixes.len(),
        }
    }

    /// A client is told from now on, or on other terms.
    pub fn enter(&mut self, client: &Arc<Client>, terms: Terms) {
        let id = client.id();
        client.set_redirect(terms.redirect);
        client.set(Flag::Tracking, true);
        client.set(Flag::Broadcast, terms.broadcast);
        client.set(Flag::BrokenRedirect, false);
        for prefix in &terms.prefixes {
            let listeners = self.prefixes.entry(prefix.clone()).or_insert_with(|| {
                *self.lengths.entry(prefix.len()).or_default() += 1;
                BTreeSet::new()
            });
            listeners.insert(id);
        }
        self.members.insert(id, Member { client: client.clone(), terms });
    }

    /// A client is told nothing any more.
    pub fn leave(&mut self, id: u64) {
        let Some(Member { client, terms }) = self.members.remove(&id) else { return };
        [Flag::Tracking, Flag::Broadcast, Flag::BrokenRedirect]
            .into_iter()
            .for_each(|flag| client.set(flag, false));
        for prefix in &terms.prefixes {
            self.leave_prefix(prefix, id);
        }
        if self.members.is_empty() {
            // Nobody could be told.
            self.keys.clear();
        }
    }

    fn leave_prefix(&mut self, prefix: &[u8], id: u64) {
        let Some(listeners) = self.prefixes.get_mut(prefix) else { return };
        listeners.remove(&id);
        if !listeners.is_empty() {
            return;
        }
        self.prefixes.remove(prefix);
        if let Some(count) = self.lengths.get_mut(&prefix.len()) {
            *count -= 1;
            if *count == 0 {
                self.lengths.remove(&prefix.len());
            }
        }
    }

    /// A client is about to read a key; whether that was not known. Of more than `keys_max`
    /// keys (0: no limit) some are said to have changed, and forgotten.
    pub fn read(&mut self, id: u64, name: &[u8], keys_max: usize, clients: &Clients) -> bool {
        let Some(member) = self.members.get(&id) else { return false };
        if member.terms.broadcast {
            return false;
        }
        let is_new = self.keys.add(name, id, |id| self.members.contains_key(&id));
        self.make_room(keys_max, FORGOTTEN_PER_READ, clients);
        is_new
    }

    /// A client has not read a key after all.
    pub fn not_read(&mut self, id: u64, name: &[u8]) {
        self.keys.remove(name, id);
    }

    /// Forgets keys above `keys_max`, at most so many; whether there are still too many.
    pub fn make_room(&mut self, keys_max: usize, at_most: usize, clients: &Clients) -> bool {
        if keys_max == 0 {
            return false;
        }
        for _ in 0..at_most {
            if self.keys.len() <= keys_max {
                return false;
            }
            let Some((name, readers)) = self.keys.take_any(rand::random()) else { return false };
            let message = Message::of([&name[..]]);
            readers.into_iter().for_each(|id| self.tell_reader(id, &message, clients));
        }
        self.keys.len() > keys_max
    }

    /// A client is about to read a key of which it could not be told.
    pub fn cannot_tell(&self, id: u64, name: &[u8], clients: &Clients) {
        let Some(member) = self.members.get(&id) else { return };
        let terms = &member.terms;
        let listens = terms.prefixes.iter().any(|prefix| name.starts_with(prefix));
        let reads = self.members.get(&id).and_then(Member::limits);
        let reads = reads.is_none_or(|limits| limits.user.reads_key(name));
        if (!terms.broadcast || listens) && reads {
            member.tell(&Message::of([name]), clients);
        }
    }

    /// Keys have changed; `mine` says which connection of this node an origin is.
    pub fn touch(
        &mut self,
        touches: &[Touch],
        mine: impl Fn(Origin) -> Option<u64>,
        clients: &Clients,
    ) {
        let mut gathered = Gathered::new();
        let mut all = false;
        for touch in touches {
            let by = touch.by.and_then(&mine);
            all |= touch.touched.all();
            for key in touch.touched.keys() {
                let by = by.filter(|_| !key.ended);
                self.touch_key(key.name, by, clients);
                for length in self.lengths.keys().take_while(|length| **length <= key.name.len()) {
                    let prefix = &key.name[..*length];
                    if self.prefixes.contains_key(prefix) {
                        gathered.entry(prefix).or_default().insert(key.name, by);
                    }
                }
            }
        }
        if all {
            // Says what any name would.
            return self.flush(clients);
        }
        self.broadcast(&gathered, clients);
    }

    fn touch_key(&mut self, name: &[u8], by: Option<u64>, clients: &Clients) {
        let Some(readers) = self.keys.take(name) else { return };
        let message = Message::of([name]);
        for id in readers {
            let own = by == Some(id);
            if !own || self.members.get(&id).is_some_and(|member| !member.terms.no_loop) {
                self.tell_reader(id, &message, clients);
            }
        }
    }

    fn tell_reader(&self, id: u64, message: &Message, clients: &Clients) {
        // It may have left, or be told of prefixes instead since.
        if let Some(member) = self.members.get(&id).filter(|member| !member.terms.broadcast) {
            member.tell(message, clients);
        }
    }

    fn broadcast(&self, gathered: &Gathered<'_>, clients: &Clients) {
        for (prefix, names) in gathered {
            let message = Message::of(names.keys().copied());
            let listeners = self.prefixes.get(*prefix).into_iter().flatten();
            for (id, member) in listeners.filter_map(|id| Some((id, self.members.get(id)?))) {
                let own = |by: &Option<u64>| member.terms.no_loop && *by == Some(*id);
                let limits = member.limits();
                if limits.is_none() && !names.values().any(own) {
                    member.tell(&message, clients);
                    continue;
                }
                let reads = |name: &[u8]| limits.as_ref().is_none_or(|it| it.user.reads_key(name));
                let others = names.iter().filter(|(name, by)| !own(by) && reads(name));
                let others: Vec<&[u8]> = others.map(|(name, _)| *name).collect();
                if !others.is_empty() {
                    member.tell(&Message::of(others), clients);
                }
            }
        }
    }

    /// Any key may have changed: all are told, and nothing is remembered.
    pub fn flush(&mut self, clients: &Clients) {
        self.keys.clear();
        self.members.values().for_each(|member| member.tell(&Message::All, clients));
    }
}

impl Member {
    /// What its user may do; none: everything. Of keys that it may not read it hears nothing.
    fn limits(&self) -> Option<Arc<Rights>> {
        let user = self.client.user().filter(|user| !user.is_unlimited());
        user.map(|user| user.rights())
    }

    /// Tells the client, or the one that is told instead.
    fn tell(&self, message: &Message, clients: &Clients) {
        let Some(redirect) = self.terms.redirect else {
            // What speaks RESP2 cannot be told on its own connection.
            if self.client.protocol() > 2 {
                self.client.push_invalidation(message.parts(3));
            }
            return;
        };
        let Some(other) = clients.get(redirect) else {
            self.client.set(Flag::BrokenRedirect, true);
            if self.client.protocol() > 2 {
                self.client.push_invalidation([&redirect_is_broken(redirect), b""]);
            }
            return;
        };
        let protocol = other.protocol();
        if protocol > 2 || other.has(Flag::PubSub) {
            other.push_invalidation(message.parts(protocol));
        }
    }
}
