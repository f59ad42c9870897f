//! Lists that only grow, and transactions on them (C-TXN).
//!
//! Every append adds an element that nobody else adds, so the longest list seen
//! of a key is the order of its appends. From these orders, from what reads saw
//! and from real time follows what must have come before what; a cycle means
//! that no order of whole transactions explains the history.

use std::collections::BTreeMap;

use super::Span;

/// One thing that a transaction did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Appended an element; where it came to stand, if that is known.
    Append {
        /// The list.
        key: u32,
        /// The element.
        element: u64,
        /// How many stood before it.
        position: Option<usize>,
    },
    /// Read a whole list.
    Read {
        /// The list.
        key: u32,
        /// Its elements.
        list: Vec<u64>,
    },
}

/// What one client did as one.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// When.
    pub span: Span,
    /// What, in order. Reads of a transaction without an answer are left out.
    pub parts: Vec<Part>,
}

/// What is wrong with a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Two reads of a list are not the beginning one of the other.
    Diverged(u32),
    /// An element stands twice.
    Twice(u64),
    /// An element that nobody appended, or whose append was refused.
    Phantom(u64),
    /// An append was acknowledged and is not there.
    Lost(u64),
    /// An element stands elsewhere than its append was told.
    Misplaced(u64),
    /// Of one transaction one append is there and another is not.
    Torn(u64),
    /// No order explains these transactions (places in the history).
    Cycle(Vec<usize>),
}

/// Looks for flaws. Each list must have been read at the very end.
pub fn check(history: &[Transaction]) -> Result<(), Flaw> {
    let finals = longest(history)?;
    let writers = writers(history);
    for (key, list) in &finals {
        let mut seen = std::collections::BTreeSet::new();
        for element in list.iter() {
            if !seen.insert(*element) {
                return Err(Flaw::Twice(*element));
            }
            if writers.get(element).is_none_or(|(_, written)| written != key) {
                return Err(Flaw::Phantom(*element));
            }
        }
    }
    let places = places(&finals);
    for transaction in history {
        check_parts(transaction, &places)?;
    }
    acyclic(history, &finals, &writers)
}

/// The longest list of each key; all others must be beginnings of it.
fn longest(history: &[Transaction]) -> Result<BTreeMap<u32, &[u64]>, Flaw> {
    let mut finals: BTreeMap<u32, &[u64]> = BTreeMap::new();
    for (key, list) in reads(history) {
        let longest = finals.entry(key).or_default();
        let (short, long) =
            if list.len() < longest.len() { (list, *longest) } else { (*longest, list) };
        if !long.starts_with(short) {
            return Err(Flaw::Diverged(key));
        }
        *longest = long;
    }
    Ok(finals)
}

fn reads(history: &[Transaction]) -> impl Iterator<Item = (u32, &[u64])> {
    history.iter().flat_map(|transaction| &transaction.parts).filter_map(|part| match part {
        Part::Read { key, list } => Some((*key, &list[..])),
        Part::Append { .. } => None,
    })
}

/// Which transaction appended an element, and to which key.
fn writers(history: &[Transaction]) -> BTreeMap<u64, (usize, u32)> {
    let mut writers = BTreeMap::new();
    for (at, transaction) in history.iter().enumerate() {
        for part in &transaction.parts {
            if let Part::Append { key, element, .. } = part {
                writers.insert(*element, (at, *key));
            }
        }
    }
    writers
}

fn places(finals: &BTreeMap<u32, &[u64]>) -> BTreeMap<u64, usize> {
    let all = finals.values().flat_map(|list| list.iter().enumerate());
    all.map(|(place, element)| (*element, place)).collect()
}

fn check_parts(transaction: &Transaction, places: &BTreeMap<u64, usize>) -> Result<(), Flaw> {
    let mut there = None;
    for part in &transaction.parts {
        let Part::Append { element, position, .. } = part else { continue };
        let place = places.get(element);
        if place.is_none() && transaction.span.is_sure() {
            return Err(Flaw::Lost(*element));
        }
        if let (Some(place), Some(position)) = (place, position)
            && place != position
        {
            return Err(Flaw::Misplaced(*element));
        }
        if *there.get_or_insert(place.is_some()) != place.is_some() {
            return Err(Flaw::Torn(*element));
        }
    }
    Ok(())
}

/// What must come before what: the transactions, then one point in real time
/// behind each that ended.
struct Graph {
    behind: Vec<Vec<usize>>,
    before: Vec<usize>,
}

impl Graph {
    fn new(nodes: usize) -> Self {
        Graph { behind: vec![Vec::new(); nodes], before: vec![0; nodes] }
    }

    fn edge(&mut self, from: usize, to: usize) {
        if from != to {
            self.behind[from].push(to);
            self.before[to] += 1;
        }
    }

    /// What is left when everything is taken away that nothing comes before.
    fn cycles(mut self) -> Vec<usize> {
        let mut free: Vec<usize> =
            (0..self.before.len()).filter(|node| self.before[*node] == 0).collect();
        while let Some(node) = free.pop() {
            for next in std::mem::take(&mut self.behind[node]) {
                self.before[next] -= 1;
                if self.before[next] == 0 {
                    free.push(next);
                }
            }
        }
        (0..self.before.len()).filter(|node| self.before[*node] > 0).collect()
    }
}

fn acyclic(
    history: &[Transaction],
    finals: &BTreeMap<u32, &[u64]>,
    writers: &BTreeMap<u64, (usize, u32)>,
) -> Result<(), Flaw> {
    let mut graph = Graph::new(history.len() * 2);
    for list in finals.values() {
        for pair in list.windows(2) {
            graph.edge(writers[&pair[0]].0, writers[&pair[1]].0);
        }
    }
    for (at, transaction) in history.iter().enumerate() {
        let mut own: BTreeMap<u32, usize> = BTreeMap::new();
        for part in &transaction.parts {
            let Part::Read { key, list } = part else {
                if let Part::Append { key, .. } = part {
                    *own.entry(*key).or_default() += 1;
                }
                continue;
            };
            read_edges(
                &mut graph,
                at,
                own.get(key).copied().unwrap_or(0),
                list,
                (finals[key], writers),
            )?;
        }
    }
    real_time(&mut graph, history);
    let left = graph.cycles();
    let left: Vec<usize> = left.into_iter().filter(|node| *node < history.len()).collect();
    if left.is_empty() { Ok(()) } else { Err(Flaw::Cycle(left)) }
}

/// A read comes behind the append of the last element it saw and before that of
/// the next one. The last `own` elements are the transaction's own.
fn read_edges(
    graph: &mut Graph,
    at: usize,
    own: usize,
    list: &[u64],
    (all, writers): (&[u64], &BTreeMap<u64, (usize, u32)>),
) -> Result<(), Flaw> {
    let others = list.len().saturating_sub(own);
    if let Some(stray) = list[others..].iter().find(|element| writers[element].0 != at) {
        return Err(Flaw::Misplaced(*stray));
    }
    if let Some(last) = others.checked_sub(1) {
        graph.edge(writers[&list[last]].0, at);
    }
    if let Some(next) = all.get(list.len()) {
        graph.edge(at, writers[next].0);
    }
    Ok(())
}

/// What ended comes before what began later. The points in real time stand in a
/// chain, so that the edges stay few.
fn real_time(graph: &mut Graph, history: &[Transaction]) {
    let count = history.len();
    let mut ended: Vec<usize> = (0..count).filter(|at| history[*at].span.is_sure()).collect();
    ended.sort_by_key(|at| history[*at].span.ended);
    for (place, at) in ended.iter().enumerate() {
        graph.edge(*at, count + place);
        if place > 0 {
            graph.edge(count + place - 1, count + place);
        }
    }
    for (at, transaction) in history.iter().enumerate() {
        let over = ended.partition_point(|other| history[*other].span.precedes(&transaction.span));
        if over > 0 {
            graph.edge(count + over - 1, at);
        }
    }
}
