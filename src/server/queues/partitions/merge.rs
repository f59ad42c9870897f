//! What all partitions of a queue say, put together.

use std::collections::BTreeMap;

use lockstep_core::Outcome;
use lockstep_core::queues::INFO_NAMES;

/// How numbers about partitions make one about the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Sum,
    Most,
    /// -1 stands for none.
    Least,
}

fn how(name: &str) -> How {
    let begins = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    if begins(&["next-", "created-"]) {
        How::Least
    } else if begins(&["oldest-", "paused-", "dwell-"]) {
        How::Most
    } else {
        How::Sum
    }
}

/// The sum of numbers, or the first that is none.
pub(super) fn sum(outcomes: Vec<Outcome>) -> Outcome {
    let mut sum = 0i64;
    for outcome in outcomes {
        match outcome {
            Outcome::Int(number) => sum = sum.saturating_add(number),
            other => return other,
        }
    }
    Outcome::Int(sum)
}

/// The largest number, or the first that is none.
pub(super) fn most(outcomes: Vec<Outcome>) -> Outcome {
    let numbers: Option<Vec<i64>> = outcomes
        .iter()
        .map(|outcome| if let Outcome::Int(number) = outcome { Some(*number) } else { None })
        .collect();
    match numbers.and_then(|numbers| numbers.into_iter().max()) {
        Some(most) => Outcome::Int(most),
        None => first_other(outcomes),
    }
}

fn first_other(outcomes: Vec<Outcome>) -> Outcome {
    let other = outcomes.into_iter().find(|outcome| !matches!(outcome, Outcome::Int(_)));
    other.unwrap_or(Outcome::Nil)
}

/// Lists put behind each other, of which `most` items stay. What is no list is left out
/// where there is one.
pub(super) fn lists(outcomes: Vec<Outcome>, most: u64) -> Outcome {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let (mut all, mut other) = (Vec::new(), None);
    for outcome in outcomes {
        match outcome {
            Outcome::List(items) => all.extend(items),
            refused => other = other.or(Some(refused)),
        }
    }
    all.truncate(most);
    match other {
        Some(refused) if all.is_empty() => refused,
        _ => Outcome::List(all),
    }
}

/// The same in turn: the first of each, then the second of each.
pub(super) fn in_turn(outcomes: Vec<Outcome>, most: u64) -> Outcome {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let (mut lists, mut other) = (Vec::new(), None);
    for outcome in outcomes {
        match outcome {
            Outcome::List(items) => lists.push(items.into_iter()),
            refused => other = other.or(Some(refused)),
        }
    }
    let mut all = Vec::new();
    while all.len() < most {
        let before = all.len();
        all.extend(lists.iter_mut().filter_map(Iterator::next));
        if all.len() == before {
            break;
        }
    }
    all.truncate(most);
    match other {
        Some(refused) if all.is_empty() => refused,
        _ => Outcome::List(all),
    }
}

/// The numbers of all partitions, and what home says besides. A partition that is not
/// there has nothing.
pub(super) fn info(outcomes: Vec<Outcome>) -> Outcome {
    let mut outcomes = outcomes.into_iter();
    let Some(Outcome::List(mut home)) = outcomes.next() else {
        return outcomes.next().unwrap_or(Outcome::Nil);
    };
    let mut redrives = vec![home.get(2).cloned().unwrap_or(Outcome::Nil)];
    for part in outcomes {
        let Outcome::List(part) = part else { continue };
        if let (Some(Outcome::List(sums)), Some(Outcome::List(numbers))) =
            (home.first_mut(), part.first())
        {
            add(sums, numbers);
        }
        redrives.push(part.get(2).cloned().unwrap_or(Outcome::Nil));
    }
    if let Some(place) = home.get_mut(2) {
        *place = redrive(redrives);
    }
    Outcome::List(home)
}

/// The same with those who wait on nodes, and in no partition.
pub(super) fn with_waiting(mut info: Outcome, clients: u64) -> Outcome {
    let place = INFO_NAMES.iter().position(|name| *name == "waiting");
    if let Outcome::List(parts) = &mut info
        && let (Some(Outcome::List(numbers)), Some(place)) = (parts.first_mut(), place)
        && let Some(Outcome::Int(waiting)) = numbers.get_mut(place)
    {
        *waiting = waiting.saturating_add(i64::try_from(clients).unwrap_or(i64::MAX));
    }
    info
}

fn add(sums: &mut [Outcome], numbers: &[Outcome]) {
    for ((sum, number), name) in sums.iter_mut().zip(numbers).zip(INFO_NAMES) {
        if let (Outcome::Int(sum), Outcome::Int(number)) = (sum, number) {
            *sum = match how(name) {
                How::Sum => sum.saturating_add(*number),
                How::Most => (*sum).max(*number),
                How::Least if *sum < 0 => *number,
                How::Least if *number < 0 => *sum,
                How::Least => (*sum).min(*number),
            };
        }
    }
}

/// How far all partitions are with what comes back: `running` as long as one is.
pub(super) fn redrive(outcomes: Vec<Outcome>) -> Outcome {
    let mut all: Option<(&'static str, [i64; 3], i64)> = None;
    for outcome in outcomes {
        let Outcome::List(items) = outcome else { continue };
        let [
            Outcome::Word(state),
            Outcome::Int(moved),
            Outcome::Int(left),
            Outcome::Int(rate),
            Outcome::Int(begun),
        ] = items[..]
        else {
            continue;
        };
        all = Some(match all {
            None => (state, [moved, left, rate], begun),
            Some((before, sums, first)) => {
                let state = if before == "running" || begun < first { before } else { state };
                let state = if items[0] == Outcome::Word("running") { "running" } else { state };
                let sums = [sums[0] + moved, sums[1] + left, sums[2] + rate];
                (state, sums, first.max(begun))
            }
        });
    }
    let Some((state, numbers, begun)) = all else { return Outcome::Nil };
    let numbers = numbers.into_iter().chain([begun]).map(Outcome::Int);
    Outcome::List([Outcome::Word(state)].into_iter().chain(numbers).collect())
}

/// Consumers by name: what they have is added up, the latest time counts.
pub(super) fn consumers(outcomes: Vec<Outcome>) -> Outcome {
    let mut all: BTreeMap<Vec<u8>, [i64; 3]> = BTreeMap::new();
    let mut other = None;
    for outcome in outcomes {
        let list = match outcome {
            Outcome::List(list) => list,
            refused => {
                other = other.or(Some(refused));
                continue;
            }
        };
        for consumer in list {
            let Outcome::List(facts) = consumer else { continue };
            let [
                Outcome::Bytes(name),
                Outcome::Int(inflight),
                Outcome::Int(idle),
                Outcome::Int(waiting),
            ] = &facts[..]
            else {
                continue;
            };
            let sums = all.entry(name.clone()).or_insert([0, i64::MAX, 0]);
            *sums = [sums[0] + inflight, sums[1].min(*idle), sums[2] + waiting];
        }
    }
    match other {
        Some(refused) if all.is_empty() => refused,
        _ => Outcome::List(all.into_iter().map(consumer).collect()),
    }
}

fn consumer((name, numbers): (Vec<u8>, [i64; 3])) -> Outcome {
    let numbers = numbers.into_iter().map(Outcome::Int);
    Outcome::List([Outcome::Bytes(name)].into_iter().chain(numbers).collect())
}

#[cfg(test)]
mod tests {
    use lockstep_core::Fault;

    use super::*;

    fn ints(numbers: &[i64]) -> Outcome {
        Outcome::List(numbers.iter().copied().map(Outcome::Int).collect())
    }

    #[test]
    fn numbers_are_added_up() {
        assert_eq!(sum(vec![Outcome::Int(2), Outcome::Int(3)]), Outcome::Int(5));
        let fault = Outcome::Fault(Fault::NoSuchQueue);
        assert_eq!(sum(vec![Outcome::Int(2), fault.clone()]), fault);
        assert_eq!(most(vec![Outcome::Int(0), Outcome::Int(1)]), Outcome::Int(1));
    }

    #[test]
    fn those_who_wait_on_nodes_wait_for_the_queue() {
        let numbers: Vec<i64> = INFO_NAMES.iter().map(|_| 1).collect();
        let Outcome::List(parts) = with_waiting(Outcome::List(vec![ints(&numbers)]), 4) else {
            panic!("no list")
        };
        let Outcome::List(numbers) = &parts[0] else { panic!("no numbers") };
        let fives: Vec<_> =
            INFO_NAMES.iter().zip(numbers).filter(|(_, it)| **it == Outcome::Int(5)).collect();
        assert_eq!(fives, [(&"waiting", &Outcome::Int(5))]);
    }

    #[test]
    fn lists_are_put_together() {
        let parts = || vec![ints(&[1, 2]), ints(&[3]), ints(&[4, 5])];
        assert_eq!(lists(parts(), 4), ints(&[1, 2, 3, 4]));
        assert_eq!(in_turn(parts(), 4), ints(&[1, 3, 4, 2]));
        assert_eq!(in_turn(parts(), 9), ints(&[1, 3, 4, 2, 5]));
        let missing = || Outcome::Fault(Fault::NoSuchQueue);
        assert_eq!(lists(vec![missing(), ints(&[1])], 9), ints(&[1]));
        assert_eq!(lists(vec![missing(), missing()], 9), missing());
    }

    #[test]
    fn every_number_about_a_queue_is_put_together_by_what_it_means() {
        for name in INFO_NAMES {
            let age = name.ends_with("-ms") || name.starts_with("paused");
            assert_eq!(age, how(name) != How::Sum, "{name}");
        }
        let info_of = |ready: i64, age: i64| {
            let numbers = INFO_NAMES.map(|name| if how(name) == How::Sum { ready } else { age });
            Outcome::List(vec![ints(&numbers), Outcome::List(Vec::new()), Outcome::Nil])
        };
        let Outcome::List(merged) = info(vec![info_of(2, -1), info_of(3, 70)]) else { panic!() };
        let wanted = INFO_NAMES.map(|name| if how(name) == How::Sum { 5 } else { 70 });
        assert_eq!(merged[0], ints(&wanted));
        assert_eq!(merged[2], Outcome::Nil);
    }

    #[test]
    fn dead_messages_come_back_as_long_as_one_partition_is_at_it() {
        let status = |state, moved, begun| {
            let numbers = [moved, 1, 10, begun].map(Outcome::Int);
            Outcome::List([Outcome::Word(state)].into_iter().chain(numbers).collect())
        };
        let all = redrive(vec![status("done", 3, 5), Outcome::Nil, status("running", 4, 4)]);
        let numbers = [7, 2, 20, 5].map(Outcome::Int);
        let wanted = [Outcome::Word("running")].into_iter().chain(numbers).collect();
        assert_eq!(all, Outcome::List(wanted));
        assert_eq!(redrive(vec![Outcome::Nil]), Outcome::Nil);
    }

    #[test]
    fn a_consumer_is_told_of_once() {
        let one = |name: &str, numbers| consumer((name.into(), numbers));
        let all = consumers(vec![
            Outcome::List(vec![one("b", [1, 70, 0]), one("a", [2, 5, 1])]),
            Outcome::List(vec![one("b", [3, 40, 1])]),
        ]);
        assert_eq!(all, Outcome::List(vec![one("a", [2, 5, 1]), one("b", [4, 40, 1])]));
    }
}
