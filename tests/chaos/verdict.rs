//! Whether what the clients saw can be explained.

use std::collections::BTreeMap;
use std::fmt::Debug;

use lockstep_sim::check::appends::{Part, Transaction};
use lockstep_sim::check::registers::Verdict;
use lockstep_sim::check::{Span, appends, locks, queues, registers};
use lockstep_tests::Cluster;

use super::clients::{ACCOUNTS, COUNTERS, TOTAL, drain, elements_of, lists_of};
use super::counters;
use super::history::{Clock, History};
use super::stage::NODES;

/// What the checkers say.
#[derive(Debug, Default)]
pub struct Found {
    /// What cannot be explained.
    pub flaws: Vec<String>,
    /// How many keys, lists, locks' holds and messages were checked.
    pub checked: Vec<(&'static str, usize)>,
    /// Keys for which the search took too long.
    pub undecided: usize,
}

impl Found {
    fn check<F: Debug>(&mut self, what: &str, result: Result<(), F>) {
        if let Err(flaw) = result {
            self.flaws.push(format!("{what}: {flaw:?}"));
        }
    }
}

/// Reads what is there at the end and holds it against the history. All nodes are
/// up, and no client works any more.
pub fn look(cluster: &mut Cluster, clock: Clock, history: &mut History) -> Found {
    let mut found = Found::default();
    registers_and_counters(cluster, history, &mut found);
    lists(cluster, clock, history, &mut found);
    sums(cluster, history, &mut found);
    found.check("locks", locks::check(&history.holds));
    for hold in &history.robbed {
        found.flaws.push(format!("a lock ended before its time: {hold:?}"));
    }
    drain(&mut cluster.client(1), clock, &mut history.queues);
    found.check("queues", queues::check(&history.queues));
    found.checked.extend([
        ("transactions on accounts and looks at them", history.sums.len()),
        ("holds of locks", history.holds.len()),
        ("messages", history.queues.pushes.len()),
    ]);
    found
}

fn registers_and_counters(cluster: &Cluster, history: &History, found: &mut Found) {
    for (key, steps) in &history.registers {
        match registers::check(steps) {
            Verdict::Explained => {}
            Verdict::Impossible => found.flaws.push(format!("{key} was no register")),
            Verdict::TooLong => found.undecided += 1,
        }
    }
    let mut counts = 0;
    for key in COUNTERS {
        let history = history.counters.get(key).map(Vec::as_slice).unwrap_or_default();
        counts += history.len();
        for node in 0..NODES {
            let last = cluster.client(node).call(&format!("GET {key}")).int().unwrap_or(0);
            found.check(key, counters::check(history, last));
        }
    }
    let steps = history.registers.values().map(Vec::len).sum();
    found.checked.extend([("keys", history.registers.len()), ("reads and writes of them", steps)]);
    found.checked.push(("counts", counts));
}

fn lists(cluster: &Cluster, clock: Clock, history: &mut History, found: &mut Found) {
    let mut client = cluster.client(0);
    for (generation, transactions) in &mut history.lists {
        for (key, list) in (0..).zip(lists_of(*generation)) {
            let began = clock.now();
            let list = elements_of(Some(&client.call(&format!("GET {list}"))));
            let span = Span { began, ended: clock.now() };
            transactions.push(Transaction { span, parts: vec![Part::Read { key, list }] });
        }
        found.check("lists", appends::check(transactions));
    }
    let transactions = history.lists.values().map(Vec::len).sum();
    found.checked.push(("transactions on lists", transactions));
}

fn sums(cluster: &Cluster, history: &History, found: &mut Found) {
    let mut wrong: BTreeMap<i64, usize> = BTreeMap::new();
    let last = (0..NODES).map(|node| {
        let reply = cluster.client(node).call(&format!("MGET {}", ACCOUNTS.join(" ")));
        reply.items().iter().filter_map(lockstep_tests::Value::int).sum::<i64>()
    });
    for sum in last.chain(history.sums.iter().copied()).filter(|sum| *sum != TOTAL) {
        *wrong.entry(sum).or_default() += 1;
    }
    if !wrong.is_empty() {
        found.flaws.push(format!("sums other than {TOTAL}, and how often: {wrong:?}"));
    }
}
