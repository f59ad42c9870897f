//! What is to be done next: whom to ask for whom, where to look, who has seen enough,
//! and what home has to know.

use super::{ASKS_MAX, Ask, AskId, BELIEVED_MS, Line, Part, Portion, ROOM, Step};

impl<E: Clone> Line<E> {
    /// What is to be done now. `led` says which partitions this node leads.
    pub fn plan(&mut self, led: impl Fn(u32) -> bool, now_ms: u64) -> Vec<Step<E>> {
        let mut steps = Vec::new();
        self.plan_pops(led, now_ms, &mut steps);
        self.plan_look(&mut steps);
        self.end_searches(&mut steps);
        self.plan_words(&mut steps);
        steps
    }

    fn plan_pops(&mut self, led: impl Fn(u32) -> bool, now_ms: u64, steps: &mut Vec<Step<E>>) {
        if self.free.is_empty() {
            return;
        }
        for part in self.stocked(led, now_ms) {
            let portions = self.portions(part);
            if !portions.is_empty() {
                self.clock += 1;
                self.parts[part as usize].popping = true;
                steps.push(Step::Pop { part, began: self.clock, portions });
            }
        }
    }

    /// The partitions that may have something, the first to be asked first: those that
    /// this node leads, each in its turn, then those that have most.
    fn stocked(&mut self, led: impl Fn(u32) -> bool, now_ms: u64) -> Vec<u32> {
        let (count, round) = (self.parts.len(), self.round);
        let mut list: Vec<_> = (0..count)
            .filter_map(|at| {
                let part = &mut self.parts[at];
                if now_ms.saturating_sub(part.known_ms) >= BELIEVED_MS && part.sent.is_none() {
                    part.ready = 0;
                }
                if part.ready == 0 || part.popping {
                    return None;
                }
                let (number, turn) = (at as u32, (at + count - round % count) % count);
                let here = led(number);
                Some((!here, if here { turn as u64 } else { u64::MAX - part.ready }, number))
            })
            .collect();
        if !list.is_empty() {
            self.round = round.wrapping_add(1) % count;
        }
        list.sort_unstable();
        list.into_iter().map(|(_, _, part)| part).collect()
    }

    /// Who is going to be served by a partition.
    fn portions(&mut self, part: u32) -> Vec<Portion> {
        let room = self.parts[part as usize].ready.saturating_add(ROOM);
        let (mut chosen, mut sum) = (Vec::new(), 0u64);
        for id in &self.free {
            let ask = &self.asks[id];
            if ask.tried.contains(&part) {
                continue;
            }
            chosen.push(*id);
            sum = sum.saturating_add(ask.need);
            if sum >= room || chosen.len() >= ASKS_MAX {
                break;
            }
        }
        let mut portions: Vec<Portion> = Vec::new();
        for id in chosen {
            self.take_out(id);
            let Ask { kind, need, .. } = &self.asks[&id];
            let same = |portion: &&mut Portion| !kind.alone && portion.kind == *kind;
            match portions.iter_mut().find(same) {
                Some(portion) => {
                    portion.count = portion.count.saturating_add(*need);
                    portion.asks.push(id);
                }
                None => portions.push(Portion { kind: kind.clone(), count: *need, asks: vec![id] }),
            }
        }
        portions
    }

    /// Looks where those who came last have not seen that there is nothing.
    fn plan_look(&mut self, steps: &mut Vec<Step<E>>) {
        let new = self.new.iter().map(|id| &self.asks[id]).filter(|ask| !ask.brief);
        let Some(came) = new.map(|ask| ask.came).max() else { return };
        let due = |part: &Part<E>| {
            part.ready == 0 && !part.popping && !part.looking && part.empty_at <= came
        };
        let parts: Vec<u32> =
            (0..self.parts.len()).filter(|at| due(&self.parts[*at])).map(|at| at as u32).collect();
        if parts.is_empty() {
            return;
        }
        self.clock += 1;
        for part in &parts {
            self.parts[*part as usize].looking = true;
        }
        steps.push(Step::Look { parts, began: self.clock });
    }

    /// Ends the search of those who have seen that there is nothing for them.
    fn end_searches(&mut self, steps: &mut Vec<Step<E>>) {
        let bare = |part: &Part<E>| part.ready == 0 && !part.popping;
        let horizon = |part: &Part<E>| if bare(part) { part.empty_at } else { 0 };
        let all = self.parts.iter().map(horizon).min().unwrap_or(u64::MAX);
        let looking = self.parts.iter().any(|part| part.looking);
        let has_seen = |ask: &Ask| {
            let seen = |(number, part): (usize, &Part<E>)| {
                (bare(part) && part.empty_at > ask.came)
                    || (!part.popping && ask.tried.contains(&(number as u32)))
            };
            // What others look for is known in a moment.
            (ask.brief && !looking)
                || ask.came < all
                || (!ask.tried.is_empty() && self.parts.iter().enumerate().all(seen))
        };
        let done: Vec<AskId> =
            self.new.iter().copied().filter(|id| has_seen(&self.asks[id])).collect();
        let failed = self.parts.iter().filter_map(|part| part.failed.as_ref());
        let (any, none) = (failed.clone().next().cloned(), failed.count() < self.parts.len());
        for id in done {
            self.new.remove(&id);
            let ask = &self.asks[&id];
            if ask.waits && none {
                self.waiting = self.waiting.saturating_add(ask.need);
            } else {
                self.free.remove(&id);
                self.asks.remove(&id);
                steps.push(Step::Nothing(id, any.clone()));
            }
        }
    }

    /// Tells home what changed that it has to know.
    fn plan_words(&mut self, steps: &mut Vec<Step<E>>) {
        for (number, part) in self.parts.iter_mut().enumerate() {
            // Had anybody a use for it, it would be asked just now.
            if let Some(version) = part.sent.take_if(|_| !part.popping) {
                // What nobody here can have would come back again and again. Others are
                // sent there when the partition says anew that it has something.
                let ready = if part.barren { 0 } else { part.ready };
                steps.push(Step::Left { part: number as u32, version, ready });
                // Home takes it that nobody here wants anything any more.
                self.told = 0;
            }
        }
        // More is told at once, less with the next regular word: at worst the node is
        // sent once for nothing.
        if self.waiting > self.told || (self.waiting == 0 && self.told > 0) {
            self.told = self.waiting;
            steps.push(Step::Want(self.waiting));
        }
    }
}
