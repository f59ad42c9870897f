use crate::chance::Chance;
use crate::check::locks::{Flaw, Hold, check};

fn hold(owner: u64, token: u64, asked: u64, granted: u64, until: u64) -> Hold {
    Hold { lock: 1, owner, token, asked, granted, until }
}

#[test]
fn holds_that_follow_each_other_are_accepted() {
    let good = [
        vec![],
        vec![hold(1, 1, 1, 2, 5), hold(2, 2, 3, 6, 9)],
        // Asked at the same time, granted one after the other.
        vec![hold(1, 1, 1, 2, 5), hold(2, 2, 1, 5, 9), hold(3, 3, 1, 9, 12)],
        // The same owner took it twice.
        vec![hold(1, 1, 1, 2, 9), hold(1, 1, 3, 4, 9), hold(2, 2, 3, 10, 12)],
        // Its reply came late: nobody knows when it began.
        vec![hold(1, 2, 1, 20, 21), hold(2, 1, 3, 5, 7)],
    ];
    for history in good {
        assert_eq!(check(&history), Ok(()));
    }
}

#[test]
fn holds_that_break_the_rules_are_refused() {
    let overlap = vec![hold(1, 1, 1, 2, 9), hold(2, 2, 3, 5, 12)];
    assert!(matches!(check(&overlap), Err(Flaw::Overlap(..))));
    let inside = vec![hold(1, 1, 1, 2, 90), hold(2, 2, 3, 95, 96), hold(3, 3, 4, 50, 99)];
    assert!(matches!(check(&inside), Err(Flaw::Overlap(..))));
    let fell = vec![hold(1, 5, 1, 2, 3), hold(2, 4, 6, 7, 8)];
    assert!(matches!(check(&fell), Err(Flaw::TokenFell(..))));
    let fell_far = vec![hold(1, 5, 1, 2, 3), hold(3, 6, 30, 31, 32), hold(2, 4, 6, 7, 8)];
    assert!(matches!(check(&fell_far), Err(Flaw::TokenFell(..))));
    let shared = vec![hold(1, 5, 1, 2, 3), hold(2, 5, 6, 7, 8)];
    assert!(matches!(check(&shared), Err(Flaw::SharedToken(..))));
    let other_lock = Hold { lock: 2, ..hold(2, 1, 3, 5, 12) };
    assert_eq!(check(&[hold(1, 1, 1, 2, 9), other_lock]), Ok(()));
}

/// Holds as a lock gives them: granted at a point between asking and the reply.
fn executed(chance: &mut Chance) -> Vec<Hold> {
    let mut now = 10;
    (1..=40)
        .map(|token| {
            let begins = now + chance.below(20);
            let ends = begins + chance.between(1, 30);
            now = ends;
            let granted = begins + chance.below(20);
            hold(token, token, begins.saturating_sub(chance.below(200)), granted, ends)
        })
        .collect()
}

#[test]
fn what_a_lock_did_is_accepted_and_changed_holds_are_refused() {
    for seed in 0..500 {
        let mut chance = Chance::new(seed);
        let holds = executed(&mut chance);
        assert_eq!(check(&holds), Ok(()), "seed {seed}");

        let at = chance.between(1, 38) as usize;
        let mut longer = holds.clone();
        longer[at].until = longer[at + 1].granted + 1;
        assert!(matches!(check(&longer), Err(Flaw::Overlap(..))), "seed {seed}");

        let mut lower = holds;
        let end = lower.iter().map(|hold| hold.granted.max(hold.until)).max().unwrap_or(0);
        lower.push(Hold { owner: 99, ..hold(99, 0, end + 1, end + 2, end + 3) });
        assert!(matches!(check(&lower), Err(Flaw::TokenFell(..))), "seed {seed}");
    }
}
