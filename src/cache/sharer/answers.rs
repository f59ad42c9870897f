//! What the home answers: sessions, and copies.

use std::time::Duration;

use super::flights::Flight;
use super::{Answer, Live, Out, Sharer};
use crate::message::{Grant, Payload};
use crate::{Content, Era, Label, Line, Name, Named, Nonce, Session, State, Store, Time};

impl Sharer {
    /// A session, or more time for it, counted from when it was asked for.
    pub(super) fn granted(&mut self, nonce: Nonce, sent: Time, session: Session, left: u64) {
        if nonce.boot != self.boot || nonce.count > self.asked || session.epoch < self.floor {
            return;
        }
        let until = sent.after(self.settings.drift.shortened(Duration::from_nanos(left)));
        match &mut self.session {
            Some(live) if live.session == session => live.until = live.until.max(until),
            // One that is over does not come back.
            _ if self.had >= Some(session) => return,
            _ => self.begin_session(session, until),
        }
        if let Some(live) = &self.session {
            self.pass.0.publish(self.era, live.until);
        }
    }

    fn begin_session(&mut self, session: Session, until: Time) {
        self.session = Some(Live { session, until });
        self.had = Some(session);
        self.era = Era(self.era.0 + 1);
        // Whoever reads from the replica finds another era behind what is forgotten now.
        self.pass.0.publish(self.era, Time(0));
        self.follow.forget();
        self.limbo = None;
        self.lose_lent();
        self.marks.clear();
        self.flushed = 0;
        self.close_flights();
    }

    /// A copy that was asked for.
    pub(super) fn data(
        &mut self,
        now: Time,
        store: &impl Store,
        flight: u64,
        grant: Option<Grant>,
        payload: Payload,
        out: &mut Out,
    ) {
        if let Some(flight) = self.flights.end(flight) {
            self.came(now, store, flight, grant, payload, out);
        }
    }

    /// What the node had when it asked is what the key holds.
    pub(super) fn same(
        &mut self,
        now: Time,
        store: &impl Store,
        number: u64,
        grant: Option<Grant>,
        (version, left): (u64, Option<u64>),
        out: &mut Out,
    ) {
        let Some(flight) = self.flights.end(number) else { return };
        let had = match self.settings.rules.same_as_asked {
            true => flight.had.clone(),
            false => store.look(flight.name.at()).and_then(|(line, _)| line.content().cloned()),
        };
        let payload = Payload { value: had.and_then(|had| had.value), version, left };
        self.came(now, store, flight, grant, payload, out);
    }

    fn came(
        &mut self,
        now: Time,
        store: &impl Store,
        flight: Flight,
        grant: Option<Grant>,
        payload: Payload,
        out: &mut Out,
    ) {
        let content = self.content(payload, flight.sent);
        // The end of a life invalidates nothing: whoever came behind it must not get it.
        let lives = content.ends.is_none_or(|ends| now < ends);
        if let Some(grant) = &grant {
            self.install(store, &flight.name, grant, content.clone(), out);
        } else if flight.careful {
            self.keep(store, &flight.name, &content, out);
        }
        let mut answer = |readers: Vec<_>| {
            let answer = |reader| (reader, Answer::Content(content.clone()));
            out.answers.extend(readers.into_iter().map(answer));
        };
        answer(flight.first);
        let mut again = flight.late;
        if (grant.is_some() && lives) || !self.settings.rules.plain_answers_first_only {
            answer(flight.joined);
        } else {
            again.extend(flight.joined);
        }
        self.ask_again(now, store, &flight.name, (again, flight.careful), out);
    }

    /// Those who could not be answered wait for a request that was sent after they
    /// came.
    fn ask_again(
        &mut self,
        now: Time,
        store: &impl Store,
        name: &Name,
        (readers, careful): (Vec<super::Reader>, bool),
        out: &mut Out,
    ) {
        if readers.is_empty() {
            return;
        }
        if self.flights.newest(name).is_some() {
            // Sent after the one they had joined, so after they came.
            readers
                .into_iter()
                .for_each(|who| self.flights.join(name, |flight| &mut flight.first, who));
        } else {
            self.ask(now, store, name, readers, out);
        }
        self.flights.newest(name).into_iter().for_each(|flight| flight.careful |= careful);
    }

    /// The home does not answer a request.
    pub(super) fn refused(&mut self, flight: u64, out: &mut Out) {
        self.send_elsewhere(flight, out);
    }

    /// Keeps a copy, if it is of this session and nothing newer is known of the key.
    pub(super) fn install(
        &mut self,
        store: &impl Store,
        name: &Name,
        grant: &Grant,
        content: Content,
        out: &mut Out,
    ) {
        if self.session() != Some(grant.session) {
            return;
        }
        let is_news = self.marks.is_news(name, grant.q) || !self.settings.rules.newest_only;
        let is_here = |(line, _): (Line, bool)| line.era == self.era && line.q == grant.q;
        if !is_news && store.look(name.at()).is_some_and(is_here) {
            // It came twice: what is kept of it must not be given back.
            return;
        }
        let state = State::Readable(grant.label, content);
        let line = Line { shard: self.shard, era: self.era, q: grant.q, state };
        self.marks.raise(name, grant.q);
        // A node that does not write back would have to be called before anybody else reads it.
        let in_vain = grant.label == Label::Lent && !self.settings.write_back;
        if in_vain || !is_news || !store.put(name, line, &mut out.evicted) {
            self.give_back(grant.session, name, grant.q, out);
        } else {
            self.borrowed(name, grant);
        }
    }

    /// Keeps what came without the right to, to have it confirmed the next time.
    fn keep(&mut self, store: &impl Store, name: &Name, content: &Content, out: &mut Out) {
        let before = store.look(name.at()).map(|(line, _)| line);
        let granted = |line: &Line| self.session.is_some() && line.era == self.era;
        let is_there = |line: &Line| line.content().is_some_and(|at| at.version == content.version);
        if content.value.is_some() && !before.is_some_and(|line| granted(&line) || is_there(&line))
        {
            let state = State::Readable(Label::Shared, content.clone());
            let line = Line { shard: self.shard, era: Era::NONE, q: 0, state };
            store.put(name, line, &mut out.evicted);
        }
    }

    /// What was sent, as it is kept; its life counts from `since`.
    pub(super) fn content(&self, payload: Payload, since: Time) -> Content {
        let Payload { value, version, left } = payload;
        let left = left.map(|left| self.settings.drift.shortened(Duration::from_nanos(left)));
        Content { value, version, ends: left.map(|left| since.after(left)) }
    }
}
