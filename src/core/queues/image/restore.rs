//! The queues from bytes.

use super::super::counts::{Count, Counts, NUMBER_MAX};
use super::super::message::{Message, State};
use super::super::queue::{Asked, Consumer, Group, Known, Queue};
use super::super::redrive::{Progress, Task};
use super::super::rules::USUAL;
use super::super::table::Table;
use super::super::waiter::{Ask, Before, Waiter};
use super::super::{CONSUMERS_MAX, QUEUES_MAX};
use super::message::Kept;
use super::record::{Acked, Place, Record, TaskForm, Thing};
use crate::Origin;
use crate::wire::{Malformed, Wire};

impl Table {
    /// Adds what a chunk of an image holds. The chunks come in order, into a new table.
    ///
    /// # Errors
    /// The bytes are no chunk, or it does not fit to those before.
    pub fn restore(&mut self, mut chunk: &[u8]) -> Result<(), Malformed> {
        while !chunk.is_empty() {
            self.restore_record(Record::take(&mut chunk)?)?;
        }
        Ok(())
    }

    fn restore_record(&mut self, record: Record<'_>) -> Result<(), Malformed> {
        match record {
            Record::Head { first_seq, last_number, last_place, lives } => {
                self.restore_head([first_seq, last_number, last_place], lives)
            }
            Record::Begin { .. } => self.restore_queue(record),
            Record::Things { number, list } => {
                self.check_number(number)?;
                list.into_iter().try_for_each(|thing| self.restore_thing(number, thing))
            }
            Record::Messages { number, list } => {
                self.check_number(number)?;
                list.into_iter().try_for_each(|kept| self.restore_message(number, kept))
            }
            Record::Line { list } => {
                list.into_iter().try_for_each(|place| self.restore_waiter(place))
            }
        }
    }

    fn check_number(&self, number: u64) -> Result<(), Malformed> {
        self.queues.get(number).map(|_| ()).ok_or(Malformed)
    }

    fn restore_head(&mut self, numbers: [u64; 3], lives: Vec<Origin>) -> Result<(), Malformed> {
        [self.first_seq, self.last_number, self.last_place] = numbers;
        let plain = numbers.iter().all(|number| *number < NUMBER_MAX);
        if !plain || self.first_seq == 0 || !self.queues.is_empty() {
            return Err(Malformed);
        }
        lives.into_iter().for_each(|floor| self.lives.begin(floor));
        Ok(())
    }

    fn restore_queue(&mut self, record: Record<'_>) -> Result<(), Malformed> {
        let Record::Begin { number, name, part, made, numbers, counts, settings, window, task } =
            record
        else {
            return Err(Malformed);
        };
        let &[made_ms, used_ms, next_seq, last_number, closed_until_ms, held_until_ms] =
            &numbers[..]
        else {
            return Err(Malformed);
        };
        let new = number > 0 && number <= self.last_number && self.find(name, part).is_none();
        let free = self.queues.get(number).is_none() && self.queues.len() < QUEUES_MAX;
        let plain = next_seq > 0 && next_seq < NUMBER_MAX && last_number < NUMBER_MAX;
        let small = window.is_none_or(|(_, done)| done < NUMBER_MAX);
        if !new || !free || !plain || !small {
            return Err(Malformed);
        }
        let mut queue = Queue::new(name.into(), part, number, next_seq);
        (queue.made, queue.made_ms, queue.used_ms) = (made, made_ms, used_ms);
        (queue.closed_until_ms, queue.held_until_ms) = (closed_until_ms, held_until_ms);
        (queue.last_number, queue.window) = (last_number, window);
        queue.counts = Counts::from_list(&counts).ok_or(Malformed)?;
        if !settings.is_empty() {
            queue.set = Some(USUAL.with(&settings).map_err(|_| Malformed)?.into());
        }
        queue.task = task.map(|form| restore_task(&form)).transpose()?;
        self.add_queue(queue);
        self.desk(number).rearm();
        Ok(())
    }

    fn restore_thing(&mut self, queue: u64, thing: Thing<'_>) -> Result<(), Malformed> {
        let mut desk = self.desk(queue);
        let newest = desk.queue.last_number;
        let in_order = |last: Option<u64>, number: u64| {
            let new = last.is_none_or(|last| last < number) && number <= newest;
            if new { Ok(()) } else { Err(Malformed) }
        };
        match thing {
            Thing::Group { number, name, turn, gap } => {
                in_order(desk.queue.groups.last_number(), number)?;
                if desk.shape.group_names.contains_key(name) {
                    return Err(Malformed);
                }
                desk.add_group(number, Group { name: name.into(), turn, gap });
            }
            Thing::Known { number, hash: (high, low), seq, until_ms } => {
                in_order(desk.queue.known.last_number(), number)?;
                let hash = u128::from(high) << 64 | u128::from(low);
                if desk.shape.known.contains_key(&hash) {
                    return Err(Malformed);
                }
                desk.add_known(number, Known { hash, seq, until_ms });
            }
            Thing::Consumer { number, name, seen_ms } => {
                in_order(desk.queue.consumers.last_number(), number)?;
                if desk.shape.consumers.contains_key(name) {
                    return Err(Malformed);
                }
                desk.add_consumer(number, Consumer { name: name.into(), seen_ms });
            }
            Thing::Asked { number, name, list } => {
                in_order(desk.queue.asked.last_number(), number)?;
                if desk.shape.asked.contains_key(name) {
                    return Err(Malformed);
                }
                desk.add_asked(number, Asked { name: name.into(), list });
            }
        }
        desk.rearm();
        Ok(())
    }

    fn restore_message(&mut self, queue: u64, kept: Kept<'_>) -> Result<(), Malformed> {
        let seq = kept.seq;
        let message = kept.into_message();
        let own = message.extra().body;
        if own.is_some_and(|body| self.index.foreign.contains_key(&body)) {
            return Err(Malformed);
        }
        let mut desk = self.desk(queue);
        let new = desk.queue.messages.last_number().is_none_or(|last| last < seq);
        if !new || seq >= desk.queue.next_seq || !desk.is_sound(seq, &message) {
            return Err(Malformed);
        }
        desk.queue.counts.up(Count::Pushed);
        desk.add(seq, message);
        desk.rearm();
        Ok(())
    }

    fn restore_waiter(&mut self, place: Place<'_>) -> Result<(), Malformed> {
        let Place::Taken { place, origin, request, deadline_ms, queues, want, named, before } =
            place;
        let new = self.index.place_of(origin, request).is_none() && place <= self.last_place;
        let in_order = self.waiters.last_number().is_none_or(|last| last < place);
        let room = |number: &u64| {
            self.sides.get(number).is_some_and(|side| side.shape.waiting < CONSUMERS_MAX)
        };
        let mut distinct = queues.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let several = distinct.len() == queues.len() && !queues.is_empty();
        if !new || !in_order || !several || !queues.iter().all(room) {
            return Err(Malformed);
        }
        let before = before.map(|before| match before {
            Acked::Count { count } => Before::Count(count),
            Acked::Each { list } => Before::Each(list),
        });
        let (ask, queues) = (Ask::of(&want), queues.into());
        let waiter = Waiter { origin, request, deadline_ms, queues, ask, named, before };
        self.enqueue(place, waiter);
        Ok(())
    }
}

impl super::super::desk::Desk<'_> {
    /// Whether a message fits to what was read before it.
    fn is_sound(&self, seq: u64, message: &Message) -> bool {
        let extra = message.extra();
        let rank = extra.rank.unwrap_or(seq);
        let group = extra.group.is_none_or(|group| self.shape.groups.contains_key(&group));
        let moved = rank != seq;
        let ranks = !self.shape.ranks.contains_key(&rank) && rank < self.queue.next_seq;
        let free = !moved || self.queue.messages.get(rank).is_none();
        let dead = match (&message.state, extra.death) {
            (State::Dead, Some(death)) => {
                let new = !self.shape.dead.contains_key(&death.number);
                new && extra.reason.is_some() && death.number <= self.queue.last_number
            }
            (State::Dead, None) => false,
            (_, death) => death.is_none(),
        };
        let lease = message.lease();
        let asked = lease
            .is_none_or(|lease| lease.asked == 0 || self.queue.asked.get(lease.asked).is_some());
        let known = extra.priority <= super::super::PRIORITY_MAX && asked;
        group && ranks && free && dead && known && self.rank_is_free(seq, rank)
    }

    /// Whether no message that was moved in the order stands where this one does.
    fn rank_is_free(&self, seq: u64, rank: u64) -> bool {
        rank != seq || !self.shape.ranks.contains_key(&seq)
    }
}

fn restore_task(form: &TaskForm<'_>) -> Result<Task, Malformed> {
    let TaskForm::Of { state, numbers, seqs, reason, to, part, reset, head } = form;
    let &[
        begun_ms,
        moved,
        left,
        upto_death,
        from_death,
        rate,
        delay_ms,
        step_ms,
        since_ms,
        since_moved,
    ] = &numbers[..]
    else {
        return Err(Malformed);
    };
    if moved >= NUMBER_MAX || left >= NUMBER_MAX || since_moved >= NUMBER_MAX {
        return Err(Malformed);
    }
    Ok(Task {
        state: match state {
            0 => Progress::Running,
            1 => Progress::Done,
            2 => Progress::Cancelled,
            _ => return Err(Malformed),
        },
        begun_ms,
        moved,
        left,
        seqs: seqs.clone(),
        reason: *reason,
        upto_death,
        from_death,
        to: to.map(|to| to.into()),
        part: *part,
        rate,
        delay_ms,
        reset: *reset,
        head: *head,
        step_ms,
        base: (since_ms, since_moved),
    })
}
