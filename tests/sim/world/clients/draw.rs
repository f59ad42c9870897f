//! What a client does next.

use super::guards::Guard;
use super::meaning::{Meaning, Script};
use super::queues;
use crate::chance::Chance;

/// How much there is of everything.
#[derive(Clone, Copy, Debug)]
pub struct Goods {
    /// Registers that are only set and read.
    pub registers: u32,
    /// Registers on which anything is done, numbered behind those.
    pub mixed: u32,
    /// Lists.
    pub lists: u32,
    /// Locks.
    pub locks: u32,
}

impl Goods {
    /// What a run works on.
    pub const USUAL: Goods = Goods { registers: 3, mixed: 3, lists: 3, locks: 3 };
}

/// A lock that a client holds.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// Which.
    pub lock: u32,
    /// Whether under a name.
    pub named: bool,
    /// The place of the hold in the book.
    pub hold: usize,
    /// Up to when its lease surely lasts.
    pub lease_until: u64,
}

/// What a client holds that it has to give back.
#[derive(Clone, Debug, Default)]
pub struct Hands {
    /// A lock.
    pub lock: Option<Held>,
    /// Messages.
    pub queues: queues::Hands,
    /// Locks that guard something.
    pub guards: Vec<Guard>,
}

/// Draws what a client does next: one command or, of keys, several at once.
pub fn next(
    chance: &mut Chance,
    goods: &Goods,
    sorts: &queues::Sorts,
    hands: &mut Hands,
    unique: &mut u64,
) -> Vec<Meaning> {
    if let Some(Held { lock, named, .. }) = hands.lock
        && chance.permille(400)
    {
        return vec![Meaning::Unlock { lock, named }];
    }
    match chance.below(100) {
        0..=54 => {
            let many = if chance.permille(200) { chance.between(2, 6) } else { 1 };
            (0..many).map(|_| on_keys(chance, goods, unique)).collect()
        }
        55..=69 if hands.lock.is_none() => vec![lock(chance, goods)],
        70..=94 => vec![Meaning::Queue(queues::next(chance, sorts, &mut hands.queues, unique))],
        95..=97 => {
            *unique += 1;
            vec![Meaning::SetShort(*unique, chance.between(200, 3000))]
        }
        _ => vec![Meaning::GetShort],
    }
}

fn on_keys(chance: &mut Chance, goods: &Goods, unique: &mut u64) -> Meaning {
    *unique += 1;
    let plain = chance.below(u64::from(goods.registers)) as u32;
    match chance.below(100) {
        0..=24 => Meaning::Get(plain),
        25..=44 => Meaning::Set(plain, unique.to_string().into_bytes()),
        45..=64 => mixed(chance, goods),
        65..=89 => on_lists(chance, goods, *unique * 8),
        90..=94 => script(chance, goods, *unique * 8),
        _ => {
            let many = chance.between(2, 4);
            Meaning::Multi((0..many).map(|at| on_lists(chance, goods, *unique * 8 + at)).collect())
        }
    }
}

fn mixed(chance: &mut Chance, goods: &Goods) -> Meaning {
    let key = goods.registers + chance.below(u64::from(goods.mixed)) as u32;
    let mut small = || chance.below(4).to_string().into_bytes();
    let (one, other) = (small(), small());
    match chance.below(12) {
        0..=2 => Meaning::Get(key),
        3 => Meaning::Set(key, one),
        4..=7 => Meaning::Add(key, 1),
        8 => Meaning::Append(key, b"0".to_vec()),
        9 | 10 => Meaning::Swap(key, one, other),
        _ => Meaning::Delete(key),
    }
}

fn on_lists(chance: &mut Chance, goods: &Goods, element: u64) -> Meaning {
    let key = chance.below(u64::from(goods.lists)) as u32;
    if chance.permille(600) { Meaning::Push(key, element) } else { Meaning::List(key) }
}

fn script(chance: &mut Chance, goods: &Goods, element: u64) -> Meaning {
    let mut list = || chance.below(u64::from(goods.lists)) as u32;
    let (read, to) = ([list(), list()], list());
    Meaning::Script(Script { read, to, element, declares: chance.permille(400) })
}

fn lock(chance: &mut Chance, goods: &Goods) -> Meaning {
    let named = chance.permille(500);
    let leased = named || chance.permille(400);
    Meaning::Lock {
        lock: chance.below(u64::from(goods.locks)) as u32,
        named,
        lease_ms: leased.then(|| chance.between(300, 3000)),
        block_ms: chance.permille(600).then(|| chance.between(20, 2000)),
    }
}
