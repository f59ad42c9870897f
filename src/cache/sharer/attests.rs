//! Lines of sessions that are over: in a new one the home is asked in bulk which of them are
//! good still, so that nobody has to wait for that when they are read.
//!
//! Some are named at a time, and the next ones when these are answered, so that nothing else
//! waits for long behind them. Keys are named in full: digests would be shorter by some bytes
//! for each, and two keys with one digest would be taken for each other. What is attested is
//! installed like a copy that was asked for and is the same (R6, R17, R18).

use super::{Out, Sharer};
use crate::message::{Grant, Payload, ToHome};
use crate::{Content, Label, Name, Named, Session, State, Store, Time};

/// No more lines are named at once when these have so many bytes: the home looks at each.
const BYTES_MAX: usize = 64 << 10;

/// What is to be asked of lines of older sessions.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Attests {
    /// Of which the home was not asked in this session.
    left: Vec<Name>,
    /// How often it was asked.
    last: u64,
    /// What it was asked of and has not answered.
    asked: Option<Asked>,
}

#[derive(Clone, Debug, Hash)]
struct Asked {
    number: u64,
    sent: Time,
    /// What the node had of each key then.
    lines: Vec<(Name, Content)>,
}

impl Attests {
    /// The session is over.
    pub(super) fn forget(&mut self) {
        (self.left, self.asked) = (Vec::new(), None);
    }

    /// What was sent before a time is waited for no longer, and asked again.
    pub(super) fn give_up(&mut self, sent_before: Time) {
        if let Some(asked) = self.asked.take_if(|asked| asked.sent < sent_before) {
            self.left.extend(asked.lines.into_iter().map(|(name, _)| name));
        }
    }

    /// The home answers.
    fn answered(&mut self, number: u64) -> Option<Asked> {
        self.asked.take_if(|asked| asked.number == number)
    }
}

impl Sharer {
    /// A session has begun. Who reads the whole shard from a replica needs no lines.
    pub(super) fn look_for_older(&mut self, store: &impl Store) {
        self.attests.forget();
        if self.settings.reattest_lines > 0 && !self.follow.is_wanted() {
            self.attests.left = store.names_of(self.shard, self.settings.reattest_max);
        }
    }

    /// Asks of some older lines, unless an answer is waited for.
    pub(super) fn reattest(&mut self, now: Time, store: &impl Store, out: &mut Out) {
        let Some(session) = self.session().filter(|_| self.attests.asked.is_none()) else { return };
        let lines = self.older(now, store);
        if lines.is_empty() {
            return;
        }
        self.attests.last += 1;
        let number = self.attests.last;
        let named = lines.iter().map(|(name, had)| (name.clone(), had.version)).collect();
        self.attests.asked = Some(Asked { number, sent: now, lines });
        out.to_home.push(ToHome::Reattest { session, number, lines: named });
    }

    fn older(&mut self, now: Time, store: &impl Store) -> Vec<(Name, Content)> {
        let (mut lines, mut bytes) = (Vec::new(), 0);
        while lines.len() < self.settings.reattest_lines
            && bytes < BYTES_MAX
            && let Some(name) = self.attests.left.pop()
        {
            let Some((line, _)) = store.look(name.at()) else { continue };
            if line.era != self.era
                && let State::Readable(_, content) = line.state
                && content.ends.is_none_or(|ends| now < ends)
                // What was written here and is not in the log has no version.
                && (content.version > 0 || content.value.is_none())
            {
                bytes += name.key.len() + content.len();
                lines.push((name, content));
            }
        }
        lines
    }

    /// Some of the lines of a request are what their keys hold; `q` is the number of the
    /// first grant, and the others follow.
    pub(super) fn attested(
        &mut self,
        now: Time,
        store: &impl Store,
        (session, number): (Session, u64),
        (q, lines): (u64, &[(u64, Option<u64>)]),
        out: &mut Out,
    ) {
        if self.session() != Some(session) {
            return;
        }
        let Some(asked) = self.attests.answered(number) else { return };
        for (q, (place, left)) in (q..).zip(lines) {
            let place = usize::try_from(*place).unwrap_or(usize::MAX);
            let Some((name, had)) = asked.lines.get(place) else { continue };
            if store.look(name.at()).is_none() {
                // It has made room for others.
                self.give_back(session, name, q, out);
                continue;
            }
            let Content { value, version, .. } = had.clone();
            let content = self.content(Payload { value, version, left: *left }, asked.sent);
            let grant = Grant { session, q, label: Label::Shared };
            self.install(store, name, &grant, content, out);
        }
        self.reattest(now, store, out);
    }
}
