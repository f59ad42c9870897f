//! Any operation at all, by chance.

use super::*;
use crate::chance::Chance;
use crate::queues::{Dedup, Form, Grouping, Manner, Order, Overflow, Reason, Setting};

pub(super) const NAMES: [&[u8]; 3] = [b"p", b"q", b"{q}dead"];
const BODIES: [&[u8]; 4] = [b"", b"a", b"bb", &[b'c'; 300]];
const GROUPS: [&[u8]; 3] = [b"g1", b"g2", b"g3"];
const IDS: [&[u8]; 3] = [b"i1", b"i2", b"i3"];
pub(super) const SESSIONS: [&[u8]; 2] = [b"s1", b"s2"];
const PEOPLE: [&[u8]; 2] = [b"ann", b"bob"];
const REQUESTS: [&[u8]; 2] = [b"r1", b"r2"];

pub(super) fn any_origin(chance: &mut Chance) -> Origin {
    Origin { node: NodeId(1), boot: 1 + chance.below(3), conn: chance.below(3) }
}

fn some<T: Copy>(chance: &mut Chance, times: u64, list: &[T]) -> Option<T> {
    chance.once_in(times).then(|| chance.pick(list))
}

/// How a queue is made at the beginning of a history, and stays.
pub(super) fn any_settings(chance: &mut Chance) -> Vec<Setting<'static>> {
    let how = chance.pick(&[Grouping::Off {}, Grouping::Optional {}, Grouping::Required {}]);
    let mut list = vec![
        Setting::Groups { how },
        Setting::FailsMax { count: chance.pick(&[0, 1, 2, 3, 20]) },
        Setting::CountMode { attempts: chance.once_in(3) },
        Setting::Backoff { min_ms: 5, max_ms: 40, linear: chance.once_in(2), jitter: 20 },
        Setting::GroupInflight { count: chance.pick(&[1, 1, 2, 3]) },
        Setting::GroupFail { skip: chance.once_in(4) },
        Setting::DedupScope { group: chance.once_in(2) },
        Setting::Expire { dead: chance.once_in(2) },
    ];
    if !matches!(how, Grouping::Off {}) {
        list.push(Setting::Order { how: chance.pick(&[Order::Fifo {}, Order::Priority {}]) });
    } else {
        let orders = [Order::Fifo {}, Order::Lifo {}, Order::Priority {}];
        list.push(Setting::Order { how: chance.pick(&orders) });
    }
    if chance.once_in(3) {
        list.push(Setting::LengthMax { count: 1 + chance.below(6) });
        let all = [Overflow::Reject {}, Overflow::DropHead {}, Overflow::DeadHead {}];
        list.push(Setting::Overflow { how: chance.pick(&all) });
    }
    if chance.once_in(5) {
        list.push(Setting::BytesMax { bytes: 310 });
    }
    if chance.once_in(4) {
        list.push(Setting::InflightMax { count: 1 + chance.below(3) });
    }
    if chance.once_in(5) {
        list.push(Setting::Rate { count: 1 + chance.below(3), per_ms: 20 });
    }
    if chance.once_in(4) {
        list.push(Setting::Ttl { ms: 60 });
    }
    if chance.once_in(5) {
        list.push(Setting::Delay { ms: 7 });
    }
    if chance.once_in(5) {
        list.push(Setting::DeadLetters { queue: b"{q}dead" });
    }
    if chance.once_in(5) {
        list.push(Setting::Retain { ms: 50 });
    }
    if chance.once_in(5) {
        list.push(Setting::DeadMax { count: 2 });
    }
    if chance.once_in(6) {
        list.push(Setting::DedupMax { count: 2 });
    }
    if chance.once_in(8) {
        list.push(Setting::IdleDelete { ms: 200 });
    }
    list
}

fn any_manner(chance: &mut Chance, grouped: bool) -> Manner<'static> {
    let visible = match chance.below(8) {
        0 => Some(Visible::In { ms: chance.below(40) }),
        1 => Some(Visible::At { ms: 1000 + chance.below(400) }),
        2 => Some(Visible::Now {}),
        _ => None,
    };
    let group = grouped.then(|| chance.pick(&GROUPS));
    let dedup = chance.once_in(4).then(|| Dedup::Of {
        id: chance.pick(&IDS),
        window_ms: some(chance, 2, &[0, 30, 100]),
        replace: chance.once_in(3),
    });
    let headers = if chance.once_in(6) { vec![(&b"k"[..], &b"v"[..])] } else { Vec::new() };
    Manner::Of {
        visible: visible.filter(|_| !grouped || chance.once_in(20)),
        ttl_ms: some(chance, 6, &[0, 10, 40]),
        priority: some(chance, 3, &[0, 1, 5, 31]).filter(|_| !grouped),
        group,
        lease_ms: some(chance, 6, &[3, 30]),
        fails_max: some(chance, 6, &[0, 1, 2]),
        headers,
        dedup,
    }
}

fn any_want(chance: &mut Chance) -> Want<'static> {
    let consumer = some(chance, 4, &PEOPLE);
    Want::Of {
        count: chance.once_in(2).then(|| 1 + chance.below(4)),
        bytes_max: some(chance, 6, &[1, 2, 300]),
        lease_ms: (!chance.once_in(4)).then(|| chance.pick(&[1, 10, 50])),
        settle: chance.once_in(8),
        meta: chance.once_in(2),
        group: some(chance, 8, &GROUPS),
        priority_min: some(chance, 8, &[1, 5]),
        consumer,
        session: some(chance, 5, &SESSIONS),
        request: some(chance, 6, &REQUESTS),
    }
}

fn any_receipts(chance: &mut Chance, requests: u64) -> Vec<Receipt> {
    let any = |chance: &mut Chance| Receipt::Of {
        part: u32::from(chance.once_in(20)),
        seq: chance.below(requests / 3 + 3),
        attempt: chance.below(4) as u32,
    };
    (0..1 + chance.below(4)).map(|_| any(chance)).collect()
}

/// `grouped`: whether the queue has groups; `settles`: receipts that are good now.
pub(super) fn any_op(
    chance: &mut Chance,
    requests: u64,
    grouped: &dyn Fn(&[u8]) -> Grouping,
    good: &[(Vec<u8>, Receipt)],
) -> Op<'static> {
    let queue = chance.pick(&NAMES);
    let part = 0;
    let origin = any_origin(chance);
    // Now and then a request that was made before.
    let request = if chance.once_in(6) { chance.below(requests) } else { requests };
    let wait = Wait::For { origin, request, block_ms: chance.pick(&[0, 1, 20, 60]) };
    let wait = chance.once_in(2).then_some(wait);
    let mut receipts = any_receipts(chance, requests);
    if !chance.once_in(4) {
        let known = good.iter().filter(|(name, _)| **name == *queue);
        let known: Vec<Receipt> = known.map(|(_, receipt)| *receipt).collect();
        if !known.is_empty() {
            receipts = (0..1 + chance.below(2)).map(|_| chance.pick(&known)).collect();
        }
    }
    match chance.below(60) {
        0..16 => {
            let in_group = match grouped(queue) {
                Grouping::Off {} => chance.once_in(30),
                Grouping::Optional {} => chance.once_in(2),
                Grouping::Required {} => !chance.once_in(30),
            };
            let manner = any_manner(chance, in_group);
            let bodies = (0..if chance.once_in(5) { 3 } else { 1 }).map(|_| chance.pick(&BODIES));
            let bodies: Vec<&[u8]> = bodies.collect();
            let form = if bodies.len() > 1 { Form::List {} } else { Form::IdAndState {} };
            let length_max = some(chance, 10, &[1, 3]);
            let (create, atomic) = (!chance.once_in(10), chance.once_in(2));
            Op::Push { queue, part, bodies, manner, length_max, create, atomic, form }
        }
        16..30 => {
            let mut queues = vec![queue];
            if chance.once_in(4) {
                queues.push(chance.pick(&NAMES));
            }
            let (want, fair) = (any_want(chance), chance.once_in(2));
            Op::Pop { queues, part, want, named: true, fair, wait }
        }
        30..37 => {
            let mut pop = chance.once_in(3).then(|| any_want(chance));
            if let Some(Want::Of { settle, .. }) = &mut pop {
                // Its answer does not name the queue: what it gives must be there to be
                // found.
                *settle = false;
            }
            Op::Ack { queue, part, receipts, verbose: true, pop, wait }
        }
        37..43 => {
            let blames = [Blame::Fail {}, Blame::Fail {}, Blame::Silent {}, Blame::Fatal {}];
            Op::Nack {
                queue,
                part,
                receipts,
                blame: chance.pick(&blames),
                delay_ms: some(chance, 2, &[0, 5, 30]),
                error: some(chance, 2, &[&b"broken"[..]]),
                priority: some(chance, 4, &[0, 7]),
            }
        }
        43 | 44 => {
            let lease_ms = chance.pick(&[0, 1, 40, u64::from(u32::MAX)]);
            Op::Extend { queue, part, receipts, lease_ms }
        }
        45 => Op::Delete {
            queue,
            part,
            seqs: vec![chance.below(requests), chance.below(requests)],
            force: chance.once_in(2),
        },
        46 => {
            let visible = Visible::In { ms: chance.below(30) };
            Op::Reschedule { queue, part, seq: chance.below(requests), visible }
        }
        47 if chance.once_in(2) => {
            let which = if chance.once_in(2) { vec![chance.pick(&Which::ALL)] } else { Vec::new() };
            let (group, older_ms) = (some(chance, 4, &GROUPS), some(chance, 4, &[20]));
            Op::Purge { queue, part, which, group, older_ms }
        }
        48 if chance.once_in(4) => Op::Destroy { queue, part, if_empty: chance.once_in(2) },
        49 | 50 => {
            let for_ms = some(chance, 2, &[10, 30]);
            let (input, output) = (chance.once_in(2), chance.once_in(2));
            Op::Pause { queue, part, input, output, for_ms }
        }
        51 | 52 => Op::Resume { queue, part, input: true, output: true },
        53..56 => {
            let seqs = if chance.once_in(3) {
                vec![chance.below(requests), chance.below(requests)]
            } else {
                Vec::new()
            };
            Op::Redrive {
                queue,
                part,
                count: some(chance, 3, &[1, 2]),
                seqs,
                reason: some(chance, 4, &Reason::ALL),
                to: some(chance, 4, &NAMES),
                rate: some(chance, 2, &[20, 1000]),
                delay_ms: some(chance, 4, &[15]),
                reset: chance.once_in(2),
                head: chance.once_in(4),
            }
        }
        56 => Op::CancelRedrive { queue, part },
        57 => {
            let (to, which) = (chance.pick(&NAMES), chance.pick(&Which::ALL));
            Op::Move { from: queue, to, part, count: some(chance, 2, &[1, 2]), which }
        }
        58 if chance.once_in(3) => {
            Op::Configure { queue, part, settings: vec![Setting::Lease { ms: 25 }] }
        }
        58 if chance.once_in(2) => Op::Release { session: chance.pick(&SESSIONS) },
        _ => Op::CancelWait { queue, part, origin, request, error: chance.once_in(2) },
    }
}
