//! SORT STORE.

use super::Writer;
use crate::keys::Event;
use crate::keys::sorting::{Source, Terms};
use crate::keys::store::{Collection, Value};
use crate::{Db, Fault, Outcome};

impl Writer<'_> {
    /// Puts what SORT gives as a list at a key. How long it is.
    pub(super) fn store_sorted(
        &mut self,
        db: Db,
        [to, key]: [&[u8]; 2],
        terms: &Terms<'_>,
        get: &[&[u8]],
    ) -> Result<Outcome, Fault> {
        let (hasher, now_ms) = (self.space.hasher, self.now_ms());
        // What is past its deadline goes first.
        if self.find(db, &hasher.name(key)).is_none() {
            self.tell(db, key, Event::KeyMiss {});
        }
        let database = self.space.database(db);
        let look = |key: &[u8]| {
            let item = database?.get(&hasher.name(key))?;
            (!item.is_due(now_ms)).then_some(&item.value)
        };
        let value = look(key);
        let mut list = Collection::default();
        for element in (Source { hasher, now_ms, look, stored: true, value }).sorted(terms, get)? {
            list.insert_element(list.len(), element.as_deref().unwrap_or_default());
        }
        let len = list.len();
        self.replace_collection(db, to, Value::List(list), Event::SortStore {});
        Ok(Outcome::Int(len as i64))
    }
}
