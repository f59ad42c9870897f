//! Dead messages come back, a few at a time.

use super::desk::Desk;
use super::message::{Message, State};
use super::mutant::{Mutant, is_broken};
use super::op::{Op, Reason};
use super::push::visible_at;
use super::table::Table;
use super::{COUNT_MAX, REDRIVES_PER_STEP};
use crate::image::Name;
use crate::{Effects, Fault, Outcome, Stamp};

/// A redrive: it goes on by itself, whoever leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Task {
    pub state: Progress,
    pub begun_ms: u64,
    pub moved: u64,
    pub left: u64,
    /// Just these, in their order; none: all.
    pub seqs: Option<Vec<u64>>,
    pub reason: Option<Reason>,
    /// Deaths after this one are not its concern, nor are those up to `from_death`,
    /// which it has seen.
    pub upto_death: u64,
    pub from_death: u64,
    pub to: Option<Name>,
    pub part: u32,
    /// So many in a second; 0: as fast as ticks come.
    pub rate: u64,
    pub delay_ms: u64,
    pub reset: bool,
    pub head: bool,
    /// When it goes on.
    pub step_ms: u64,
    /// Since when, and since how many, the rate is counted.
    pub base: (u64, u64),
}

/// How far a redrive is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Running,
    Done,
    Cancelled,
}

impl Progress {
    /// What clients call it.
    pub fn word(self) -> &'static str {
        match self {
            Progress::Running => "running",
            Progress::Done => "done",
            Progress::Cancelled => "cancelled",
        }
    }
}

/// A redrive with a rate goes on after so long at the earliest.
const STEP_MS: u64 = 10;

/// A redrive whose messages have no room tries again after so long, or when its own
/// queue has some.
const RETRY_MS: u64 = 1000;

impl Task {
    /// When it goes on.
    pub fn next_ms(&self) -> Option<u64> {
        (self.state == Progress::Running).then_some(self.step_ms)
    }

    /// How many may be moved now.
    fn allowed(&mut self, now_ms: u64) -> u64 {
        if self.rate == 0 {
            return REDRIVES_PER_STEP;
        }
        let (since_ms, moved) = self.base;
        let whole = now_ms.saturating_sub(since_ms).saturating_mul(self.rate) / 1000;
        let due = whole.saturating_sub(self.moved.saturating_sub(moved));
        // After a pause it goes on at its rate instead of making up for it.
        let most = (self.rate / 10 + 1).min(REDRIVES_PER_STEP);
        if due > most {
            self.base = (now_ms, self.moved + most);
        }
        due.min(most)
    }

    /// There is room again for the next one.
    fn hasten(&mut self, now_ms: u64) {
        let before_ms = self.step_ms;
        self.plan(now_ms);
        self.step_ms = self.step_ms.min(before_ms);
    }

    /// When the next may be moved.
    fn plan(&mut self, now_ms: u64) {
        self.step_ms = if self.rate == 0 {
            now_ms
        } else {
            let (since_ms, moved) = self.base;
            let next = (self.moved + 1).saturating_sub(moved);
            let at_ms = since_ms.saturating_add(next.saturating_mul(1000).div_ceil(self.rate));
            at_ms.max(now_ms.saturating_add(STEP_MS))
        };
    }
}

impl Table {
    pub(super) fn redrive(&mut self, at: &Stamp, op: &Op<'_>, fx: &mut Effects) -> Outcome {
        let Op::Redrive { queue, part, count, ref seqs, reason, to, rate, delay_ms, reset, head } =
            *op
        else {
            return Outcome::Nil;
        };
        let Some(number) = self.find_made(queue, part) else {
            return Fault::NoSuchQueue.into();
        };
        if seqs.len() as u64 > COUNT_MAX {
            return Fault::OutOfRange.into();
        }
        let to = to.filter(|to| *to != queue);
        let desk = self.desk(number);
        if head && (to.is_some() || !desk.queue.is_held(at.now_ms)) {
            let text = b"HEAD needs a queue that is paused OUT".to_vec();
            return Outcome::Refused { fault: Fault::BadSetting, text };
        }
        let most = count.unwrap_or(u64::MAX);
        let mut task = Task {
            state: Progress::Running,
            begun_ms: at.now_ms,
            moved: 0,
            left: 0,
            seqs: None,
            reason,
            upto_death: desk.queue.last_number,
            from_death: 0,
            to: to.map(Name::from),
            part,
            rate: rate.unwrap_or(0),
            delay_ms: delay_ms.unwrap_or(0),
            reset,
            head,
            step_ms: at.now_ms,
            base: (at.now_ms, 0),
        };
        if seqs.is_empty() {
            let all = match reason {
                Some(reason) => desk.shape.died_of[reason.place()],
                None => desk.shape.dead.len(),
            };
            task.left = (all as u64).min(most);
        } else {
            let mut seqs = seqs.clone();
            seqs.sort_unstable();
            seqs.dedup();
            seqs.retain(|seq| desk.is_chosen(&task, *seq));
            seqs.truncate(usize::try_from(most).unwrap_or(usize::MAX));
            task.left = seqs.len() as u64;
            task.seqs = Some(seqs);
        }
        let chosen = task.left;
        if chosen == 0 {
            task.state = Progress::Done;
        } else if task.rate > 0 {
            task.plan(at.now_ms);
        }
        desk.queue.task = Some(task);
        self.finish(at, number, fx);
        Outcome::Int(i64::try_from(chosen).unwrap_or(i64::MAX))
    }

    pub(super) fn cancel_redrive(
        &mut self,
        at: &Stamp,
        (name, part): (&[u8], u32),
        fx: &mut Effects,
    ) -> Outcome {
        let Some(number) = self.find_made(name, part) else { return Outcome::Int(0) };
        let desk = self.desk(number);
        let running = |task: &&mut Task| task.state == Progress::Running;
        let Some(task) = desk.queue.task.as_mut().filter(running) else { return Outcome::Int(0) };
        task.state = Progress::Cancelled;
        task.seqs = None;
        self.finish(at, number, fx);
        Outcome::Int(1)
    }

    /// The redrive of a queue goes on. How many messages it moved.
    pub(super) fn redrive_some(
        &mut self,
        at: &Stamp,
        number: u64,
        budget: usize,
        fx: &mut Effects,
    ) -> usize {
        let Some(mut task) = self.desk(number).queue.task.take() else { return 0 };
        let allowed = task.allowed(at.now_ms).min(budget as u64);
        let target = match &task.to {
            // Where whoever names that queue finds it.
            Some(to) => self.open(&to.clone(), 0).ok(),
            None => Some(number),
        };
        let mut done = 0;
        let mut stuck = target.is_none();
        while done < allowed && !stuck && task.left > 0 {
            let Some(target) = target else { break };
            let Some(seq) = self.desk(number).next_dead(&mut task) else {
                task.left = 0;
                break;
            };
            if self.bring_back(at, number, seq, target, &task) {
                done += 1;
                task.moved += 1;
                task.left -= 1;
            } else {
                stuck = true;
                self.desk(number).put_off(&mut task, seq);
            }
        }
        task.plan(at.now_ms);
        if stuck {
            task.step_ms = at.now_ms.saturating_add(RETRY_MS);
        }
        if task.left == 0 {
            task.state = Progress::Done;
            task.seqs = None;
        }
        self.desk(number).queue.task = Some(task);
        if let Some(target) = target.filter(|target| *target != number) {
            self.finish(at, target, fx);
        }
        self.finish(at, number, fx);
        done as usize
    }

    fn bring_back(&mut self, at: &Stamp, from: u64, seq: u64, to: u64, task: &Task) -> bool {
        if to != from {
            return self.carry(at, from, seq, to, true);
        }
        let mut desk = self.desk(from);
        let bytes = desk.queue.messages.get(seq).map_or(0, |message| message.bytes.into());
        if !desk.has_room(bytes) {
            return false;
        }
        desk.revive(at, seq, task);
        true
    }

    /// Dead messages go where the queue sends them. Those for whom there is no room stay
    /// as they are.
    pub(super) fn send_letters(&mut self, at: &Stamp, fx: &mut Effects) {
        for (number, seq) in std::mem::take(&mut self.index.letters) {
            let Some(queue) = self.queues.get(number) else { continue };
            let dead = |message: &Message| message.state == State::Dead;
            let Some(name) = queue.rules().dead_letters.clone() else { continue };
            if *name == *queue.name || !queue.messages.get(seq).is_some_and(dead) {
                continue;
            }
            let Ok(target) = self.open(&name, 0) else { continue };
            self.carry(at, number, seq, target, false);
            self.finish(at, target, fx);
            self.finish(at, number, fx);
        }
    }
}

impl Desk<'_> {
    fn is_chosen(&self, task: &Task, seq: u64) -> bool {
        let Some(message) = self.queue.messages.get(seq) else { return false };
        let extra = message.extra();
        let upto = if is_broken(Mutant::RedriveWithoutEnd) { u64::MAX } else { task.upto_death };
        let since = extra.death.is_some_and(|death| death.number <= upto);
        message.state == State::Dead
            && since
            && task.reason.is_none_or(|reason| extra.reason == Some(reason))
    }

    /// The next that is brought back.
    fn next_dead(&mut self, task: &mut Task) -> Option<u64> {
        if let Some(seqs) = &mut task.seqs {
            let mut seqs = std::mem::take(seqs);
            let mut found = None;
            while found.is_none() && !seqs.is_empty() {
                found = Some(seqs.remove(0)).filter(|seq| self.is_chosen(task, *seq));
            }
            task.seqs = Some(seqs);
            return found;
        }
        let upto = if is_broken(Mutant::RedriveWithoutEnd) { u64::MAX } else { task.upto_death };
        while let Some((death, seq)) = self.shape.dead.range(task.from_death..=upto).next() {
            let (death, seq) = (*death, *seq);
            task.from_death = death + 1;
            if self.is_chosen(task, seq) {
                return Some(seq);
            }
        }
        None
    }

    /// A message could not be brought back now.
    fn put_off(&mut self, task: &mut Task, seq: u64) {
        match &mut task.seqs {
            Some(seqs) => seqs.insert(0, seq),
            None => task.from_death -= 1,
        }
    }

    /// A redrive that waits for room goes on as soon as there is some.
    pub(super) fn go_on_with_redrive(&mut self, at: &Stamp) {
        let waits = |task: &&Task| {
            let here = task.to.is_none() && task.state == Progress::Running;
            here && task.step_ms > at.now_ms
        };
        let Some(task) = self.queue.task.as_ref().filter(waits) else { return };
        let next = match &task.seqs {
            Some(seqs) => seqs.first(),
            None => self.shape.dead.get(&task.from_death),
        };
        let next = next.filter(|seq| self.is_chosen(task, **seq));
        let message = next.and_then(|seq| self.queue.messages.get(*seq));
        let fits = message.is_some_and(|message| self.has_room(message.bytes.into()));
        if let Some(task) = self.queue.task.as_mut().filter(|_| fits) {
            task.hasten(at.now_ms);
        }
    }

    /// A dead message is there again.
    fn revive(&mut self, at: &Stamp, seq: u64, task: &Task) {
        let rank = (!task.head).then(|| self.queue.take_seq());
        let until_ms = at.now_ms.saturating_add(task.delay_ms);
        self.edit(seq, |message| {
            let (attempts, reset) = (message.attempts, task.reset);
            if reset {
                message.fails = 0;
            }
            message.state = visible_at(at, until_ms);
            let extra = message.extra_mut();
            if reset {
                extra.attempts_before = attempts;
            }
            if rank.is_some() {
                extra.rank = rank;
            }
            (extra.redriven, extra.death) = (true, None);
            let ttl_ms = extra.ttl_ms;
            extra.expires_ms = (ttl_ms > 0).then(|| at.now_ms.saturating_add(ttl_ms));
        });
    }
}
