//! Judging answers.

use lockstep_core::NodeId;
use lockstep_core::cluster::{ClusterId, NodeInfo, NodeState};

use super::*;

fn card(id: u64) -> Card {
    let node = NodeInfo {
        id: NodeId(id),
        host: format!("n{id}"),
        peer_port: 1,
        state: NodeState::Up,
        ..NodeInfo::default()
    };
    Card {
        node,
        cluster: None,
        founded: false,
        expect: 3,
        shards: 4,
        replicas: 3,
        cluster_mode: false,
        others: Vec::new(),
    }
}

fn from(card: Card) -> (String, Card) {
    (card.node.peer_address(), card)
}

fn seeds() -> Seeds {
    Seeds::new(&["n1:1".to_owned(), "n2:1".to_owned(), "n3:1".to_owned()])
}

#[test]
fn the_lowest_id_founds_when_all_seeds_have_answered() {
    let cards = [from(card(2)), from(card(3))];
    let Found::Lead(nodes) = seeds().judge(&card(1), &cards) else { panic!("it waits") };
    assert_eq!(nodes.iter().map(|node| node.id.0).collect::<Vec<_>>(), [1, 2, 3]);
    let cards = [from(card(1)), from(card(3))];
    assert_eq!(seeds().judge(&card(2), &cards), Found::Nothing);
}

#[test]
fn nothing_is_founded_while_a_seed_is_silent() {
    assert_eq!(seeds().judge(&card(1), &[from(card(2))]), Found::Nothing);
    // Even if there are enough others.
    let cards = [from(card(2)), from(card(4)), from(card(5))];
    assert_eq!(seeds().judge(&card(1), &cards), Found::Nothing);
}

#[test]
fn a_cluster_that_somebody_knows_is_joined_though_others_are_silent() {
    let member = Card { cluster: Some(ClusterId(7)), founded: true, ..card(3) };
    let found = seeds().judge(&card(1), &[from(member.clone())]);
    assert_eq!(found, Found::Cluster(member));
}

#[test]
fn a_node_of_one_cluster_joins_no_other() {
    let member = Card { cluster: Some(ClusterId(7)), founded: true, ..card(3) };
    let me = Card { cluster: Some(ClusterId(8)), ..card(1) };
    let mut seeds = seeds();
    assert_eq!(seeds.judge(&me, &[from(member)]), Found::Nothing);
    let said = seeds.said.unwrap();
    assert!(said.contains("cluster 7") && said.contains("cluster 8"), "{said}");
}

#[test]
fn nodes_that_were_told_different_things_found_nothing_and_say_which() {
    let other = Card { shards: 8, ..card(3) };
    let mut seeds = seeds();
    assert_eq!(seeds.judge(&card(1), &[from(card(2)), from(other)]), Found::Nothing);
    let said = seeds.said.unwrap();
    assert!(said.contains("shards 4 here and 8 there"), "{said}");
    assert!(said.contains("node 1 here") && said.contains("node 3 at n3:1"), "{said}");
}

#[test]
fn nodes_that_were_named_by_others_are_asked_too() {
    let mut seeds = Seeds::new(&["n1:1".to_owned()]);
    let first = Card { others: vec!["n2:1".to_owned(), "n3:1".to_owned()], ..card(1) };
    assert_eq!(seeds.judge(&card(2), &[from(first)]), Found::Nothing);
    assert_eq!(seeds.addresses(), ["n1:1", "n3:1"]);
}

#[test]
fn no_more_addresses_are_kept_than_there_is_room_for() {
    let mut seeds = seeds();
    (0..1000).for_each(|number| seeds.meet(format!("m{number}:1")));
    assert_eq!(seeds.met().len(), SEEDS_MAX);
}

#[test]
fn a_node_that_is_no_seed_founds_nothing_and_is_not_needed() {
    let cards = [from(card(2)), from(card(3)), from(card(4))];
    assert_eq!(seeds().judge(&card(0), &cards), Found::Nothing);
    let cards = [from(card(0)), from(card(2)), from(card(3))];
    let Found::Lead(nodes) = seeds().judge(&card(1), &cards) else { panic!("it waits") };
    assert_eq!(nodes.iter().map(|node| node.id.0).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn where_fewer_seeds_are_named_than_expected_others_take_part() {
    let mut seeds = Seeds::new(&["n2:1".to_owned()]);
    let cards = [from(card(1)), from(card(3))];
    let Found::Lead(nodes) = seeds.judge(&card(2), &cards) else { panic!("it waits") };
    assert_eq!(nodes.iter().map(|node| node.id.0).collect::<Vec<_>>(), [1, 2, 3]);
    let cards = [from(card(2)), from(card(3))];
    assert_eq!(seeds.judge(&card(1), &cards), Found::Nothing);
}

#[test]
fn a_seed_that_is_this_node_under_another_name_counts_once() {
    let mut seeds = Seeds::new(&["localhost:1".to_owned(), "n2:1".to_owned(), "n3:1".to_owned()]);
    let cards = [("localhost:1".to_owned(), card(1)), from(card(2)), from(card(3))];
    let Found::Lead(nodes) = seeds.judge(&card(1), &cards) else { panic!("it waits") };
    assert_eq!(nodes.len(), 3);
}
