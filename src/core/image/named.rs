//! Values by name, copy-on-write.
//!
//! The names are spread over a fixed number of buckets by a fixed hash. A clone
//! shares all buckets; the first change of a bucket afterwards copies that one.
//! The order of the entries depends on nothing but the names.

use std::collections::BTreeMap;
use std::hash::Hasher;
use std::sync::Arc;

use siphasher::sip::SipHasher13;

/// A name, shared by all that refer to it.
pub type Name = Arc<[u8]>;

/// None: nothing is in it. Copying a map with few entries costs little then, and a name
/// that is not there is mostly found out without a look at memory that has long left the
/// processor's caches.
type Bucket<V> = Option<Arc<BTreeMap<Name, V>>>;

/// A million names are 250 to a bucket: copying one takes some 20 us, cloning
/// the map about as long.
const BUCKETS: usize = 4096;

/// Values by name.
#[derive(Clone, Debug)]
pub struct Named<V> {
    buckets: Vec<Bucket<V>>,
    len: usize,
}

impl<V: Clone> Named<V> {
    /// Over how many buckets the names are spread.
    pub const BUCKETS: usize = BUCKETS;

    /// A map without entries.
    pub fn new() -> Self {
        Named { buckets: vec![None; BUCKETS], len: 0 }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value of a name.
    pub fn get(&self, name: &[u8]) -> Option<&V> {
        self.buckets[place(name)].as_ref()?.get(name)
    }

    /// The name as it is shared, if it has a value.
    pub fn shared_name(&self, name: &[u8]) -> Option<Name> {
        let (name, _) = self.buckets[place(name)].as_ref()?.get_key_value(name)?;
        Some(name.clone())
    }

    /// The value of a name, to be changed.
    pub fn get_mut(&mut self, name: &[u8]) -> Option<&mut V> {
        let bucket = self.buckets[place(name)].as_mut()?;
        // A miss must not cost a copy of the bucket.
        if Arc::get_mut(bucket).is_none() && !bucket.contains_key(name) {
            return None;
        }
        Arc::make_mut(bucket).get_mut(name)
    }

    /// Gives a name a value and returns the one it had.
    pub fn insert(&mut self, name: Name, value: V) -> Option<V> {
        let bucket = self.buckets[place(&name)].get_or_insert_default();
        let old = Arc::make_mut(bucket).insert(name, value);
        self.len += usize::from(old.is_none());
        old
    }

    /// Takes a name out and returns its value.
    pub fn remove(&mut self, name: &[u8]) -> Option<V> {
        self.take(name).map(|(_, value)| value)
    }

    /// Takes a name out and returns it, as it is shared, with its value.
    pub fn take(&mut self, name: &[u8]) -> Option<(Name, V)> {
        let slot = &mut self.buckets[place(name)];
        let bucket = slot.as_mut()?;
        // A miss must not cost a copy of the bucket.
        if Arc::get_mut(bucket).is_none() && !bucket.contains_key(name) {
            return None;
        }
        let entry = Arc::make_mut(bucket).remove_entry(name)?;
        if bucket.is_empty() {
            *slot = None;
        }
        self.len -= 1;
        Some(entry)
    }

    /// The entries of one bucket of [`Named::BUCKETS`].
    pub fn bucket(&self, number: usize) -> impl Iterator<Item = (&Name, &V)> {
        self.buckets.get(number).into_iter().flatten().flat_map(|bucket| bucket.iter())
    }

    /// All entries, in an order that depends only on the names.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &V)> {
        self.buckets.iter().flatten().flat_map(|bucket| bucket.iter())
    }
}

impl<V: Clone> Default for Named<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V: Clone + Send + Sync + 'static> Named<V> {
    /// All entries in the order of [`Named::iter`], copied bucket by bucket.
    pub fn into_entries(self) -> impl Iterator<Item = (Name, V)> + Send {
        self.buckets.into_iter().flatten().flat_map(|bucket| match Arc::try_unwrap(bucket) {
            Ok(own) => own.into_iter().collect::<Vec<_>>(),
            Err(shared) => {
                shared.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
            }
        })
    }
}

fn place(name: &[u8]) -> usize {
    let mut hasher = SipHasher13::new();
    hasher.write(name);
    (hasher.finish() % BUCKETS as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.as_bytes().into()
    }

    #[test]
    fn a_clone_keeps_what_was_there_when_it_was_made() {
        let mut map = Named::new();
        map.insert(name("a"), 1);
        map.insert(name("b"), 2);
        let image = map.clone();
        map.insert(name("a"), 3);
        map.remove(b"b");
        map.insert(name("c"), 4);
        assert_eq!((image.get(b"a"), image.get(b"b"), image.get(b"c")), (Some(&1), Some(&2), None));
        assert_eq!((map.get(b"a"), map.get(b"b"), map.get(b"c")), (Some(&3), None, Some(&4)));
        assert_eq!((image.len(), map.len()), (2, 2));
    }

    #[test]
    fn names_that_left_take_no_room() {
        let mut map = Named::new();
        for number in 0..10_000 {
            map.insert(name(&format!("n{number}")), ());
        }
        for number in 0..10_000 {
            map.remove(format!("n{number}").as_bytes());
        }
        assert!(map.is_empty() && map.buckets.iter().all(Option::is_none));
    }

    #[test]
    fn the_order_does_not_depend_on_the_history() {
        let mut forth = Named::new();
        let mut back = Named::new();
        for number in 0..1000 {
            forth.insert(name(&format!("n{number}")), ());
            back.insert(name(&format!("n{}", 999 - number)), ());
        }
        assert!(forth.iter().eq(back.iter()));
        assert!(
            forth
                .clone()
                .into_entries()
                .map(|(name, ())| name)
                .eq(back.iter().map(|(name, ())| name.clone()))
        );
    }
}
