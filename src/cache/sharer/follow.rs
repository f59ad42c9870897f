//! Reading the whole shard from a replica that this node has of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Out, Sharer};
use crate::message::{Standing, ToHome};
use crate::{Limbo, Name, Session, Store, View};

/// What is known of writes, for a replica here that clients read from.
#[derive(Debug, Hash)]
pub(super) struct Follow {
    /// Whether it is wanted.
    wanted: bool,
    /// Whether the home was told in this session that it is not any more.
    over: bool,
    /// The home has said how far it has come, and that was all it had to say.
    began: bool,
    /// What the replica must have seen: what the home had when this began, or when what
    /// touches all keys had opened.
    base: u64,
    /// The furthest that the home has said it has come.
    seq: u64,
    /// Writes that are not known to be open.
    touches: BTreeMap<u64, Touched>,
    /// How many of them there are for each group of keys.
    counts: BTreeMap<usize, usize>,
    view: Arc<View>,
}

/// Which keys a write touches.
#[derive(Clone, Debug, Hash)]
struct Touched {
    groups: Vec<usize>,
    all: bool,
}

/// A message about a write.
pub(super) struct Touch {
    pub session: Session,
    pub q: u64,
    pub known: u64,
    pub names: Vec<Name>,
    pub all: bool,
    pub standing: Standing,
}

impl Clone for Follow {
    /// With a view of its own.
    fn clone(&self) -> Self {
        Follow {
            touches: self.touches.clone(),
            counts: self.counts.clone(),
            view: Arc::new(View::clone(&self.view)),
            ..*self
        }
    }
}

impl Follow {
    pub(super) fn new(groups: usize) -> Self {
        Follow {
            wanted: false,
            over: false,
            began: false,
            base: 0,
            seq: 0,
            touches: BTreeMap::new(),
            counts: BTreeMap::new(),
            view: Arc::new(View::new(groups)),
        }
    }

    pub(super) fn view(&self) -> Arc<View> {
        self.view.clone()
    }

    /// Whether the whole shard is to be read from a replica.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// Another session begins.
    pub(super) fn forget(&mut self) {
        self.view.clear();
        self.touches.clear();
        self.counts.clear();
        (self.over, self.began, self.base, self.seq) = (false, false, 0, 0);
    }

    fn touched(&mut self, q: u64, touched: Touched) {
        if self.touches.contains_key(&q) {
            return;
        }
        for group in &touched.groups {
            *self.counts.entry(*group).or_default() += 1;
            self.view.need(*group, View::NEVER);
        }
        if touched.all {
            self.view.need_of_all(View::NEVER);
        }
        self.view.hid();
        self.touches.insert(q, touched);
    }

    /// What is open up to a message is shown by replicas that have come as far as the home.
    fn open(&mut self, upto: u64, pending: &[u64], behind_hidden: bool) {
        let is_open = |q: &u64| !pending.contains(q);
        let open: Vec<u64> = self.touches.range(..=upto).map(|(q, _)| *q).filter(is_open).collect();
        for q in open {
            let Some(touched) = self.touches.remove(&q) else { continue };
            let seq = if behind_hidden { self.seq } else { 0 };
            if touched.all {
                self.base = self.base.max(seq);
            }
            touched.groups.into_iter().for_each(|group| self.opens(group, seq));
        }
    }

    fn opens(&mut self, group: usize, seq: u64) {
        let Some(count) = self.counts.get_mut(&group) else { return };
        *count -= 1;
        if *count == 0 {
            self.counts.remove(&group);
            self.view.need(group, seq);
        }
    }

    /// Shows what may be shown.
    fn publish(&self) {
        let hidden = !self.began || self.touches.values().any(|touched| touched.all);
        self.view.need_of_all(if hidden { View::NEVER } else { self.base });
    }
}

impl Sharer {
    /// Whether a replica is here that clients want to read from. To be said again and again.
    pub fn follow(&mut self, wanted: bool, out: &mut Out) {
        if wanted && self.follow.over && self.dirty() > 0 {
            // What was written here would be lost with the session.
            return;
        }
        let before = std::mem::replace(&mut self.follow.wanted, wanted);
        if wanted && !before && self.follow.over {
            // What the home said in this session it would not say again.
            self.end_session();
        } else if before && !wanted {
            self.stop_following(out);
        }
    }

    /// Whether a replica may be read from, as far as this node was told.
    pub fn follows(&self) -> bool {
        self.follow.began && self.session.is_some()
    }

    fn stop_following(&mut self, out: &mut Out) {
        let Some(session) = self.session() else { return };
        self.keep_limbo();
        self.follow.forget();
        self.follow.over = true;
        out.to_home.push(ToHome::Follow { session, on: false });
    }

    /// What is known of writes is about to be forgotten. It stays true: whatever was not told
    /// is beyond what is known.
    pub(super) fn keep_limbo(&mut self) {
        if let Some(session) = self.session().filter(|_| self.follow.began) {
            self.limbo = Some(Limbo::new(session.epoch, View::clone(&self.follow.view)));
        }
    }

    /// The home gave a session, or more time for it.
    pub(super) fn ask_to_follow(&self, session: Session, out: &mut Out) {
        let follow = &self.follow;
        if follow.wanted && !follow.began && !follow.over && self.session() == Some(session) {
            out.to_home.push(ToHome::Follow { session, on: true });
        }
    }

    /// Keys are being written: lines go, and the replica hides them.
    pub(super) fn touch(&mut self, store: &impl Store, touch: &Touch, out: &mut Out) {
        let Touch { session, q, known, ref names, all, ref standing } = *touch;
        if !self.is_mine(session) {
            return;
        }
        if all {
            self.drop_all(q);
        }
        self.drop_lines(store, q, names);
        if !self.follow.over {
            let mut groups: Vec<usize> =
                names.iter().map(|name| self.follow.view.group_of(name)).collect();
            groups.sort_unstable();
            groups.dedup();
            if (all || !groups.is_empty()) && self.settings.rules.touched_hidden {
                self.follow.touched(q, Touched { groups, all });
            }
            self.learn(q, standing.seq.max(known), standing);
        }
        if all || !names.is_empty() {
            out.to_home.push(ToHome::Ack { session, q, has: false, unread: false });
        }
    }

    /// The home says how far it has come.
    pub(super) fn stands(
        &mut self,
        session: Session,
        upto: u64,
        standing: &Standing,
        out: &mut Out,
    ) {
        if self.session() != Some(session) {
            return;
        }
        if !self.follow.wanted {
            // It has not heard that this is over.
            return self.stop_following(out);
        }
        self.learn(upto, standing.seq, standing);
    }

    fn learn(&mut self, upto: u64, known: u64, standing: &Standing) {
        let rules = self.settings.rules;
        let follow = &mut self.follow;
        follow.seq = follow.seq.max(standing.seq);
        follow.open(upto, &standing.pending, rules.behind_hidden);
        let knows = |q: &u64| follow.touches.contains_key(q);
        let all =
            standing.pending.iter().all(knows) || !rules.all_before_known || !rules.touched_hidden;
        if all && !follow.began {
            follow.began = true;
            follow.base = if rules.from_the_beginning { standing.seq } else { 0 };
        }
        if all {
            follow.view.knows(if rules.untold_hidden { known } else { View::NEVER });
        }
        follow.publish();
    }
}
