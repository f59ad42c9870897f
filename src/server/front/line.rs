//! Reads that a copy of this node answers, where another node leads.

use std::time::Instant;

use lockstep_cache::{Answer, At, Content, Written};
use lockstep_commands::here::CacheMode;
use lockstep_commands::{Command, Reply, error};
use lockstep_core::keys::{self, Expiry, TtlForm, When};
use lockstep_core::{Db, Op, Outcome, ShardId};
use lockstep_net::{Next, Output};
use tokio::sync::oneshot;

use super::pending::Pending;
use super::{Front, room};
use crate::cache::{Asked, Reading};
use crate::pubsub::keyspace;

/// A read that waits for a copy.
pub(super) struct Line {
    pub shard: ShardId,
    pub db: Db,
    pub key: Vec<u8>,
    pub asked: Asked,
    /// The operation, for the leader, should there be no copy.
    pub op: Vec<u8>,
    pub answer: oneshot::Receiver<Answer>,
}

/// What a read asks of a key, if a copy could answer it.
pub(super) fn asked<'a>(op: &Op<'a>) -> Option<(At<'a>, Asked)> {
    let Op::Key { op } = op else { return None };
    Some(match op {
        keys::Op::Get { db, key } => (At { db: *db, key }, Asked::Value),
        keys::Op::GetRange { db, key, start, end } => {
            (At { db: *db, key }, Asked::Range(*start, *end))
        }
        keys::Op::StrLen { db, key } => (At { db: *db, key }, Asked::Length),
        keys::Op::Exists { db, keys } => match keys[..] {
            [key] => (At { db: *db, key }, Asked::Exists),
            _ => return None,
        },
        keys::Op::Ttl { db, key, form: TtlForm::Seconds {} | TtlForm::Millis {} } => {
            (At { db: *db, key }, Asked::Life)
        }
        _ => return None,
    })
}

/// The outcome that the state would give; none: the copy does not say.
pub(super) fn outcome(asked: Asked, content: &Content) -> Option<Outcome> {
    let value = content.value.as_ref();
    Some(match (asked, value) {
        (Asked::Value, Some(value)) => Outcome::Bytes(value.to_vec()),
        (Asked::Value, None) => Outcome::Nil,
        (Asked::Range(start, end), value) => {
            let bytes = value.map_or(&b""[..], |value| value);
            let range = keys::range(bytes.len(), start, end);
            Outcome::Bytes(range.map_or_else(Vec::new, |range| bytes[range].to_vec()))
        }
        (Asked::Length, value) => {
            Outcome::Int(value.map_or(0, |value| i64::try_from(value.len()).unwrap_or(i64::MAX)))
        }
        (Asked::Exists, value) => Outcome::Int(value.is_some().into()),
        (Asked::Life, None) => Outcome::Int(-2),
        // How long it lives is known to the clock of the shard only.
        (Asked::Life, Some(_)) => content.ends.is_none().then_some(Outcome::Int(-1))?,
    })
}

/// The key and the value of a SET without options.
fn plain_set<'a>(op: &Op<'a>) -> Option<(At<'a>, &'a [u8])> {
    match op {
        Op::Key {
            op:
                keys::Op::Set {
                    db,
                    key,
                    value,
                    when: When::Always {},
                    expiry: Expiry::Never {},
                    get: false,
                },
        } => Some((At { db: *db, key }, value)),
        _ => None,
    }
}

impl Front {
    /// Answers a read from a copy, if there is one. None: another way has to be taken.
    pub(super) fn read_line(
        &mut self,
        command: &'static Command,
        shard: ShardId,
        op: &Op<'_>,
        begun: Instant,
        words: &[&[u8]],
        out: &mut Output,
    ) -> Option<Next> {
        let (at, asked) = asked(op)?;
        if !self.may_copy() {
            return None;
        }
        let cache = &self.node.cache;
        if self.session.copies == CacheMode::Strict
            && let Some(content) = cache.hit(shard, at)
        {
            let found = outcome(asked, &content)?;
            if content.value.is_some() && !matches!(asked, Asked::Exists | Asked::Life) {
                cache.used_copy(shard, at);
            }
            let reply = (command.reply)(command.spec, found);
            self.answer(command, reply, begun, words, out);
            return Some(Next::More);
        }
        None
    }

    /// Carries out a plain SET of a key that is lent to this node. None: another way has to
    /// be taken.
    pub(super) fn write_line(
        &mut self,
        command: &'static Command,
        shard: ShardId,
        op: &Op<'_>,
        begun: Instant,
        words: &[&[u8]],
        out: &mut Output,
    ) -> Option<Next> {
        let cache = &self.node.cache;
        if !cache.is_writing_back() || !self.pending.is_empty() || self.session.tracks.is_some() {
            return None;
        }
        let (at, value) = plain_set(op).filter(|_| self.session.copies == CacheMode::Strict)?;
        if !cache.borrows(shard, at)
            || !room::is_left(&self.node)
            // The leader tells of what was written, and of each write.
            || keyspace::classes(&self.node.settings) != 0
        {
            return None;
        }
        let losses = || self.node.cache.losses();
        let before = self.session.written_here.unwrap_or_else(losses);
        let reply = match self.node.cache.write(shard, at, value) {
            Written::Elsewhere => return None,
            Written::Here => {
                self.session.written_here = Some(before);
                (command.reply)(command.spec, Outcome::Ok)
            }
            Written::Unsure => Reply::Error(error::UNCERTAIN),
        };
        self.answer(command, reply, begun, words, out);
        Some(Next::More)
    }

    /// Whether anybody else than the leader of a shard may answer a read: not where it has
    /// to know of the read, since the client is to be told on, or somebody listens.
    pub(super) fn may_copy(&self) -> bool {
        self.session.tracks.is_none() && !keyspace::hears_misses(&self.node)
    }

    /// The same where there is none yet and another node leads.
    pub(super) fn fetch_line(
        &mut self,
        command: &'static Command,
        shard: ShardId,
        op: &Op<'_>,
        begun: Instant,
        words: &[&[u8]],
        out: &mut Output,
    ) -> Option<Next> {
        let (at, asked) = asked(op)?;
        // How long a key lives a copy does not say, mostly.
        if !self.may_copy() || asked == Asked::Life {
            return None;
        }
        let care = self.node.cache.care(self.session.copies)?;
        match self.node.cache.read(shard, at, care) {
            Reading::Content(content) => {
                self.node.cache.fetched(&content);
                let found = outcome(asked, &content)?;
                let reply = (command.reply)(command.spec, found);
                self.answer(command, reply, begun, words, out);
                Some(Next::More)
            }
            Reading::Elsewhere => None,
            Reading::Later(answer) => {
                let mut bytes = Vec::new();
                lockstep_core::wire::Wire::put(op, &mut bytes);
                let key = at.key.to_vec();
                let line = Line { shard, db: at.db, key, asked, op: bytes, answer };
                let kept = self.session.keep_words(&self.node, words);
                let line = Box::new(line);
                self.pending.push(Pending::Line { command, line, begun, kept });
                // What the client sends behind it must not see anything older.
                Some(Next::Settle)
            }
        }
    }

    /// Waits for the copies that pending reads need; whatever has none goes to the
    /// leader.
    pub(super) async fn settle_lines(&mut self) {
        for at in 0..self.pending.len() {
            let Pending::Line { command, line, .. } = &mut self.pending[at] else { continue };
            let command: &'static Command = command;
            let (found, elsewhere) = match (&mut line.answer).await {
                Ok(Answer::Content(content)) => {
                    self.node.cache.fetched(&content);
                    (outcome(line.asked, &content), false)
                }
                Ok(Answer::Elsewhere) | Err(_) => (None, true),
            };
            let kept_as = |outcome: Option<Outcome>, pending: &mut Pending| {
                let Pending::Line { line, begun, kept, .. } = pending else { return None };
                let (begun, kept, shard) = (*begun, *kept, line.shard);
                let op = std::mem::take(&mut line.op);
                let (db, key) = (line.db, std::mem::take(&mut line.key));
                *pending = match outcome {
                    Some(outcome) => Pending::Found { command, outcome, begun, kept },
                    None => Pending::Outcome { command, shard, begun, kept },
                };
                Some((op, shard, db, key))
            };
            let is_found = found.is_some();
            let Some((op, shard, db, key)) = kept_as(found, &mut self.pending[at]) else {
                continue;
            };
            if !is_found {
                if elsewhere {
                    self.node.cache.forwarded(At { db, key: &key });
                }
                let op =
                    lockstep_core::wire::Wire::take(&mut &op[..]).expect("written by this node");
                self.hand_over(shard, &op);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(value: Option<&'static [u8]>, ends: Option<u64>) -> Content {
        let ends = ends.map(lockstep_cache::Time);
        Content { value: value.map(bytes::Bytes::from_static), version: 1, ends }
    }

    #[test]
    fn a_copy_answers_what_the_state_would() {
        let some = content(Some(b"hello"), None);
        let none = content(None, None);
        let bytes = |text: &[u8]| Some(Outcome::Bytes(text.to_vec()));
        assert_eq!(outcome(Asked::Value, &some), bytes(b"hello"));
        assert_eq!(outcome(Asked::Value, &none), Some(Outcome::Nil));
        assert_eq!(outcome(Asked::Range(1, -2), &some), bytes(b"ell"));
        assert_eq!(outcome(Asked::Range(0, -1), &none), bytes(b""));
        assert_eq!(outcome(Asked::Length, &some), Some(Outcome::Int(5)));
        assert_eq!(outcome(Asked::Exists, &none), Some(Outcome::Int(0)));
        assert_eq!(outcome(Asked::Life, &some), Some(Outcome::Int(-1)));
        assert_eq!(outcome(Asked::Life, &none), Some(Outcome::Int(-2)));
        assert_eq!(outcome(Asked::Life, &content(Some(b"x"), Some(9))), None);
    }

    #[test]
    fn only_reads_of_one_key_are_looked_for() {
        let db = Db(0);
        let op = |op| Op::Key { op };
        assert!(asked(&op(keys::Op::Get { db, key: b"a" })).is_some());
        assert!(asked(&op(keys::Op::Exists { db, keys: vec![b"a"] })).is_some());
        assert!(asked(&op(keys::Op::Exists { db, keys: vec![b"a", b"b"] })).is_none());
        assert!(asked(&op(keys::Op::MGet { db, keys: vec![b"a"] })).is_none());
        let at = keys::Op::Ttl { db, key: b"a", form: TtlForm::AtMillis {} };
        assert!(asked(&op(at)).is_none());
    }
}
