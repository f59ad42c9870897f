//! Messages come in.

use super::counts::Count;
use super::dedup::hash_of;
use super::desk::Desk;
use super::fate::plain;
use super::message::{Message, State};
use super::mutant::{Mutant, is_broken};
use super::op::{Dedup, Form, Grouping, Manner, Overflow, Reason, Visible};
use super::receipt::id;
use super::table::Table;
use super::{
    BODY_BYTES_MAX, COUNT_MAX, ERROR_BYTES_MAX, GROUPS_MAX, HEADER_BYTES_MAX, HEADERS_MAX,
    PRIORITY_MAX, SHORT_BYTES_MAX, WHOLE,
};
use crate::{Effects, Fault, Outcome, Stamp};

/// What a push asks for.
pub(super) struct Push<'a> {
    pub bodies: &'a [&'a [u8]],
    pub manner: &'a Manner<'a>,
    pub length_max: Option<u64>,
    pub create: bool,
    pub atomic: bool,
    pub form: Form,
}

/// What became of a message that was pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    New,
    Copy,
    Replaced,
}

impl Came {
    fn word(self) -> &'static str {
        match self {
            Came::New => "new",
            Came::Copy => "dup",
            Came::Replaced => "replaced",
        }
    }
}

type Pushed = Result<(u64, Came), Outcome>;

impl Table {
    pub(super) fn push(
        &mut self,
        at: &Stamp,
        name: &[u8],
        part: u32,
        push: &Push<'_>,
        fx: &mut Effects,
    ) -> Outcome {
        if let Err(fault) = check_manner(push.manner) {
            return refused(push, fault.into());
        }
        let made = self.find(name, part).is_some_and(|number| self.is_made(number));
        if !made && !push.create {
            return refused(push, Fault::NoSuchQueue.into());
        }
        let sizes = push.bodies.iter().all(|body| body.len() <= BODY_BYTES_MAX);
        if push.bodies.is_empty() || push.bodies.len() as u64 > COUNT_MAX {
            return refused(push, Fault::OutOfRange.into());
        }
        if !sizes && (push.atomic || push.bodies.len() == 1) {
            return refused(push, Fault::TooBig.into());
        }
        let number = match self.open(name, part) {
            Ok(number) => number,
            Err(full) => return refused(push, full),
        };
        let mut desk = self.desk(number);
        let list = push_all(&mut desk, at, push);
        let some = list.iter().any(Result::is_ok);
        if some {
            desk.make(at);
        }
        self.finish(at, number, fx);
        let part = if part == WHOLE { 0 } else { part };
        shaped(name, part, push, list)
    }
}

fn refused(push: &Push<'_>, outcome: Outcome) -> Outcome {
    match push.form {
        Form::List {} if !push.atomic => Outcome::List(vec![outcome; push.bodies.len()]),
        _ => outcome,
    }
}

/// The outcome of a push with the name of its queue before it, if that is its form.
pub(super) fn named(form: Form, queue: &[u8], outcome: Outcome) -> Outcome {
    match (form, outcome) {
        (Form::Named {}, id @ Outcome::Bytes(_)) => {
            Outcome::List(vec![Outcome::Bytes(queue.to_vec()), id])
        }
        (_, outcome) => outcome,
    }
}

fn shaped(name: &[u8], part: u32, push: &Push<'_>, list: Vec<Pushed>) -> Outcome {
    let with_word = matches!(push.form, Form::IdAndState {});
    let one = |pushed: Pushed| match pushed {
        Ok((seq, came)) if with_word => {
            Outcome::List(vec![Outcome::Bytes(id(part, seq)), Outcome::Word(came.word())])
        }
        Ok((seq, _)) => Outcome::Bytes(id(part, seq)),
        Err(outcome) => outcome,
    };
    match push.form {
        Form::Named {} => match list.into_iter().next().map(one) {
            Some(id @ Outcome::Bytes(_)) => Outcome::List(vec![Outcome::Bytes(name.to_vec()), id]),
            refused => refused.unwrap_or(Outcome::Nil),
        },
        Form::List {} => {
            let first = if push.atomic { list.first().cloned() } else { None };
            match first {
                Some(Err(outcome)) => outcome,
                _ => Outcome::List(list.into_iter().map(one).collect()),
            }
        }
        _ => list.into_iter().next().map_or(Outcome::Nil, one),
    }
}

fn push_all(desk: &mut Desk<'_>, at: &Stamp, push: &Push<'_>) -> Vec<Pushed> {
    if let Err(outcome) = desk.admit_all(at, push) {
        return vec![Err(outcome); push.bodies.len()];
    }
    push.bodies.iter().map(|body| desk.push_one(at, body, push)).collect()
}

impl Desk<'_> {
    /// The queue is there from now on.
    pub fn make(&mut self, at: &Stamp) {
        if !self.queue.made {
            self.queue.made = true;
            self.queue.made_ms = at.now_ms;
        }
        self.queue.used_ms = at.now_ms;
    }

    /// What refuses all of the messages.
    fn admit_all(&mut self, at: &Stamp, push: &Push<'_>) -> Result<(), Outcome> {
        let Manner::Of { group, dedup, .. } = push.manner;
        if self.queue.is_closed(at.now_ms) {
            return Err(Fault::QueuePaused.into());
        }
        match (self.queue.rules().groups, group) {
            (Grouping::Off {}, Some(_)) | (Grouping::Required {}, None) => {
                return Err(Fault::NeedsGroup.into());
            }
            (_, Some(group)) => {
                let new = !self.shape.group_names.contains_key(*group);
                if new && self.shape.groups.len() >= GROUPS_MAX {
                    return Err(limit("too many groups in this queue"));
                }
            }
            _ => {}
        }
        if push.atomic && push.bodies.len() > 1 {
            let copies = dedup.is_some();
            let count = if copies { 1 } else { push.bodies.len() as u64 };
            let bytes: usize = push.bodies.iter().map(|body| body.len()).sum();
            self.make_room(at, count, bytes as u64, push.length_max)?;
        }
        Ok(())
    }

    fn push_one(&mut self, at: &Stamp, body: &[u8], push: &Push<'_>) -> Pushed {
        if body.len() > BODY_BYTES_MAX {
            return Err(Fault::TooBig.into());
        }
        let Manner::Of { group, dedup, .. } = push.manner;
        let hash = dedup.map(|Dedup::Of { id, .. }| {
            hash_of(id, group.filter(|_| self.queue.rules().dedup_by_group))
        });
        if let (Some(hash), Some(dedup)) = (hash, dedup)
            && let Some((number, known)) = self.find_known(at, hash)
        {
            return self.push_copy(at, body, push, dedup, number, known.seq);
        }
        if !push.atomic || push.bodies.len() == 1 {
            self.make_room(at, 1, body.len() as u64, push.length_max)?;
        }
        let seq = self.queue.take_seq();
        let known = hash.zip(*dedup).map(|(hash, Dedup::Of { id, window_ms, .. })| {
            let window_ms = window_ms.unwrap_or(self.queue.rules().dedup_window_ms);
            (self.make_known(at, hash, seq, window_ms), id.into())
        });
        let mut message = self.message(at, body, push.manner);
        if known.is_some() {
            message.extra_mut().dedup = known;
        }
        self.push(at, seq, message);
        Ok((seq, Came::New))
    }

    /// The message was pushed before.
    fn push_copy(
        &mut self,
        at: &Stamp,
        body: &[u8],
        push: &Push<'_>,
        dedup: &Dedup<'_>,
        number: u64,
        seq: u64,
    ) -> Pushed {
        self.queue.counts.up(Count::DedupHits);
        let Dedup::Of { replace, .. } = *dedup;
        let waits = self.queue.messages.get(seq).is_some_and(|message| {
            matches!(message.state, State::Ready | State::Delayed { .. })
                && message.extra().dedup.as_ref().is_some_and(|(known, _)| *known == number)
        });
        if !replace || !waits {
            return Ok((seq, Came::Copy));
        }
        self.replace(at, body, push, dedup, number, seq)?;
        Ok((seq, Came::Replaced))
    }

    /// The newest copy of a message takes its place, in its group.
    fn replace(
        &mut self,
        at: &Stamp,
        body: &[u8],
        push: &Push<'_>,
        dedup: &Dedup<'_>,
        number: u64,
        seq: u64,
    ) -> Result<(), Outcome> {
        let Dedup::Of { id, window_ms, .. } = *dedup;
        let old = self.queue.messages.get(seq).map_or(0, |message| message.bytes.into());
        let used = self.shape.bytes - self.shape.dead_bytes - old;
        let bytes_max = self.queue.rules().share(self.queue.rules().bytes_max);
        if bytes_max > 0 && used + body.len() as u64 > bytes_max {
            return Err(self.full(at, "bytes"));
        }
        let mut message = self.message(at, body, push.manner);
        let opened = message.extra().group;
        let before = self.queue.messages.get(seq).expect("it was just looked at").clone();
        let group = before.extra().group.and_then(|group| self.group_name(group)).cloned();
        let hash = self.queue.known.get(number).map(|known| known.hash);
        // The old body may be on disk under the old number.
        let body_number = self.queue.take_seq();
        drop(self.remove(seq));
        let window_ms = window_ms.unwrap_or(self.queue.rules().dedup_window_ms);
        let known = self.make_known(at, hash.expect("found by its hash"), seq, window_ms);
        let group = group.map(|name| self.open_group(&name));
        message.attempts = before.attempts;
        let (extra, old) = (message.extra_mut(), before.extra());
        extra.body = Some((self.queue.number, body_number));
        extra.dedup = Some((known, id.into()));
        extra.gap |= old.gap;
        (extra.rank, extra.group) = (old.rank, group);
        (extra.attempts_before, extra.first_ms) = (old.attempts_before, old.first_ms);
        self.add(seq, message);
        if let Some(opened) = opened {
            self.settle_group(opened);
        }
        Ok(())
    }

    /// A message as it was asked for.
    fn message(&mut self, at: &Stamp, body: &[u8], manner: &Manner<'_>) -> Message {
        let rules = self.queue.rules();
        let (delay_ms, usual_ttl_ms) = (rules.delay_ms, rules.ttl_ms);
        let Manner::Of { visible, ttl_ms, priority, group, lease_ms, fails_max, headers, .. } =
            manner;
        let until_ms = match visible {
            Some(visible) => visible.at(at.now_ms),
            None => at.now_ms.saturating_add(delay_ms),
        };
        let mut message = plain(at, body, visible_at(at, until_ms));
        let ttl_ms = ttl_ms.unwrap_or(usual_ttl_ms);
        if ttl_ms > 0 {
            let extra = message.extra_mut();
            extra.expires_ms = Some(at.now_ms.saturating_add(ttl_ms));
            extra.ttl_ms = ttl_ms;
        }
        if let Some(priority @ 1..) = *priority {
            message.extra_mut().priority = priority;
        }
        if lease_ms.is_some() || fails_max.is_some() {
            let extra = message.extra_mut();
            (extra.lease_ms, extra.fails_max) = (*lease_ms, *fails_max);
        }
        if !headers.is_empty() {
            let kept = headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            message.extra_mut().headers = kept.collect();
        }
        if let Some(group) = group {
            let number = self.open_group(group);
            let gap = self.queue.groups.get_mut(number);
            let gap = gap.is_some_and(|group| std::mem::take(&mut group.gap));
            let extra = message.extra_mut();
            (extra.group, extra.gap) = (Some(number), gap);
        }
        message
    }

    /// Makes room for some messages with so many bytes, as the queue says.
    pub fn make_room(
        &mut self,
        at: &Stamp,
        count: u64,
        bytes: u64,
        length_max: Option<u64>,
    ) -> Result<(), Outcome> {
        loop {
            let Some(what) = self.lacks(count, bytes, length_max) else { return Ok(()) };
            let rules = self.queue.rules();
            let (overflow, in_vain) = (rules.overflow, self.is_too_much(count, bytes, length_max));
            let first = match overflow {
                Overflow::Reject {} => None,
                _ if in_vain => None,
                _ => self.first_in_order(),
            };
            let Some(seq) = first else { return Err(self.full(at, what)) };
            match overflow {
                Overflow::DeadHead {} => self.die(at, seq, Reason::Overflow {}),
                _ => self.drop_out(seq, Count::DroppedByOverflow),
            }
        }
    }

    /// Whether there is room for one more message.
    pub fn has_room(&self, bytes: u64) -> bool {
        self.lacks(1, bytes, None).is_none()
    }

    fn lacks(&self, count: u64, bytes: u64, length_max: Option<u64>) -> Option<&'static str> {
        let rules = self.queue.rules();
        let length = self.shape.living() as u64 + count;
        let more = u64::from(is_broken(Mutant::OneTooMany));
        let over = |max: u64| max > 0 && length > max + more;
        if over(rules.share(rules.length_max)) || length_max.is_some_and(|max| length > max) {
            return Some("len");
        }
        let used = self.shape.bytes - self.shape.dead_bytes;
        let bytes_max = rules.share(rules.bytes_max);
        (bytes_max > 0 && used.saturating_add(bytes) > bytes_max).then_some("bytes")
    }

    /// Whether there would be no room even if there were nothing else.
    fn is_too_much(&self, count: u64, bytes: u64, length_max: Option<u64>) -> bool {
        let rules = self.queue.rules();
        let over = |number: u64, max: u64| max > 0 && number > max;
        over(count, rules.share(rules.length_max))
            || over(bytes, rules.share(rules.bytes_max))
            || length_max.is_some_and(|max| count > max)
    }

    /// The first message that nobody has.
    fn first_in_order(&self) -> Option<u64> {
        let ranks = [self.shape.levels.oldest(0), self.shape.grouped.first()];
        let ready = ranks.into_iter().flatten().min().map(|rank| self.shape.seq_of(rank));
        ready.or_else(|| self.shape.delayed.first().map(|(_, seq)| *seq))
    }

    /// The queue is full; about then there may be room again.
    fn full(&self, at: &Stamp, what: &str) -> Outcome {
        let counts = &self.queue.counts;
        let age_ms = at.now_ms.saturating_sub(self.queue.made_ms);
        let retry_ms = age_ms.checked_div(counts.gone()).unwrap_or(1000).clamp(10, 10_000);
        let text = format!("{what} {retry_ms}").into_bytes();
        Outcome::Refused { fault: Fault::QueueFull, text }
    }
}

impl Visible {
    /// When that is.
    pub(super) fn at(self, now_ms: u64) -> u64 {
        match self {
            Visible::Now {} => now_ms,
            Visible::In { ms } => now_ms.saturating_add(ms),
            Visible::At { ms } => ms,
        }
    }
}

/// The state of a message that becomes visible at `until_ms`.
pub(super) fn visible_at(at: &Stamp, until_ms: u64) -> State {
    if until_ms > at.now_ms { State::Delayed { until_ms } } else { State::Ready }
}

/// What is asked for does not fit together, or is too much.
fn check_manner(manner: &Manner<'_>) -> Result<(), Fault> {
    let Manner::Of { visible, priority, group, headers, dedup, .. } = manner;
    if priority.is_some_and(|priority| priority > PRIORITY_MAX) {
        return Err(Fault::OutOfRange);
    }
    if group.is_some() && (visible.is_some() || priority.is_some()) {
        return Err(Fault::NeedsGroup);
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    let id = dedup.map_or(0, |Dedup::Of { id, .. }| id.len());
    let short = id.max(group.map_or(0, <[u8]>::len)) <= SHORT_BYTES_MAX;
    let few = headers.len() <= HEADERS_MAX && bytes <= HEADER_BYTES_MAX;
    if short && few { Ok(()) } else { Err(Fault::OutOfRange) }
}

/// A limit is reached.
pub(super) fn limit(text: &str) -> Outcome {
    Outcome::Refused { fault: Fault::Limit, text: text.as_bytes().to_vec() }
}

/// Words about a failure, as they are kept.
pub(super) fn short_error(error: &[u8]) -> &[u8] {
    &error[..error.len().min(ERROR_BYTES_MAX)]
}
