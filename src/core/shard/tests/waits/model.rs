//! A plain model of lists, sorted sets and those who wait for them.

use std::collections::{BTreeMap, VecDeque};

use super::*;
use crate::Fault;

#[derive(Clone, Debug)]
enum Value {
    Text,
    List(VecDeque<Vec<u8>>),
    /// Members with their scores, in order.
    Sorted(Vec<(u64, Vec<u8>)>),
}

type Key = (u8, Vec<u8>);

#[derive(Clone, Debug)]
struct Waiter {
    conn: u64,
    db: u8,
    keys: Vec<Vec<u8>>,
    want: Vec<u8>,
    until_ms: Option<u64>,
}

/// What there is, and who waits in which order.
#[derive(Debug, Default)]
pub(super) struct Model {
    keys: BTreeMap<Key, Value>,
    line: Vec<Waiter>,
    /// Keys that came into being during the operation.
    came: VecDeque<Key>,
    pub answers: Vec<(u64, Outcome)>,
}

fn want(bytes: &[u8]) -> Want<'_> {
    use crate::wire::Wire;
    Want::take(&mut &bytes[..]).unwrap()
}

impl Model {
    pub fn waiting(&self) -> usize {
        self.line.len()
    }

    /// Whatever ends first.
    pub fn expire(&mut self, now_ms: u64) {
        let (over, line): (Vec<Waiter>, Vec<Waiter>) = std::mem::take(&mut self.line)
            .into_iter()
            .partition(|waiter| waiter.until_ms.is_some_and(|until_ms| until_ms <= now_ms));
        self.line = line;
        let mut over: Vec<(u64, Waiter)> =
            over.into_iter().map(|waiter| (waiter.until_ms.unwrap_or(0), waiter)).collect();
        over.sort_by_key(|(until_ms, _)| *until_ms);
        for (_, waiter) in over {
            self.answers.push((waiter.conn, want(&waiter.want).in_vain()));
        }
    }

    pub fn gone(&mut self, conn: u64) {
        self.line.retain(|waiter| waiter.conn != conn);
    }

    pub fn run(&mut self, now_ms: u64, op: &keys::Op<'_>) -> Outcome {
        match op {
            keys::Op::List { db, key, op: lists::Op::Push { values, .. } } => {
                self.push(db.0, key, values)
            }
            keys::Op::Scored { db, key, op: zsets::Op::Add { pairs, .. } } => {
                self.add(db.0, key, pairs[0])
            }
            keys::Op::Set { db, key, .. } => {
                self.put((db.0, key.to_vec()), Value::Text);
                Outcome::Ok
            }
            keys::Op::Del { db, keys } => {
                let gone = |key: &&&[u8]| self.keys.remove(&(db.0, key.to_vec())).is_some();
                Outcome::Int(keys.iter().filter(gone).count() as i64)
            }
            keys::Op::Rename { db, from, to, .. } => {
                match self.keys.remove(&(db.0, from.to_vec())) {
                    None => Fault::NoSuchKey.into(),
                    Some(value) if from == to => {
                        self.keys.insert((db.0, from.to_vec()), value);
                        Outcome::Ok
                    }
                    Some(value) => {
                        self.put((db.0, to.to_vec()), value);
                        Outcome::Ok
                    }
                }
            }
            keys::Op::SwapDb { a, b } => {
                self.swap(a.0, b.0);
                Outcome::Ok
            }
            keys::Op::FlushAll {} => {
                self.keys.clear();
                Outcome::Ok
            }
            keys::Op::PopOrWait { db, keys, want, wait, .. } => {
                let now = self.pop(db.0, keys, want);
                match (now, wait) {
                    (Outcome::Nil, Some(Wait::For { origin, block_ms, .. })) => {
                        use crate::wire::Wire;
                        let mut bytes = Vec::new();
                        want.put(&mut bytes);
                        let until_ms = (*block_ms > 0).then_some(now_ms + block_ms);
                        let keys = keys.iter().map(|key| key.to_vec()).collect();
                        let (conn, db) = (origin.conn, db.0);
                        self.line.push(Waiter { conn, db, keys, want: bytes, until_ms });
                        Outcome::Waits
                    }
                    (outcome, _) => outcome,
                }
            }
            keys::Op::CancelWait { origin, .. } => {
                let place = self.line.iter().position(|waiter| waiter.conn == origin.conn);
                let Some(place) = place else { return Outcome::Int(0) };
                let waiter = self.line.remove(place);
                self.answers.push((waiter.conn, want(&waiter.want).in_vain()));
                Outcome::Int(1)
            }
            other => panic!("{other:?}"),
        }
    }

    /// The keys that came are for those who wait, in their order.
    pub fn serve(&mut self) {
        while let Some(key) = self.came.pop_front() {
            while let Some(waiter) = self.next_for(&key) {
                let only: Vec<&[u8]> = vec![&key.1];
                let outcome = self.pop(key.0, &only, &want(&waiter.want));
                self.answers.push((waiter.conn, outcome));
            }
        }
    }

    fn next_for(&mut self, key: &Key) -> Option<Waiter> {
        let kind = match self.keys.get(key)? {
            Value::List(_) => crate::keys::waits::Kind::List,
            Value::Sorted(_) => crate::keys::waits::Kind::Sorted,
            Value::Text => return None,
        };
        let is_for = |waiter: &Waiter| {
            let named = waiter.db == key.0 && waiter.keys.contains(&key.1);
            named && want(&waiter.want).kind() == kind
        };
        let place = self.line.iter().position(is_for)?;
        Some(self.line.remove(place))
    }

    fn put(&mut self, key: Key, value: Value) {
        let awaited = !matches!(value, Value::Text);
        self.keys.insert(key.clone(), value);
        if awaited && !self.came.contains(&key) {
            self.came.push_back(key);
        }
    }

    fn swap(&mut self, a: u8, b: u8) {
        let keys = std::mem::take(&mut self.keys);
        let swapped = |db: u8| match db {
            db if db == a => b,
            db if db == b => a,
            db => db,
        };
        self.keys =
            keys.into_iter().map(|((db, key), value)| ((swapped(db), key), value)).collect();
        for db in [a, b] {
            let there = self.keys.iter().filter(|(_, value)| !matches!(value, Value::Text));
            let there: Vec<Key> = there.map(|(key, _)| key.clone()).collect();
            for key in there.into_iter().filter(|key| key.0 == db && a != b) {
                if !self.came.contains(&key) {
                    self.came.push_back(key);
                }
            }
        }
    }

    fn push(&mut self, db: u8, key: &[u8], values: &[&[u8]]) -> Outcome {
        let key = (db, key.to_vec());
        match self.keys.get_mut(&key) {
            Some(Value::List(list)) => {
                list.extend(values.iter().map(|value| value.to_vec()));
                Outcome::Int(list.len() as i64)
            }
            Some(_) => Fault::WrongType.into(),
            None => {
                self.put(key, Value::List(values.iter().map(|value| value.to_vec()).collect()));
                Outcome::Int(values.len() as i64)
            }
        }
    }

    fn add(&mut self, db: u8, key: &[u8], (score, member): (f64, &[u8])) -> Outcome {
        let key = (db, key.to_vec());
        let entry = (score as u64, member.to_vec());
        match self.keys.get_mut(&key) {
            Some(Value::Sorted(set)) => {
                let before = set.len();
                set.retain(|(_, there)| there != member);
                let new = before == set.len();
                set.push(entry);
                set.sort();
                Outcome::Int(new.into())
            }
            Some(_) => Fault::WrongType.into(),
            None => {
                self.put(key, Value::Sorted(vec![entry]));
                Outcome::Int(1)
            }
        }
    }

    fn pop(&mut self, db: u8, keys: &[&[u8]], want: &Want<'_>) -> Outcome {
        for key in keys {
            let at = (db, key.to_vec());
            let outcome = match (self.keys.get_mut(&at), want) {
                (None, _) => continue,
                (Some(Value::List(list)), Want::Element { front }) => {
                    popped(key, &ends(list, *front, 1)[0])
                }
                (Some(Value::List(list)), Want::Elements { front, count }) => {
                    let elements = ends(list, *front, *count as usize);
                    let elements = elements.iter().map(|element| bytes(element)).collect();
                    Outcome::List(vec![bytes(key), Outcome::List(elements)])
                }
                (Some(Value::List(_)), Want::Moved { to, from_front, to_front }) => {
                    return self.shift(at, to, *from_front, *to_front);
                }
                (Some(Value::Sorted(set)), Want::Member { max }) => {
                    let (score, member) = if *max { set.pop().unwrap() } else { set.remove(0) };
                    let score = Outcome::Float(score as f64);
                    Outcome::List(vec![bytes(key), bytes(&member), score])
                }
                _ => return Fault::WrongType.into(),
            };
            self.tidy(&at);
            return outcome;
        }
        Outcome::Nil
    }

    fn shift(&mut self, from: Key, to: &[u8], from_front: bool, to_front: bool) -> Outcome {
        let to = (from.0, to.to_vec());
        if !matches!(self.keys.get(&to), None | Some(Value::List(_))) {
            return Fault::WrongType.into();
        }
        let Some(Value::List(list)) = self.keys.get_mut(&from) else { unreachable!() };
        let element = ends(list, from_front, 1).remove(0);
        self.tidy(&from);
        match self.keys.get_mut(&to) {
            Some(Value::List(list)) if to_front => list.push_front(element.clone()),
            Some(Value::List(list)) => list.push_back(element.clone()),
            _ => self.put(to, Value::List(VecDeque::from([element.clone()]))),
        }
        bytes(&element)
    }

    fn tidy(&mut self, key: &Key) {
        let empty = match self.keys.get(key) {
            Some(Value::List(list)) => list.is_empty(),
            Some(Value::Sorted(set)) => set.is_empty(),
            _ => false,
        };
        if empty {
            self.keys.remove(key);
        }
    }
}

fn ends(list: &mut VecDeque<Vec<u8>>, front: bool, count: usize) -> Vec<Vec<u8>> {
    let mut pop = || if front { list.pop_front() } else { list.pop_back() };
    (0..count).map_while(|_| pop()).collect()
}
