//! What the home tells without being asked.

use super::follow::Touch;
use super::{Out, Sharer};
use crate::message::{Grant, Payload, ToHome, ToNode};
use crate::{Epoch, Era, Label, Line, Name, Named, Session, State, Store, Time};

impl Sharer {
    /// A message of the home.
    pub fn take(&mut self, now: Time, store: &impl Store, message: ToNode, out: &mut Out) {
        self.pass_time(now);
        match message {
            ToNode::Granted { nonce, sent, session, left } => {
                let before = self.session();
                self.granted(nonce, sent, session, left);
                self.ask_to_follow(session, out);
                if self.session() != before {
                    self.look_for_older(store);
                }
                self.reattest(now, store, out);
            }
            ToNode::Data { flight, grant, payload } => {
                self.data(now, store, flight, grant, payload, out);
            }
            ToNode::Same { flight, grant, version, left } => {
                self.same(now, store, flight, grant, (version, left), out);
            }
            ToNode::Refused { flight } => self.refused(flight, out),
            ToNode::Inv { session, q, names } => self.inv(now, store, session, q, &names, out),
            ToNode::InvAll { session, q } => self.inv_all(now, session, q, out),
            ToNode::Upd { session, q, name, payload } => {
                self.upd(store, session, q, &name, payload, out);
            }
            ToNode::Val { session, q, name, version } => {
                self.val(store, session, q, &name, version)
            }
            ToNode::Push { grant, name, payload, since } => {
                self.push(store, &grant, &name, payload, since, out);
            }
            ToNode::Downgrade { session, q, name } => self.downgrade(store, session, q, &name),
            ToNode::Revoke { epoch } => self.revoke(epoch, out),
            ToNode::Touch { session, q, known, names, all, standing } => {
                let touch = Touch { session, q, known, names, all, standing };
                self.touch(store, &touch, out);
            }
            ToNode::Stands { session, upto, standing } => {
                self.stands(session, upto, &standing, out);
            }
            ToNode::Attested { session, number, q, lines } => {
                self.attested(now, store, (session, number), (q, &lines), out);
            }
            ToNode::Flushed { session, flushed } => self.flushed(session, &flushed, out),
        }
    }

    /// Whether a message is of the session this node has. What is of one that it does
    /// not know yet must not be acknowledged: a copy of that session may still come
    /// that is older.
    pub(super) fn is_mine(&self, session: Session) -> bool {
        self.session() == Some(session) || !self.settings.rules.unknown_unacknowledged
    }

    /// Lines that came before message `q` of the home must go.
    fn inv(
        &mut self,
        now: Time,
        store: &impl Store,
        session: Session,
        q: u64,
        names: &[Name],
        out: &mut Out,
    ) {
        if !self.is_mine(session) {
            return;
        }
        let unread = self.drop_lines(store, q, names);
        if self.called_back(now, q, Some(names), unread, out) {
            return;
        }
        out.to_home.push(ToHome::Ack { session, q, has: false, unread });
    }

    /// Whether any that went had not been read since it came.
    pub(super) fn drop_lines(&mut self, store: &impl Store, q: u64, names: &[Name]) -> bool {
        let mut unread = false;
        for name in names {
            self.close_flight(name);
            self.marks.raise(name, q);
            store.alter(name.at(), &mut |line, read| {
                if line.era == self.era && line.q < q && line.state != State::Tag {
                    unread |= !read;
                    line.state = State::Tag;
                }
            });
        }
        unread
    }

    /// All lines must go: they are of an era that is over.
    fn inv_all(&mut self, now: Time, session: Session, q: u64, out: &mut Out) {
        if !self.is_mine(session) {
            return;
        }
        self.drop_all(q);
        if self.called_back(now, q, None, false, out) {
            return;
        }
        out.to_home.push(ToHome::Ack { session, q, has: false, unread: false });
    }

    pub(super) fn drop_all(&mut self, q: u64) {
        // What is told twice does not end what came in between.
        if q <= self.flushed {
            return;
        }
        self.flushed = q;
        self.era = Era(self.era.0 + 1);
        self.flights.close_all();
        self.marks.raise_all(q);
        if let Some(live) = &self.session {
            self.pass.0.publish(self.era, live.until);
        }
    }

    /// The line must go, and this takes its place when its write is open.
    fn upd(
        &mut self,
        store: &impl Store,
        session: Session,
        q: u64,
        name: &Name,
        payload: Payload,
        out: &mut Out,
    ) {
        if !self.is_mine(session) {
            return;
        }
        self.close_flight(name);
        let is_news = self.marks.is_news(name, q);
        self.marks.raise(name, q);
        let before = store.look(name.at());
        let unread = before.as_ref().is_some_and(|(line, read)| !read && line.state != State::Tag);
        let mut has = false;
        if is_news && before.is_some() {
            let content = self.content(payload, Time(0));
            let state = if self.settings.rules.update_hidden {
                State::Updated(content)
            } else {
                State::Readable(Label::Shared, content)
            };
            let line = Line { shard: self.shard, era: self.era, q, state };
            has = store.put(name, line, &mut out.evicted);
        }
        out.to_home.push(ToHome::Ack { session, q, has, unread });
    }

    /// The write of an update is open.
    fn val(&mut self, store: &impl Store, session: Session, q: u64, name: &Name, version: u64) {
        if self.session() != Some(session) {
            return;
        }
        store.alter(name.at(), &mut |line, _| {
            if line.era != self.era || line.q != q {
                return;
            }
            if let State::Updated(content) = &line.state {
                let content = crate::Content { version, ..content.clone() };
                line.state = State::Readable(Label::Shared, content);
            }
        });
    }

    /// A copy that was not asked for: kept if the key has a place, or was written
    /// through this node.
    fn push(
        &mut self,
        store: &impl Store,
        grant: &Grant,
        name: &Name,
        payload: Payload,
        since: Time,
        out: &mut Out,
    ) {
        if matches!(grant.label, Label::Modified | Label::Lent) || store.look(name.at()).is_some() {
            let content = self.content(payload, since);
            self.install(store, name, grant, content, out);
        } else if self.session() == Some(grant.session) {
            self.give_back(grant.session, name, grant.q, out);
        }
    }

    /// Others have copies as well.
    fn downgrade(&mut self, store: &impl Store, session: Session, q: u64, name: &Name) {
        if self.session() != Some(session) {
            return;
        }
        store.alter(name.at(), &mut |line, _| {
            if line.era == self.era
                && line.q == q
                && let State::Readable(label, _) = &mut line.state
            {
                *label = Label::Shared;
            }
        });
    }

    /// There is another home.
    fn revoke(&mut self, epoch: Epoch, out: &mut Out) {
        self.resign(epoch);
        out.to_home.push(ToHome::Revoked { epoch });
    }

    fn close_flight(&mut self, name: &Name) {
        if self.settings.rules.inv_closes_flights {
            self.flights.close(name);
        }
    }
}
