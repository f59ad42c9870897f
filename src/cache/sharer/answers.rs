//! What the home answers: sessions, and copies.

use std::time::Duration;

use super::{Answer, Live, Out, Sharer};
use crate::message::{Grant, Payload};
use crate::{Content, Era, Line, Name, Nonce, Session, State, Store, Time};

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
        let Some(flight) = self.flights.end(flight) else { return };
        let content = self.content(payload, flight.sent);
        // The end of a life invalidates nothing: whoever came behind it must not get it.
        let lives = content.ends.is_none_or(|ends| now < ends);
        if let Some(grant) = &grant {
            self.install(store, &flight.name, grant, content.clone(), out);
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
        self.ask_again(now, &flight.name, again, out);
    }

    /// Those who could not be answered wait for a request that was sent after they
    /// came.
    fn ask_again(&mut self, now: Time, name: &Name, readers: Vec<super::Reader>, out: &mut Out) {
        if readers.is_empty() {
            return;
        }
        if self.flights.newest(name).is_some() {
            // Sent after the one they had joined, so after they came.
            readers
                .into_iter()
                .for_each(|who| self.flights.join(name, |flight| &mut flight.first, who));
        } else {
            self.ask(now, name, readers, out);
        }
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
        let state = State::Readable(grant.label, content);
        let line = Line { shard: self.shard, era: self.era, q: grant.q, state };
        self.marks.raise(name, grant.q);
        if !is_news || !store.put(name, line, &mut out.evicted) {
            self.give_back(grant.session, name, grant.q, out);
        }
    }

    /// What was sent, as it is kept; its life counts from `since`.
    pub(super) fn content(&self, payload: Payload, since: Time) -> Content {
        let Payload { value, version, left } = payload;
        let left = left.map(|left| self.settings.drift.shortened(Duration::from_nanos(left)));
        Content { value, version, ends: left.map(|left| since.after(left)) }
    }
}
