//! Keys that are lent, and written where they are: the first node writes its copy by itself.
//!
//! Writes are known by their values, which grow, since those of a node have no place in the
//! log at first. What a node wrote may be lost with its session, and then never comes back.

use super::*;

/// The writes of nodes.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Back {
    /// How many there were.
    count: u8,
    flushes: u8,
    /// Their values, as bits.
    values: u64,
    /// Those that were lost.
    lost: u64,
    /// The newest write of the log that anybody knows of.
    logged: u64,
}

fn bit(value: u64) -> u64 {
    1 << value
}

impl Back {
    pub(super) fn count(&self) -> u8 {
        self.count
    }
}

impl World {
    pub(super) fn back_steps(&self, steps: &mut Vec<Step>) {
        let (bounds, back) = (&self.bounds, &self.back);
        let sharer = &self.nodes[0].sharer;
        if back.count < bounds.local_writes && sharer.borrows(&name()) {
            steps.push(Step::WriteHere);
        }
        if back.flushes < bounds.flushes && sharer.dirty() > 0 {
            steps.push(Step::Flush);
        }
        let leader = self.homes.last().unwrap();
        if leader.home.has_ahead() && leader.applied == leader.log.len() {
            steps.push(Step::Ahead);
        }
    }

    /// Whether the home calls the key back before it takes a write.
    pub(super) fn calls_back(&mut self) -> Result<bool, String> {
        let (last, mut waits) = (self.homes.len() - 1, false);
        self.at_home(last, |seat, now, out| {
            waits =
                seat.applied < seat.log.len() || seat.home.must_wait(now, Some(&[&name()]), out);
        })?;
        Ok(waits)
    }

    pub(super) fn write_here(&mut self) -> Result<(), String> {
        let value = self.writes + self.back.count + 1;
        let mut written = Written::Elsewhere;
        self.at_node(0, |node, now, out| {
            let bytes = Bytes::copy_from_slice(&[value]);
            written = node.sharer.write(&node.shelf, &name(), bytes, || now, out);
        })?;
        if written != Written::Here {
            return Ok(());
        }
        let home = &self.homes.last().unwrap().home;
        if home.is_open(time(self.now)) && !home.is_lent(&name()) {
            return Err(format!("{value} was written to a key that is not lent"));
        }
        self.back.count += 1;
        self.back.values |= bit(value.into());
        self.floor = value.into();
        Ok(())
    }

    pub(super) fn flush(&mut self) -> Result<(), String> {
        self.back.flushes += 1;
        self.at_node(0, |node, now, out| _ = node.sharer.flush(now, true, out))
    }

    pub(super) fn ahead(&mut self) -> Result<(), String> {
        let last = self.homes.len() - 1;
        self.at_home(last, |seat, now, out| {
            let ahead = seat.home.ahead(now, seat.log.len() as u64, out).unwrap();
            seat.log.push(ahead.values[0].1[0]);
            seat.gates.push((ahead.gate, seat.log.len()));
        })?;
        let value = u64::from(*self.homes[last].log.last().unwrap());
        if self.back.lost & bit(value) != 0 {
            return Err(format!("{value} was lost, and is written now"));
        }
        Ok(())
    }

    /// By what a write is known that stands at a place of the log.
    pub(super) fn rank(&self, home: usize, place: u64) -> u64 {
        match place.checked_sub(1) {
            Some(at) if self.bounds.back => self.homes[home].log[at as usize].into(),
            _ => place,
        }
    }

    /// The same of what was read.
    pub(super) fn rank_of(&self, content: &Content) -> u64 {
        if !self.bounds.back {
            return content.version;
        }
        content.value.as_ref().map_or(0, |value| value[0].into())
    }

    pub(super) fn is_of_node(&self, value: u64) -> bool {
        self.back.values & bit(value) != 0
    }

    fn is_logged(&self, value: u64) -> bool {
        self.homes.last().unwrap().log.iter().any(|other| u64::from(*other) == value)
    }

    /// The write was seen.
    pub(super) fn knows(&mut self, value: u64) -> Result<(), String> {
        if !self.bounds.back {
            return Ok(());
        }
        if self.back.lost & bit(value) != 0 {
            return Err(format!("{value} was lost, and is read now"));
        }
        if self.is_logged(value) && !self.may_be_undone(value) {
            self.back.logged = self.back.logged.max(value);
        }
        Ok(())
    }

    /// Whether a write is of a node, and not surely committed.
    fn may_be_undone(&self, value: u64) -> bool {
        let last = self.homes.last().unwrap();
        let mut applied = last.log[..last.applied].iter();
        self.is_of_node(value) && !applied.any(|other| u64::from(*other) == value)
    }

    /// Something older was seen than what was known: writes of nodes may have been lost.
    pub(super) fn lose_beyond(&mut self, value: u64) -> Result<(), String> {
        let floor = self.floor;
        let why = || Err(format!("write {value} was read, and {floor} was known before"));
        if !self.bounds.loses || self.back.logged > value {
            return why();
        }
        for gone in value + 1..=floor {
            if !self.is_of_node(gone) {
                continue;
            }
            if self.is_logged(gone) {
                return why();
            }
            self.back.lost |= bit(gone);
        }
        self.floor = value;
        Ok(())
    }

    /// Nothing of the log is undone that anybody knows.
    pub(super) fn undone_of_log(&self, place: usize) -> Result<(), String> {
        let (logged, log) = (self.back.logged, &self.homes[0].log[..place]);
        if logged > 0 && !log.iter().any(|value| u64::from(*value) == logged) {
            return Err(format!("write {logged} was seen, and is undone"));
        }
        Ok(())
    }
}
