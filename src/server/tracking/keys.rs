//! Which clients have read which keys.

use std::collections::HashMap;
use std::sync::Arc;

use smallvec::SmallVec;

/// The clients that have read a key.
pub(super) type Readers = SmallVec<[u64; 2]>;

/// Which clients have read which keys since these changed.
#[derive(Debug, Default)]
pub(super) struct Keys {
    places: HashMap<Arc<[u8]>, usize>,
    list: Vec<(Arc<[u8]>, Readers)>,
    /// Readers, over all keys.
    items: usize,
}

impl Keys {
    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// How many readers they have together.
    pub fn items(&self) -> usize {
        self.items
    }

    /// A client reads a key; whether that was not known. Now and then readers are forgotten
    /// that do not `live`.
    pub fn add(&mut self, name: &[u8], id: u64, live: impl Fn(u64) -> bool) -> bool {
        let Some(at) = self.places.get(name) else {
            let name: Arc<[u8]> = name.into();
            self.places.insert(name.clone(), self.list.len());
            self.list.push((name, [id].into_iter().collect()));
            self.items += 1;
            return true;
        };
        let readers = &mut self.list[*at].1;
        if readers.contains(&id) {
            return false;
        }
        if readers.len() > 2 && readers.len().is_power_of_two() {
            let before = readers.len();
            readers.retain(|id| live(*id));
            self.items -= before - readers.len();
        }
        readers.push(id);
        self.items += 1;
        true
    }

    /// A client has not read a key.
    pub fn remove(&mut self, name: &[u8], id: u64) {
        let Some(at) = self.places.get(name).copied() else { return };
        let readers = &mut self.list[at].1;
        let before = readers.len();
        readers.retain(|reader| *reader != id);
        self.items -= before - readers.len();
        if readers.is_empty() {
            self.take(name);
        }
    }

    /// Takes out a key, with those who have read it.
    pub fn take(&mut self, name: &[u8]) -> Option<Readers> {
        let at = self.places.remove(name)?;
        Some(self.take_at(at).1)
    }

    /// Takes out any key; `chance` is a random number.
    pub fn take_any(&mut self, chance: u64) -> Option<(Arc<[u8]>, Readers)> {
        let count = self.list.len() as u64;
        let at = usize::try_from(chance.checked_rem(count)?).ok()?;
        self.places.remove(&self.list[at].0);
        Some(self.take_at(at))
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        *self = Keys::default();
    }

    fn take_at(&mut self, at: usize) -> (Arc<[u8]>, Readers) {
        let taken = self.list.swap_remove(at);
        if let Some((moved, _)) = self.list.get(at) {
            self.places.insert(moved.clone(), at);
        }
        self.items -= taken.1.len();
        taken
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_again_when_others_are_taken_out() {
        let mut keys = Keys::default();
        for (name, id) in [(b"a", 1), (b"b", 1), (b"c", 2), (b"a", 2), (b"a", 1)] {
            keys.add(name, id, |_| true);
        }
        assert_eq!((keys.len(), keys.items()), (3, 4));
        assert_eq!(keys.take(b"a").unwrap()[..], [1, 2]);
        assert_eq!(keys.take(b"a"), None);
        assert_eq!(keys.take(b"c").unwrap()[..], [2]);
        assert_eq!((keys.len(), keys.items()), (1, 1));
        let (name, readers) = keys.take_any(7).unwrap();
        assert_eq!((&name[..], &readers[..]), (&b"b"[..], &[1][..]));
        assert_eq!(keys.take_any(7), None);
    }

    #[test]
    fn who_has_not_read_a_key_after_all_is_forgotten_alone() {
        let mut keys = Keys::default();
        assert!(keys.add(b"a", 1, |_| true) && keys.add(b"a", 2, |_| true));
        assert!(!keys.add(b"a", 1, |_| true), "it was known");
        keys.remove(b"a", 1);
        keys.remove(b"b", 1);
        assert_eq!((keys.len(), keys.items()), (1, 1));
        keys.remove(b"a", 2);
        assert_eq!((keys.len(), keys.items()), (0, 0));
        assert_eq!(keys.take(b"a"), None);
    }

    #[test]
    fn readers_that_are_gone_do_not_pile_up() {
        let mut keys = Keys::default();
        for id in 0..10_000 {
            keys.add(b"a", id, |id| id == 5);
        }
        assert!(keys.items() < 8, "{}", keys.items());
        assert!(keys.take(b"a").unwrap().contains(&5));
    }
}
