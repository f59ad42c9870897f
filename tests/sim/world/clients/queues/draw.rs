//! What a client of queues does next.

use super::{Asked, Hands, Held, Kind, New, Pop, Sorts, Together};
use crate::chance::Chance;
use crate::check::queues::whole::{Blame, What};

/// So many messages a client has at once at most.
const HELD_MAX: usize = 4;

/// Draws what is done next.
pub fn next(chance: &mut Chance, sorts: &Sorts, hands: &mut Hands, unique: &mut u64) -> Asked {
    if let Some(new) = hands.unsure
        && chance.permille(800)
    {
        return Asked::Push(new);
    }
    if let Some(pop) = hands.named.take()
        && chance.permille(700)
    {
        return Asked::Pop(Pop { block_ms: None, ..pop });
    }
    let busy = if hands.held.len() >= HELD_MAX { 950 } else { 750 };
    if !hands.held.is_empty()
        && chance.permille(busy)
        && let Some(asked) = with_held(chance, sorts, hands, unique)
    {
        return asked;
    }
    match chance.below(100) {
        0..=43 => push(chance, sorts, hands, unique),
        44..=85 => Asked::Pop(pop(chance, sorts, hands, unique)),
        86..=88 => match hands.old {
            Some(old) => Asked::Ack(old.queue, vec![old], None),
            None => Asked::Look(any(chance, sorts)),
        },
        89..=91 => match hands.sent {
            Some(new) => Asked::Push(new),
            None => Asked::Look(any(chance, sorts)),
        },
        92..=93 => Asked::Look(any(chance, sorts)),
        _ => manage(chance, sorts, hands),
    }
}

fn any(chance: &mut Chance, sorts: &Sorts) -> u32 {
    chance.below(sorts.numbers().count() as u64) as u32
}

/// Does something with a message it has; none: it forgets it.
fn with_held(
    chance: &mut Chance,
    sorts: &Sorts,
    hands: &mut Hands,
    unique: &mut u64,
) -> Option<Asked> {
    let held = hands.held[0];
    let sort = sorts.of(held.queue);
    let rough = matches!(sort.kind, Kind::Poison | Kind::Letters);
    match chance.below(100) {
        0..=7 => nack(chance, held, Blame::Fail),
        8..=11 => nack(chance, held, Blame::Silent),
        12..=13 => nack(chance, held, Blame::Fatal),
        14..=34 if rough => nack(chance, held, Blame::Fail),
        35..=40 => Some(Asked::Extend(held, chance.between(100, 2000))),
        41..=45 => {
            // As if it had died.
            hands.held.remove(0);
            None
        }
        46..=52 if matches!(sort.kind, Kind::Plain | Kind::Priority) => {
            if !sorts.is_beside_keys(held.queue) {
                return Some(Asked::Ack(held.queue, vec![held], None));
            }
            let new = New { dedup: false, ..one(chance, sorts, held.queue, unique) };
            Some(Asked::Exchange(held, new.message, new))
        }
        53..=62 => {
            let pop = Pop { queue: held.queue, name: None, ..pop(chance, sorts, hands, unique) };
            let pop = Pop { count: Some(pop.count.unwrap_or(1)), ..pop };
            Some(Asked::Ack(held.queue, vec![held], Some(pop)))
        }
        63..=79 => {
            let same = hands.held.iter().filter(|other| other.queue == held.queue);
            Some(Asked::Ack(held.queue, same.copied().collect(), None))
        }
        _ => Some(Asked::Ack(held.queue, vec![held], None)),
    }
}

fn nack(chance: &mut Chance, held: Held, blame: Blame) -> Option<Asked> {
    let delay_ms = match chance.below(4) {
        0 => Some(0),
        1 => Some(chance.between(50, 800)),
        _ => None,
    };
    let delay_ms = delay_ms.filter(|_| blame != Blame::Fatal);
    Some(Asked::Nack { held, blame, delay_ms })
}

/// A message for a queue.
fn one(chance: &mut Chance, sorts: &Sorts, queue: u32, unique: &mut u64) -> New {
    *unique += 1;
    let sort = sorts.of(queue);
    let (low, high) = sort.bytes;
    let mut new = New {
        queue,
        message: *unique,
        bytes: chance.between(low, high) as usize,
        delay_ms: 0,
        ttl_ms: None,
        group: None,
        priority: 0,
        dedup: chance.permille(300),
    };
    match sort.kind {
        Kind::Plain | Kind::Moving | Kind::Ordered if chance.permille(150) => {
            new.delay_ms = chance.between(50, 2000);
        }
        Kind::Groups => new.group = chance.permille(850).then(|| chance.between(1, 4)),
        Kind::Priority => new.priority = chance.below(4) as u8,
        Kind::Expiring if chance.permille(500) => new.ttl_ms = Some(chance.between(50, 2500)),
        _ => {}
    }
    new
}

fn push(chance: &mut Chance, sorts: &Sorts, hands: &mut Hands, unique: &mut u64) -> Asked {
    let pushed = sorts.numbers().filter(|queue| sorts.of(*queue).kind != Kind::Fed).count();
    let queue = chance.below(pushed as u64) as u32;
    let first = one(chance, sorts, queue, unique);
    if chance.permille(180) {
        let mut list = vec![New { dedup: false, ..first }];
        for _ in 0..chance.between(1, 3) {
            *unique += 1;
            list.push(New { message: *unique, ..list[0] });
        }
        let atomic = chance.permille(700);
        return Asked::PushMany(list, if atomic { Together::AllOrNone } else { Together::Each });
    }
    if first.dedup {
        hands.sent = Some(first);
    }
    Asked::Push(first)
}

fn pop(chance: &mut Chance, sorts: &Sorts, hands: &mut Hands, unique: &mut u64) -> Pop {
    let queue = any(chance, sorts);
    let waits = sorts.of(queue).kind != Kind::Ordered || chance.permille(300);
    let name = chance.permille(250).then(|| {
        *unique += 1;
        *unique
    });
    let pop = Pop {
        queue,
        lease_ms: chance.between(150, 1600),
        count: chance.permille(350).then(|| chance.between(1, 4)),
        block_ms: (waits && chance.permille(450)).then(|| chance.between(20, 1200)),
        name,
    };
    // Now and then it asks once more though all is well.
    hands.named = Some(pop).filter(|_| name.is_some() && chance.permille(500));
    pop
}

fn manage(chance: &mut Chance, sorts: &Sorts, hands: &mut Hands) -> Asked {
    let queue = any(chance, sorts);
    let ordered = sorts.numbers().find(|queue| sorts.of(*queue).kind == Kind::Ordered);
    if let Some(queue) = ordered.filter(|_| hands.orders) {
        let what = match chance.below(6) {
            0 => What::Purge,
            _ if hands.paused => What::Resume,
            _ => What::Pause,
        };
        return Asked::Order(queue, what);
    }
    match sorts.of(queue).kind {
        Kind::Moving => {
            Asked::Move(queue, chance.between(1, 5), chance.pick(&["READY", "DELAYED", "DEAD"]))
        }
        Kind::Ordered | Kind::Groups | Kind::Letters => Asked::Look(queue),
        _ => Asked::Redrive {
            queue,
            count: chance.permille(500).then(|| chance.between(1, 5)),
            rate: chance.permille(400).then(|| chance.between(5, 50)),
            reset: chance.permille(500),
        },
    }
}
