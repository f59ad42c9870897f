//! What a node is told that may have missed the answer to a request that waits.

use super::*;
use crate::Read;

/// What became of the request of this number, which was this line.
fn became(scene: &Scene, line: &str, request: u64) -> String {
    let (conn, rest) = line.split_once(": ").unwrap();
    let words: Vec<&str> = rest.split(' ').collect();
    let (op, _) = words::op(connection(conn.parse().unwrap()), request, &words);
    let look = op.look_at_wait().expect("it is ready to wait");
    match scene.table.read(scene.at.now_ms, scene.at.now_ms, &look) {
        Read::Done(outcome) => shown(&outcome),
        Read::TickFirst => "tick first".to_owned(),
    }
}

#[test]
fn who_waits_is_told_so_and_who_was_served_gets_the_token() {
    let waits = "2: lock a owner y px 900 block 0";
    let mut scene = Scene::after(["1: lock a owner x", waits]);
    assert_eq!(became(&scene, waits, 2), shown(&Outcome::Waits));
    scene.ask("1: unlock a owner x");
    assert_eq!(became(&scene, waits, 2), "2");
}

#[test]
fn whose_time_was_up_or_who_lost_it_again_gets_nothing() {
    let waits = "2: lock a owner y px 900 block 50";
    let mut scene = Scene::after(["1: lock a owner x", waits]);
    scene.at(60);
    assert_eq!(became(&scene, waits, 2), "nil");
    let again = "2: lock a owner y px 900 block 0";
    scene.ask(again);
    scene.ask("1: unlock a owner x");
    scene.ask("3: unlock a owner y");
    assert_eq!(became(&scene, again, 3), "nil");
}

#[test]
fn the_wait_of_another_request_is_not_taken_for_it() {
    let waits = "2: lock a owner y px 900 block 0";
    let scene = Scene::after(["1: lock a owner x", waits]);
    assert_eq!(became(&scene, waits, 3), "nil");
    assert_eq!(became(&scene, &waits.replace("lock a", "lock b"), 2), "nil");
    assert_eq!(became(&scene, &waits.replace("2:", "3:"), 2), "nil");
}

#[test]
fn a_conversion_that_waits_is_no_hold_in_the_new_mode() {
    let converts = "1: convert a x owner x block 0";
    let mut scene =
        Scene::after(["1: lock a shared owner x", "2: lock a shared owner y", converts]);
    assert_eq!(became(&scene, converts, 3), shown(&Outcome::Waits));
    scene.ask("1: cancel a owner x");
    assert_eq!(became(&scene, converts, 3), "nil", "it has the lock as before");
    scene.ask(converts);
    scene.ask("2: unlock a owner y");
    assert_eq!(became(&scene, converts, 5), "2", "it has it alone");
}
