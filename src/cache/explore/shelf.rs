//! A place for one line.

use std::cell::RefCell;
use std::hash::{Hash, Hasher};

use lockstep_core::ShardId;

use crate::{At, Evicted, Line, Name, Named, Seen, State, Store};

#[derive(Clone, Debug, Default)]
pub(super) struct Shelf(RefCell<Option<(Name, Line)>>);

impl Store for Shelf {
    fn copy(&self, at: At<'_>) -> Option<Seen> {
        self.look(at).and_then(|(line, _)| Seen::of(&line))
    }

    fn look(&self, at: At<'_>) -> Option<(Line, bool)> {
        let held = self.0.borrow();
        held.as_ref().filter(|(name, _)| name.at() == at).map(|(_, line)| (line.clone(), true))
    }

    fn put(&self, name: &Name, line: Line, _: &mut Vec<Evicted>) -> bool {
        *self.0.borrow_mut() = Some((name.clone(), line));
        true
    }

    fn rewrite(&self, name: &Name, line: Line, evicted: &mut Vec<Evicted>) -> bool {
        let stands = self.look(name.at()).is_some_and(|(old, _)| old.lets_in(&line));
        stands && self.put(name, line, evicted)
    }

    fn alter(&self, _: At<'_>, change: &mut dyn FnMut(&mut Line, bool)) {
        if let Some((_, line)) = &mut *self.0.borrow_mut() {
            change(line, true);
        }
    }

    fn names_of(&self, _: ShardId, most: usize) -> Vec<Name> {
        let held = self.0.borrow();
        held.iter().map(|(name, _)| name.clone()).take(most).collect()
    }

    fn remove(&self, _: At<'_>) -> Option<Evicted> {
        let (name, line) = self.0.borrow_mut().take()?;
        (line.state != State::Tag).then(|| Evicted::of(&name, &line))
    }
}

impl Hash for Shelf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let held = self.0.borrow();
        held.as_ref().map(|(_, line)| line).hash(state);
    }
}
