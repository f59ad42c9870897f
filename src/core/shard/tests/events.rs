//! What happens to keys comes out as effects.

use super::*;
use crate::effects::KEY_EVENT_BYTES_MAX;
use crate::keys::{Class, Event, Happened};
use crate::{Effect, Effects};

fn listening() -> Effects {
    let classes = [Class::Generic, Class::String, Class::Expired];
    Effects::new(false).with_key_events(classes.into_iter().map(Class::bit).sum())
}

fn words(fx: &mut Effects) -> Vec<String> {
    let word = |effect| match effect {
        Effect::Keyspace { key, event, .. } => {
            format!("{} {}", event.word(), key.escape_ascii())
        }
        other => panic!("{other:?}"),
    };
    fx.take().into_iter().map(word).collect()
}

#[test]
fn every_operation_of_a_transaction_tells_and_what_is_over_tells_first() {
    let mut shard = Shard::new(1);
    run(&mut shard, NOW, &set(b"old", b"v", Expiry::In { ms: 10 }));
    let del = Op::Key { op: keys::Op::Del { db: DB, keys: vec![b"a", b"none"] } };
    let ops = encoded(&[set(b"a", b"1", FOREVER), get(b"a"), del]);
    let mut fx = listening();
    shard.apply(NOW + 10, &transaction(&ops, 3, Vec::new()), &mut fx);
    assert_eq!(words(&mut fx), ["expired old", "set a", "del a"]);
}

#[test]
fn nothing_is_gathered_of_those_who_do_not_ask() {
    let mut shard = Shard::new(1);
    shard.apply(NOW, &set(b"a", b"1", FOREVER), &mut listening());
    let mut fx = Effects::new(true);
    shard.apply(NOW, &set(b"a", b"2", FOREVER), &mut fx);
    assert!(fx.is_empty());
}

#[test]
fn an_entry_tells_no_more_than_there_is_room_for() {
    let mut fx = listening();
    let long = || Happened { db: DB, key: vec![b'k'; 1 << 20], event: Event::Set {} };
    let room = KEY_EVENT_BYTES_MAX >> 20;
    (0..room + 5).for_each(|_| fx.push_key_event(long()));
    assert_eq!(fx.len(), room - 1);
}
