//! What every store of bodies promises.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_core::ShardId;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;

#[test]
fn what_was_put_comes_back() {
    with_both(|store| {
        store.put(SHARD, &row(1, 0..40)).unwrap();
        store.sync().unwrap();
        let got = store.get(SHARD, &ids(1, [39, 0, 40, 17])).unwrap();
        let expected =
            [39, 0, 40, 17].map(|seq| (seq < 40).then(|| body(id(1, seq), 500))).to_vec();
        assert_eq!(got, expected);
    });
}

#[test]
fn bodies_of_all_sizes_come_back() {
    let sizes = [0, 1, 23 << 10, (24 << 10) + 1, 48 << 10, 1 << 20, 16 << 20];
    with_both(|store| {
        let bodies: Vec<_> = sizes
            .iter()
            .enumerate()
            .map(|(seq, bytes)| (id(9, seq as u64), body(id(9, seq as u64), *bytes)))
            .collect();
        store.put(SHARD, &bodies).unwrap();
        for (id, body) in &bodies {
            assert_eq!(get(store, *id).as_ref(), Some(body), "{} bytes", body.len());
        }
    });
}

/// More than goes to sled in one batch, and some of each block is there already.
#[test]
fn many_bodies_at_once_all_come_back() {
    const COUNT: u64 = 5_000;
    with_both(|store| {
        store.put(SHARD, &row(1, (0..COUNT).step_by(3))).unwrap();
        store.put(SHARD, &row(1, (0..COUNT).filter(|seq| seq % 7 != 3))).unwrap();
        store.sync().unwrap();
        let there = |seq: u64| seq.is_multiple_of(3) || seq % 7 != 3;
        let got = store.get(SHARD, &ids(1, 0..COUNT)).unwrap();
        for (seq, got) in (0..COUNT).zip(got) {
            assert_eq!(got, there(seq).then(|| body(id(1, seq), 500)), "{seq}");
        }
    });
}

#[test]
fn queues_and_shards_do_not_meet() {
    with_both(|store| {
        store.put(ShardId(1), &row(1, [5])).unwrap();
        store.put(ShardId(2), &row(2, [5])).unwrap();
        assert_eq!(all(store, ShardId(1)), [id(1, 5)]);
        assert_eq!(all(store, ShardId(2)), [id(2, 5)]);
        assert_eq!(store.get(ShardId(1), &[id(2, 5)]).unwrap(), [None]);
    });
}

#[test]
fn a_body_that_is_put_again_takes_the_place_of_the_first() {
    with_both(|store| {
        store.put(SHARD, &row(1, 0..16)).unwrap();
        let other = body(id(7, 7), 90_000);
        store.put(SHARD, &[(id(1, 7), other.clone())]).unwrap();
        assert_eq!(get(store, id(1, 7)), Some(other));
        assert_eq!(get(store, id(1, 6)), Some(body(id(1, 6), 500)));
        store.put(SHARD, &row(1, [7])).unwrap();
        assert_eq!(get(store, id(1, 7)), Some(body(id(1, 7), 500)));
        assert_eq!(all(store, SHARD), ids(1, 0..16));
    });
}

#[test]
fn what_was_removed_is_gone_and_its_neighbours_stay() {
    with_both(|store| {
        store.put(SHARD, &row(1, 0..32)).unwrap();
        store.remove(SHARD, &ids(1, [3, 4, 99])).unwrap();
        assert_eq!(get(store, id(1, 3)), None);
        assert_eq!(get(store, id(1, 5)), Some(body(id(1, 5), 500)));
        let left: Vec<u64> = (0..32).filter(|seq| ![3, 4].contains(seq)).collect();
        assert_eq!(all(store, SHARD), ids(1, left));
        store.remove(SHARD, &ids(1, 0..32)).unwrap();
        assert_eq!(all(store, SHARD), []);
    });
}

#[test]
fn a_removed_body_may_be_put_again() {
    with_both(|store| {
        store.put(SHARD, &row(1, 0..4)).unwrap();
        store.remove(SHARD, &ids(1, [2])).unwrap();
        store.put(SHARD, &row(1, [2])).unwrap();
        assert_eq!(get(store, id(1, 2)), Some(body(id(1, 2), 500)));
    });
}

#[test]
fn a_shard_that_is_erased_leaves_the_others() {
    with_both(|store| {
        store.put(ShardId(1), &row(1, 0..20)).unwrap();
        store.put(ShardId(2), &row(1, 0..20)).unwrap();
        store.erase(ShardId(1)).unwrap();
        assert_eq!(all(store, ShardId(1)), []);
        assert_eq!(all(store, ShardId(2)).len(), 20);
        store.put(ShardId(1), &row(1, [1])).unwrap();
        assert_eq!(all(store, ShardId(1)), ids(1, [1]));
    });
}

#[test]
fn the_numbers_at_the_end_of_all_numbers_are_names_as_others() {
    with_both(|store| {
        store.put(SHARD, &row(u64::MAX, [u64::MAX, u64::MAX - 20])).unwrap();
        assert_eq!(all(store, SHARD), ids(u64::MAX, [u64::MAX - 20, u64::MAX]));
        assert!(get(store, id(u64::MAX, u64::MAX)).is_some());
    });
}

/// Random changes, against a map.
#[test]
fn a_store_is_a_map_of_names_to_bodies() {
    with_both(|store| {
        let mut luck = StdRng::seed_from_u64(11);
        let mut model: BTreeMap<BodyId, Arc<[u8]>> = BTreeMap::new();
        for _ in 0..300 {
            let queue = luck.random_range(0..2);
            let some: Vec<_> = (0..luck.random_range(1..20))
                .map(|_| id(queue, luck.random_range(0..60)))
                .collect();
            if luck.random_bool(0.6) {
                let bytes = luck.random_range(0..3000) * luck.random_range(1..20);
                let bodies: BTreeMap<_, _> =
                    some.iter().map(|id| (*id, body(*id, bytes))).collect();
                model.extend(bodies.clone());
                store.put(SHARD, &bodies.into_iter().collect::<Vec<_>>()).unwrap();
            } else {
                some.iter().for_each(|id| drop(model.remove(id)));
                store.remove(SHARD, &some).unwrap();
            }
            let asked: Vec<_> = (0..10).map(|_| id(queue, luck.random_range(0..60))).collect();
            let expected: Vec<_> = asked.iter().map(|id| model.get(id).cloned()).collect();
            assert_eq!(store.get(SHARD, &asked).unwrap(), expected);
        }
        assert_eq!(all(store, SHARD), model.keys().copied().collect::<Vec<_>>());
    });
}
