//! The rules that are looked at after every operation find what breaks them.

use super::*;

/// What the table says at the end of a story with a broken rule; none: it notices
/// nothing.
fn noticed<const N: usize>(mutant: Mutant, lines: [&str; N]) -> Option<String> {
    let story = move || {
        let mut scene = Scene::new();
        scene.table.mutant = Some(mutant);
        for line in lines {
            match line {
                "later" => scene.at(100),
                line => match line.strip_prefix("gone ") {
                    Some(conn) => scene.gone(conn.parse().unwrap()),
                    None => {
                        let _ = scene.ask(line);
                    }
                },
            }
        }
    };
    let broken = std::panic::catch_unwind(story).err()?;
    broken.downcast::<String>().ok().map(|said| *said)
}

#[test]
fn a_reader_beside_a_writer_is_noticed_in_the_operation_that_lets_it_in() {
    let said = noticed(Mutant::SharedBesideExclusive, ["1: lock a", "2: lock a shared"]);
    assert_eq!(said.as_deref(), Some("a: holders do not get along"));
}

#[test]
fn a_token_that_does_not_rise_is_noticed_in_the_operation_that_gives_it() {
    let story = ["1: lock a update", "1: convert a exclusive"];
    let said = noticed(Mutant::TokenUsedAgain, story).expect("the token is the same");
    assert!(said.contains("a: Exclusive has token 1 behind 1"), "{said}");
}

#[test]
fn a_lost_wake_up_is_noticed_when_a_time_runs_out_and_not_only_in_an_operation() {
    let story = ["1: lock a shared", "2: lock a block 100", "3: lock a shared block 0", "later"];
    let said = noticed(Mutant::LeaverBlocksLine, story);
    assert_eq!(said.as_deref(), Some("a: the first in line waits for nothing"));
}

#[test]
fn a_table_that_is_asked_to_looks_after_itself_in_any_build() {
    let mut table = Table::new();
    table.check_always();
    assert!(table.index.watch.is_on());
}
