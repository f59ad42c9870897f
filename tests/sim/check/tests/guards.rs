use super::super::guards::{Flaw, Hold, How, check};

fn hold(owner: u64, how: How, token: u64, times: (u64, u64, u64)) -> Hold {
    let (asked, granted, until) = times;
    Hold { lock: 1, owner, how, token, asked, granted, until }
}

#[test]
fn readers_together_and_a_writer_behind_them_are_fine() {
    let holds = [
        hold(1, How::Shared, 1, (0, 1, 10)),
        hold(2, How::Shared, 1, (2, 3, 12)),
        hold(3, How::Update, 2, (4, 5, 14)),
        hold(4, How::Exclusive, 3, (6, 15, 20)),
    ];
    assert_eq!(check(&holds), Ok(()));
}

#[test]
fn a_writer_among_readers_is_seen() {
    let (one, other) =
        (hold(1, How::Shared, 1, (0, 1, 10)), hold(2, How::Exclusive, 2, (2, 9, 12)));
    assert_eq!(check(&[one.clone(), other.clone()]), Err(Flaw::Together(one, other)));
}

#[test]
fn two_who_may_both_become_writers_are_seen() {
    let (one, other) = (hold(1, How::Update, 1, (0, 1, 10)), hold(2, How::Update, 2, (2, 9, 12)));
    assert_eq!(check(&[one.clone(), other.clone()]), Err(Flaw::Together(one, other)));
}

#[test]
fn readers_at_once_with_different_tokens_are_seen() {
    let (one, other) = (hold(1, How::Shared, 1, (0, 1, 10)), hold(2, How::Shared, 2, (2, 9, 12)));
    assert_eq!(check(&[one.clone(), other.clone()]), Err(Flaw::Apart(one, other)));
}

#[test]
fn a_token_that_falls_or_stays_for_a_writer_is_seen() {
    for token in [3, 4] {
        let one = hold(1, How::Shared, 4, (0, 1, 2));
        let other = hold(2, How::Exclusive, token, (5, 6, 7));
        assert_eq!(check(&[one.clone(), other.clone()]), Err(Flaw::TokenFell(one, other)));
    }
}
