//! What holds of waits for each other.

use super::*;

#[test]
fn the_youngest_of_a_cycle_gives_way_and_is_told_the_cycle() {
    let mut scene = Scene::after(["1: lock a owner x"]);
    scene.at(10);
    scene.ask("2: lock b owner y");
    scene.ask("1: lock b owner x block 0");
    assert_eq!(scene.ask("2: lock a owner y block 0"), "victim of cycle y->x->y");
    assert_eq!(scene.answers(), [""; 0]);
    scene.ask("2: unlock b owner y");
    assert_eq!(scene.answers(), ["1: 3"]);
}

#[test]
fn the_victim_may_be_who_waits_already() {
    let mut scene = Scene::after(["1: lock a owner x"]);
    scene.at(10);
    scene.ask("2: lock b owner y");
    scene.ask("2: lock a owner y block 0");
    assert_eq!(scene.ask("1: lock b owner x block 0"), "waits");
    assert_eq!(scene.answers(), ["2: victim of cycle y->x->y"]);
    let cycle = "y a exclusive x x b exclusive y";
    let shown = format!("10 {cycle} y youngest 0 victim of cycle y->x->y");
    assert_eq!(scene.ask("9: deadlocks -"), shown);
}

#[test]
fn with_on_deadlock_release_the_victim_loses_what_it_holds() {
    let mut scene = Scene::after(["1: lock a owner x"]);
    scene.at(10);
    scene.ask("2: lock b owner y");
    scene.ask("1: lock b owner x block 0");
    assert_eq!(scene.ask("2: lock a owner y block 0 release"), "victim of cycle y->x->y");
    assert_eq!(scene.answers(), ["1: 3"]);
}

#[test]
fn who_has_priority_is_spared() {
    let mut scene = Scene::after(["1: lock a owner x"]);
    scene.at(10);
    scene.ask("2: lock b owner y");
    scene.ask("1: lock b owner x block 0");
    assert_eq!(scene.ask("2: lock a owner y block 0 prio 1"), "waits");
    assert_eq!(scene.answers(), ["1: victim of cycle x->y->x"]);
}

#[test]
fn a_victim_that_tries_again_has_kept_its_age() {
    let mut scene = Scene::after(["1: lock a owner x"]);
    scene.at(10);
    scene.ask("2: lock b owner y");
    scene.ask("1: lock b owner x block 0");
    scene.ask("2: lock a owner y block 0");
    for line in ["2: unlock b owner y", "1: unlock a owner x", "1: unlock b owner x"] {
        scene.ask(line);
    }
    scene.at(20);
    scene.answers();
    for line in ["3: lock a owner z", "2: lock b owner y", "2: lock a owner y block 0"] {
        scene.ask(line);
    }
    // Younger by what it holds, older by what it was.
    assert_eq!(scene.ask("3: lock b owner z block 0"), "victim of cycle z->y->z");
}

/// A thousand meals of five philosophers who take the left fork first (L14): nobody
/// is a victim for ever.
#[test]
fn l14_philosophers_who_are_victims_eat_in_the_end() {
    #[derive(Clone, Copy, PartialEq)]
    enum At {
        Left,
        Right,
        Table,
    }
    let fork = |seat: usize, at: At| (seat + usize::from(at != At::Left)) % 5;
    crate::chance::with_seeds(1, |chance| {
        let mut scene = Scene::new();
        let (mut at, mut waits) = ([At::Left; 5], [false; 5]);
        let (mut meals, mut refused, mut worst) = ([0; 5], [0; 5], 0);
        while meals.iter().sum::<usize>() < 1_000 {
            scene.at(scene.at.now_ms + chance.below(3));
            let seat = chance.below(5) as usize;
            if waits[seat] {
                continue;
            }
            let told = if at[seat] == At::Table {
                scene.ask_unseen(&format!("{seat}: unlock {}", fork(seat, At::Left)));
                scene.ask_unseen(&format!("{seat}: unlock {}", fork(seat, At::Right)));
                (at[seat], refused[seat]) = (At::Left, 0);
                meals[seat] += 1;
                None
            } else {
                waits[seat] = true;
                Some(scene.ask_unseen(&format!("{seat}: lock {} block 0", fork(seat, at[seat]))))
            };
            let told = told.filter(|told| told != "waits").map(|told| format!("{seat}: {told}"));
            let mut told: Vec<String> = told.into_iter().chain(scene.answers()).collect();
            while let Some(answer) = told.pop() {
                let (seat, said) = answer.split_once(": ").unwrap();
                let seat: usize = seat.parse().unwrap();
                waits[seat] = false;
                if said.starts_with("victim") {
                    refused[seat] += 1;
                    worst = worst.max(refused[seat]);
                    scene.ask_unseen(&format!("{seat}: unlock {}", fork(seat, At::Left)));
                    at[seat] = At::Left;
                    told.extend(scene.answers());
                } else {
                    at[seat] = if at[seat] == At::Left { At::Right } else { At::Table };
                }
            }
        }
        assert!((1..20).contains(&worst), "{worst} times in a row");
        assert!(meals.iter().all(|meals| *meals > 100), "{meals:?}");
    });
}

#[test]
fn a_cycle_may_run_through_a_line() {
    let mut scene = Scene::after(["1: lock a shared owner x"]);
    scene.at(10);
    scene.ask("2: lock b owner y");
    scene.ask("3: lock a owner z block 0");
    scene.ask("2: lock a shared owner y block 0");
    // y has to wait for z, which is ahead of it, and so for x.
    assert_eq!(scene.ask("1: lock b owner x block 0"), "waits");
    assert_eq!(scene.answers(), ["2: victim of cycle y->x->y"]);
}

#[test]
fn s20_who_waits_in_line_behind_a_friend_is_no_deadlock() {
    let mut scene = Scene::after([
        "1: lock a owner x",
        "2: lock m owner w",
        "3: lock a shared owner v block 0",
        "2: lock a shared owner w block 0",
    ]);
    // v waits for w elsewhere; w does not wait for v, only for what v waits for.
    assert_eq!(scene.ask("4: lock m owner v block 0"), "waits");
    assert_eq!(scene.answers(), [""; 0]);
}

#[test]
fn a_long_cycle_is_found_whole() {
    let mut scene = Scene::new();
    for owner in 0..16 {
        scene.at(owner);
        scene.ask(&format!("{owner}: lock {owner}"));
    }
    for owner in 0..15 {
        assert_eq!(scene.ask(&format!("{owner}: lock {} block 0", owner + 1)), "waits");
    }
    assert!(scene.ask("15: lock 0 block 0").starts_with("victim of cycle 1-1-15->1-1-0->"));
    assert_eq!(scene.answers(), [""; 0]);
}

#[test]
fn permits_are_no_deadlock_while_others_may_give_theirs_back() {
    let mut scene = Scene::after([
        "1: lock s permits 1 limit 2 owner x",
        "2: lock s permits 1 limit 2 owner y",
        "3: lock b owner z",
        "1: lock b owner x block 0",
    ]);
    assert_eq!(scene.ask("3: lock s permits 1 limit 2 owner z block 0"), "waits");
    assert_eq!(scene.answers(), [""; 0]);
}

#[test]
fn permits_are_a_deadlock_when_all_who_have_them_wait_in_turn() {
    let mut scene = Scene::after(["4: lock b owner z", "1: lock s permits 1 limit 3 owner x"]);
    scene.at(10);
    scene.ask("2: lock s permits 1 limit 3 owner y");
    scene.at(20);
    scene.ask("3: lock s permits 1 limit 3 owner w");
    scene.ask("1: lock b owner x block 0");
    scene.ask("2: lock b owner y block 0");
    assert_eq!(scene.ask("4: lock s permits 1 limit 3 owner z block 0"), "waits");
    assert_eq!(scene.answers(), [""; 0], "w may give back its permit");
    assert_eq!(scene.ask("3: lock b owner w block 0"), "victim of cycle w->z->w");
    assert_eq!(scene.answers(), [""; 0], "one victim is enough");
    let told = scene.ask("9: deadlocks -");
    for link in ["w b exclusive z", "z s permits w", "z s permits y", "z s permits x"] {
        assert!(told.contains(link), "{link} is missing in {told}");
    }
    scene.ask("3: unlock s owner w");
    assert_eq!(scene.answers(), ["4: 5"]);
}

#[test]
fn with_more_permits_than_are_looked_at_it_is_left_to_the_detector() {
    let victims = |holders: usize| {
        let mut scene = Scene::after(["0: lock b owner z"]);
        for owner in 1..=holders {
            scene.ask(&format!("{owner}: lock s permits 1 limit {holders}"));
            scene.ask(&format!("{owner}: lock b block 0"));
        }
        scene.ask("0: lock s permits 1 limit 9 owner z block 0");
        scene.ask(&format!("0: lock s permits 1 limit {holders} owner z block 0"));
        scene.table.deadlocks.iter().count()
    };
    assert_eq!((victims(100), victims(STEPS_MAX / 2)), (1, 0));
}

#[test]
fn so_many_waits_and_bytes_of_a_deadlock_are_kept() {
    let mut scene = Scene::after(["1: lock a", "2: lock a block 0"]);
    assert_eq!(scene.ask("9: break a wait 2"), "1");
    let kept = scene.table.deadlocks.iter().next().unwrap().cycle.len();
    assert_eq!(kept, DEADLOCK_LINKS_MAX, "of a hundred");
    let long = "n".repeat(NAME_BYTES_MAX);
    let mut scene = Scene::new();
    for owner in 0..40 {
        scene.ask(&format!("{owner}: lock {long}{owner} owner {long}{owner}"));
    }
    for owner in 0..40 {
        let next = (owner + 1) % 40;
        scene.ask(&format!("{owner}: lock {long}{next} owner {long}{owner} block 0"));
    }
    let deadlock = scene.table.deadlocks.iter().next().unwrap();
    assert_eq!(deadlock.cycle.len(), DEADLOCK_BYTES_MAX / (3 * NAME_BYTES_MAX));
    assert_eq!(deadlock.text.len(), TEXT_BYTES_MAX + "...".len());
}

#[test]
fn so_many_cycles_are_broken_by_one_wait() {
    let mut scene = Scene::after(["0: lock a owner x"]);
    for reader in 1..=CYCLES_PER_WAIT + 5 {
        scene.ask(&format!("{reader}: lock b shared"));
        scene.ask(&format!("{reader}: lock a shared block 0"));
    }
    assert_eq!(scene.ask("0: lock b owner x block 0 prio 1"), "waits");
    assert_eq!(scene.answers().len(), CYCLES_PER_WAIT, "the others are left to the detector");
}

#[test]
fn so_many_holds_and_waits_are_told_to_the_detector() {
    let mut scene = Scene::new();
    for owner in 0..TOLD_MAX as u64 + 50 {
        scene.ask(&format!("{owner}: lock a block 0"));
    }
    scene.ask("1: lock b block 0");
    scene.ask("2: lock b block 0");
    let told = scene.table.contended(100, 10);
    let parties = told.iter().map(|lock| lock.holders.len() + lock.line.len());
    assert_eq!(parties.collect::<Vec<_>>(), [TOLD_MAX]);
}

#[test]
fn only_waits_older_than_the_delay_are_told_to_the_detector() {
    let scene = Scene::after(["1: lock a", "2: lock a block 0"]);
    assert_eq!(scene.table.contended(9, 10), []);
    assert_eq!(scene.table.contended(10, 10).len(), 1);
}

#[test]
fn the_ages_of_so_many_victims_are_remembered() {
    let mut scene = Scene::new();
    for owner in 0..AGES_MAX + 10 {
        let owner = OwnerKey::Named(format!("o{owner}").into_bytes().as_slice().into());
        scene.table.remember_age(&scene.at, &owner);
    }
    assert_eq!(scene.table.ages.len(), AGES_MAX);
}

#[test]
fn the_last_deadlocks_are_kept() {
    let mut scene = Scene::after(["1: lock a owner x", "2: lock b owner y"]);
    scene.ask("1: lock b owner x block 0");
    for _ in 0..DEADLOCKS_MAX + 2 {
        scene.at(scene.at.now_ms + 1);
        assert!(scene.ask("2: lock a owner y block 0").starts_with("victim"));
    }
    let times = scene.table.deadlocks.iter().map(|deadlock| deadlock.time_ms);
    assert!({ times }.eq(3..3 + DEADLOCKS_MAX as u64), "the oldest are gone");
}

#[test]
fn l15_a_younger_owner_does_not_wait_for_an_older_one() {
    let mut scene = Scene::after(["1: lock a session s1 birth 1 waitdie"]);
    let line = "2: lock a session s2 birth 2 waitdie block 0";
    assert_eq!(scene.ask(line), "younger than s1");
    scene.ask("2: lock b session s2 birth 2 waitdie");
    assert_eq!(scene.ask("1: lock b session s1 birth 1 waitdie block 0"), "waits");
    assert_eq!(scene.ask("3: lock a waitdie block 0"), "Fault(NeedsSession)");
}

#[test]
fn l15_an_older_owner_takes_the_lock_from_a_younger_one() {
    let mut scene = Scene::after(["1: lock a session s2 birth 2 wound 100"]);
    assert_eq!(scene.ask("2: lock a session s1 birth 1 wound 100 block 0"), "waits");
    scene.at(99);
    assert_eq!(scene.answers(), [""; 0]);
    scene.at(100);
    assert_eq!(scene.answers(), ["2: 2"]);
    assert_eq!(scene.ask("1: unlock a session s2"), "0");
    assert_eq!(scene.ask("3: lock a session s3 birth 3 wound 0 block 0"), "waits");
    assert_eq!(scene.ask("2: check a token 2"), super::super::NO_END_MS.to_string());
}

#[test]
fn without_grace_the_younger_one_loses_it_at_once() {
    let mut scene = Scene::after(["1: lock a session s2 birth 2 wound 100"]);
    assert_eq!(scene.ask("2: lock a session s1 birth 1 wound 0 block 0"), "2");
}

#[test]
fn the_detector_ends_a_wait_once() {
    let mut scene = Scene::after(["1: lock a", "2: lock a block 0"]);
    assert_eq!(scene.ask("9: confirmed a wait 2 other 1"), "1");
    assert_eq!(scene.ask("9: confirmed a wait 1 other 2"), "0");
    assert_eq!(scene.ask("9: break a wait 2"), "1");
    assert_eq!(scene.answers(), ["2: victim of cycle x->y->x"]);
    assert_eq!(scene.ask("9: break a wait 2"), "0");
}
