//! The line of those who pop, step by step.

use super::*;

type Steps = Vec<Step<&'static str>>;

fn kind(want: &[u8]) -> Kind {
    Kind { want: want.into(), alone: false }
}

fn plan(line: &mut Line<&'static str>) -> Steps {
    line.plan(|part| part == 1, 0)
}

/// Looks, and finds so many messages in each partition.
fn look(line: &mut Line<&'static str>, ready: &[u64]) -> Steps {
    for step in plan(line) {
        let Step::Look { parts, began } = step else { panic!("{step:?}") };
        for part in parts {
            line.looked(part, began, Ok(ready[part as usize]), 0);
        }
    }
    plan(line)
}

fn pop(steps: &Steps) -> (u32, u64, Vec<Portion>) {
    match &steps[..] {
        [Step::Pop { part, began, portions }] => (*part, *began, portions.clone()),
        other => panic!("{other:?}"),
    }
}

fn done(
    line: &mut Line<&'static str>,
    (part, began, portions): (u32, u64, Vec<Portion>),
    deliveries: &[u32],
    left: u64,
) -> Shared<u32, &'static str> {
    let mut deliveries = deliveries.iter().copied();
    let portions = portions.into_iter().map(|portion| {
        let some = deliveries.by_ref().take(portion.count as usize).collect();
        (portion, Got::Deliveries(some))
    });
    let portions = portions.collect();
    line.popped((part, began), portions, Ok(left), 0)
}

#[test]
fn who_does_not_wait_goes_when_all_partitions_were_seen_empty() {
    let mut line = Line::new(2);
    let id = line.join(kind(b""), 1, false);
    assert_eq!(look(&mut line, &[0, 0]), [Step::Nothing(id, None)]);
    assert!(line.is_idle());
}

#[test]
fn who_came_after_a_look_began_has_seen_nothing() {
    let mut line = Line::new(1);
    line.join(kind(b""), 1, false);
    let steps = plan(&mut line);
    let second = line.join(kind(b""), 1, false);
    let Step::Look { began, .. } = steps[0] else { panic!("{steps:?}") };
    line.looked(0, began, Ok(0), 0);
    let steps = plan(&mut line);
    assert!(matches!(steps[..], [Step::Look { .. }, Step::Nothing(id, None)] if id != second));
}

#[test]
fn who_waits_is_told_of_at_home() {
    let mut line = Line::new(2);
    line.join(kind(b""), 3, true);
    assert_eq!(look(&mut line, &[0, 0]), [Step::Want(3)]);
    let second = line.join(kind(b"x"), 1, true);
    assert_eq!(look(&mut line, &[0, 0]), [Step::Want(4)]);
    assert!(line.leave(second));
    assert_eq!(plan(&mut line), []);
    assert_eq!(line.tell_again(), Some(3));
}

#[test]
fn one_pop_is_for_all_who_want_the_same_and_serves_them_in_their_order() {
    let mut line = Line::new(2);
    let first = line.join(kind(b"a"), 1, true);
    let other = line.join(kind(b"b"), 1, true);
    let third = line.join(kind(b"a"), 2, true);
    let asked = pop(&look(&mut line, &[0, 9]));
    let portion =
        |want: &[u8], count, asks: &[u64]| Portion { kind: kind(want), count, asks: asks.to_vec() };
    assert_eq!(asked.2, [portion(b"a", 3, &[first, third]), portion(b"b", 1, &[other])]);
    let shared = done(&mut line, asked, &[7, 8], 0);
    assert_eq!(shared.answers, [(first, Ok(vec![7])), (third, Ok(vec![8]))]);
    assert!(shared.left_over.is_empty());
    assert_eq!(plan(&mut line), [Step::Want(1)]);
}

#[test]
fn partitions_of_this_node_come_first_then_those_that_have_most() {
    let mut line = Line::new(4);
    for _ in 0..3 * (1 + ROOM) {
        line.join(kind(b""), 1, true);
    }
    let parts: Vec<u32> = look(&mut line, &[1, 1, 3, 0])
        .iter()
        .filter_map(|step| if let Step::Pop { part, .. } = step { Some(*part) } else { None })
        .collect();
    assert_eq!(parts, [1, 2, 0]);
}

#[test]
fn what_is_delivered_to_nobody_is_left_over() {
    let mut line = Line::new(1);
    let first = line.join(kind(b""), 1, true);
    let second = line.join(kind(b""), 1, true);
    let asked = pop(&look(&mut line, &[5]));
    assert!(line.is_asking(first) && line.leave(first));
    let shared = done(&mut line, asked, &[7, 8], 3);
    assert_eq!((shared.answers, shared.left_over), (vec![(second, Ok(vec![7]))], vec![8]));
}

#[test]
fn what_was_for_somebody_who_went_away_is_for_the_next() {
    let mut line = Line::new(1);
    let first = line.join(kind(b""), 1, true);
    let asked = pop(&look(&mut line, &[5]));
    let second = line.join(kind(b""), 1, true);
    assert!(line.leave(first));
    let shared = done(&mut line, asked, &[7], 4);
    assert_eq!(shared.answers, [(second, Ok(vec![7]))]);
    assert!(shared.left_over.is_empty());
}

#[test]
fn a_partition_that_has_nothing_for_somebody_is_not_asked_again_until_home_says_so() {
    let mut line = Line::new(1);
    line.join(kind(b"high"), 1, true);
    let asked = pop(&look(&mut line, &[5]));
    done(&mut line, asked, &[], 5);
    assert_eq!(plan(&mut line), [Step::Want(1)]);
    let other = line.join(kind(b"low"), 1, true);
    let asked = pop(&plan(&mut line));
    assert_eq!(asked.2[0].asks, [other]);
    done(&mut line, asked, &[1], 4);
    assert_eq!(plan(&mut line), []);
    line.sent(0, 1, 9, 0);
    let asked = pop(&plan(&mut line));
    assert!(done(&mut line, asked, &[], 4).in_vain);
    let left = Step::Left { part: 0, version: 9, ready: 0 };
    assert_eq!(plan(&mut line), [left, Step::Want(1)]);
}

#[test]
fn home_hears_what_was_left_where_it_has_sent_the_node() {
    let mut line = Line::new(2);
    line.join(kind(b""), 1, true);
    look(&mut line, &[0, 0]);
    line.sent(0, 1, 9, 0);
    let asked = pop(&plan(&mut line));
    done(&mut line, asked, &[1], 4);
    assert_eq!(plan(&mut line), [Step::Left { part: 0, version: 9, ready: 4 }]);
    line.sent(1, 2, 10, 0);
    assert_eq!(plan(&mut line), [Step::Left { part: 1, version: 10, ready: 2 }]);
}

#[test]
fn who_was_not_served_is_told_of_again() {
    let mut line = Line::new(1);
    line.join(kind(b""), 1, true);
    look(&mut line, &[0]);
    line.sent(0, 1, 9, 0);
    let asked = pop(&plan(&mut line));
    done(&mut line, asked, &[], 0);
    let left = Step::Left { part: 0, version: 9, ready: 0 };
    assert_eq!(plan(&mut line), [left, Step::Want(1)]);
}

#[test]
fn a_partition_that_cannot_be_asked_holds_up_nobody() {
    let mut line = Line::new(2);
    let polls = line.join(kind(b""), 1, false);
    line.join(kind(b""), 1, true);
    let steps = plan(&mut line);
    let Step::Look { began, .. } = steps[0] else { panic!("{steps:?}") };
    line.looked(0, began, Ok(0), 0);
    line.looked(1, began, Err("down"), 0);
    assert_eq!(plan(&mut line), [Step::Nothing(polls, Some("down")), Step::Want(1)]);
}

#[test]
fn where_nobody_can_be_asked_nobody_waits() {
    let mut line = Line::new(1);
    let id = line.join(kind(b""), 1, true);
    let steps = plan(&mut line);
    let Step::Look { began, .. } = steps[0] else { panic!("{steps:?}") };
    line.looked(0, began, Err("down"), 0);
    assert_eq!(plan(&mut line), [Step::Nothing(id, Some("down"))]);
}

#[test]
fn what_was_known_long_ago_is_not_believed() {
    let mut line: Line<&'static str> = Line::new(1);
    line.looked(0, 1, Ok(5), 0);
    assert_eq!(line.ready(0, BELIEVED_MS - 1), Some(5));
    assert_eq!(line.ready(0, BELIEVED_MS), None);
    line.join(kind(b""), 1, true);
    assert!(matches!(line.plan(|_| true, BELIEVED_MS)[..], [Step::Look { .. }]));
}

#[test]
fn who_got_too_few_gets_more_where_they_are_known_to_be() {
    let mut line = Line::new(3);
    line.join(kind(b""), 5, true);
    let steps = look(&mut line, &[0, 2, 2]);
    let asked = pop(&steps);
    assert_eq!(done(&mut line, asked, &[1, 2], 0).answers.len(), 1);
    let more = line.join_for_more(kind(b""), 3, BTreeSet::from([1]));
    let asked = pop(&plan(&mut line));
    assert_eq!((asked.0, asked.2[0].count), (2, 3));
    let shared = done(&mut line, asked, &[3, 4], 0);
    assert_eq!(shared.answers, [(more, Ok(vec![3, 4]))]);
}

#[test]
fn who_has_something_looks_nowhere_and_waits_for_nothing() {
    let mut line = Line::new(2);
    let more = line.join_for_more(kind(b""), 3, BTreeSet::new());
    assert_eq!(plan(&mut line), [Step::Nothing(more, None)]);
    line.join(kind(b"x"), 1, false);
    let steps = plan(&mut line);
    line.join_for_more(kind(b""), 3, BTreeSet::new());
    assert_eq!(plan(&mut line), [], "others look");
    let Step::Look { began, .. } = steps[0] else { panic!("{steps:?}") };
    (0..2).for_each(|part| line.looked(part, began, Ok(0), 0));
    assert_eq!(plan(&mut line).len(), 2, "both have seen that there is nothing");
    line.looked(0, 1, Ok(5), 0);
    let again = line.join_for_more(kind(b""), 3, BTreeSet::from([0]));
    assert_eq!(plan(&mut line), [Step::Nothing(again, None)], "it was there already");
    assert!(line.is_idle());
}
