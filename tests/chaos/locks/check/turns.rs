//! Lines of waiters: each is served in its turn, and as soon as it can be.

use std::collections::BTreeMap;

use super::waits::{End, Visit};

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The second one asked later by more than the limit, and had the lock sooner by more
    /// than that.
    Overtaken(Visit, Visit),
    /// One waited though nobody held the lock, from then on and for longer than the limit.
    Idle(Visit, u64),
}

/// Looks for flaws. What is granted is told, and handed over, within `limit`.
pub fn check(visits: &[Visit], limit: u64) -> Vec<Flaw> {
    let mut locks: BTreeMap<usize, Vec<&Visit>> = BTreeMap::new();
    visits.iter().for_each(|visit| locks.entry(visit.lock).or_default().push(visit));
    let mut flaws = Vec::new();
    for mut line in locks.into_values() {
        line.sort_by_key(|visit| visit.asked.began);
        let quickest = Quickest::of(&line);
        let held = Held::of(&line, limit);
        // Of those without a known end nobody knows how long they waited.
        let waits = line.iter().filter(|visit| visit.end != End::Unknown);
        for wait in waits.filter(|visit| visit.asked.began + limit < visit.asked.ended) {
            let ahead = quickest.from(wait.asked.began + limit);
            let ahead = ahead.filter(|other| other.asked.ended + limit < wait.asked.ended);
            flaws.extend(ahead.map(|other| Flaw::Overtaken((*wait).clone(), other.clone())));
            let idle = held.gap((wait.asked.began, wait.asked.ended), limit);
            flaws.extend(idle.map(|from| Flaw::Idle((*wait).clone(), from)));
        }
    }
    flaws
}

/// Who had the lock first of those that asked at some time or later.
struct Quickest<'a>(Vec<(u64, &'a Visit)>);

impl<'a> Quickest<'a> {
    fn of(line: &[&'a Visit]) -> Self {
        let granted = line.iter().rev().filter(|visit| visit.end == End::Granted);
        let mut list: Vec<(u64, &Visit)> = Vec::new();
        for visit in granted {
            let best = match list.last() {
                Some((_, best)) if best.asked.ended < visit.asked.ended => *best,
                _ => *visit,
            };
            list.push((visit.asked.began, best));
        }
        list.reverse();
        Quickest(list)
    }

    fn from(&self, at: u64) -> Option<&'a Visit> {
        let place = self.0.partition_point(|(began, _)| *began < at);
        self.0.get(place).map(|(_, visit)| *visit)
    }
}

/// When somebody may have held the lock: times that do not touch, in their order.
struct Held(Vec<(u64, u64)>);

impl Held {
    fn of(line: &[&Visit], limit: u64) -> Self {
        let mut times: Vec<(u64, u64)> = line
            .iter()
            .filter_map(|visit| {
                let until = visit.release.map_or(u64::MAX, |release| release.ended);
                match visit.end {
                    End::Granted => {
                        let told = visit.asked.ended.saturating_sub(limit);
                        Some((told.max(visit.asked.began), until))
                    }
                    End::Unknown => Some((visit.asked.began, until)),
                    End::Victim(_) | End::Vain => None,
                }
            })
            .collect();
        times.sort_unstable();
        let mut held: Vec<(u64, u64)> = Vec::new();
        for (from, until) in times {
            match held.last_mut() {
                Some((_, end)) if from <= *end => *end = until.max(*end),
                _ => held.push((from, until)),
            }
        }
        Held(held)
    }

    /// Where nobody holds it for longer than that.
    fn gap(&self, (from, to): (u64, u64), limit: u64) -> Option<u64> {
        let first = self.0.partition_point(|(_, until)| *until < from);
        let mut free = from;
        for (begin, until) in &self.0[first..] {
            if (*begin).min(to) > free + limit {
                return Some(free);
            }
            if *begin >= to {
                return None;
            }
            free = *until;
        }
        (to > free.saturating_add(limit)).then_some(free)
    }
}

#[cfg(test)]
mod tests {
    use lockstep_sim::check::Span;

    use super::*;

    fn span((began, ended): (u64, u64)) -> Span {
        Span { began, ended }
    }

    fn visit(owner: &str, asked: (u64, u64), end: End, release: Option<(u64, u64)>) -> Visit {
        let (owner, asked, release) = (owner.to_owned(), span(asked), release.map(span));
        Visit { owner, lock: 1, shared: false, asked, end, release }
    }

    fn granted(owner: &str, asked: (u64, u64), release: (u64, u64)) -> Visit {
        visit(owner, asked, End::Granted, Some(release))
    }

    /// A long line that is served in its order, with one at its end who gives up.
    fn line() -> Vec<Visit> {
        vec![
            granted("a", (0, 1), (40, 41)),
            granted("b", (2, 42), (80, 81)),
            granted("c", (3, 82), (120, 121)),
            visit("d", (4, 104), End::Vain, None),
        ]
    }

    #[test]
    fn a_line_that_is_served_in_its_order_has_no_flaw_though_one_gives_up() {
        assert_eq!(check(&line(), 10), []);
    }

    #[test]
    fn one_that_is_passed_over_is_seen() {
        let mut visits = line();
        visits.push(granted("e", (20, 60), (70, 71)));
        let passed: Vec<String> = check(&visits, 10)
            .into_iter()
            .map(|flaw| match flaw {
                Flaw::Overtaken(one, other) => one.owner + &other.owner,
                Flaw::Idle(..) => panic!("{flaw:?}"),
            })
            .collect();
        assert_eq!(passed, ["ce", "de"]);
    }

    #[test]
    fn who_asks_or_is_told_at_nearly_the_same_time_does_not_pass_over_anybody() {
        let mut visits = line();
        visits.push(granted("e", (12, 60), (70, 71)));
        visits.push(granted("f", (30, 95), (120, 121)));
        assert_eq!(check(&visits, 10), []);
    }

    #[test]
    fn a_lock_that_is_free_while_one_waits_is_seen() {
        for (until, seen) in [(20, true), (31, true), (32, false)] {
            let visits = [granted("a", (0, 1), (5, until)), granted("b", (2, 52), (60, 61))];
            let idle = [Flaw::Idle(visits[1].clone(), until)];
            assert_eq!(check(&visits, 10), if seen { &idle[..] } else { &[] }, "{until}");
        }
    }

    #[test]
    fn one_that_was_never_told_of_its_grant_is_seen() {
        let visits = [granted("a", (0, 1), (20, 21)), visit("b", (2, 102), End::Vain, None)];
        assert_eq!(check(&visits, 10), [Flaw::Idle(visits[1].clone(), 21)]);
        let late = [visits[0].clone(), granted("b", (2, 102), (110, 111))];
        assert_eq!(check(&late, 10), [Flaw::Idle(late[1].clone(), 21)]);
    }

    #[test]
    fn one_of_whom_nothing_is_known_may_hold_it_all_the_time() {
        let mut visits = vec![visit("b", (2, 102), End::Vain, None)];
        assert_eq!(check(&visits, 10), [Flaw::Idle(visits[0].clone(), 2)]);
        visits.push(visit("a", (0, u64::MAX), End::Unknown, Some((105, 106))));
        assert_eq!(check(&visits, 10), []);
    }
}
