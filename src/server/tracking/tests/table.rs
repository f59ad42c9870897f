//! Who is told of which keys.

use std::sync::Arc;

use lockstep_commands::Protocol;
use lockstep_core::keys::{Touched, TouchedKey};
use lockstep_core::{NodeId, Origin};
use lockstep_net::{Connections, Output};
use lockstep_raft::Touch;

use super::super::table::Table;
use super::super::terms::Terms;
use crate::clients::{Client, Clients, Flag};

/// A table with clients 1, 2, ... that speak RESP3.
struct Story {
    table: Table,
    clients: Clients,
    list: Vec<Arc<Client>>,
}

fn story(terms: &[Terms]) -> Story {
    let connections = Arc::new(Connections::default());
    let address = "127.0.0.1:1".parse().unwrap();
    let mut story =
        Story { table: Table::default(), clients: Clients::default(), list: Vec::new() };
    for terms in terms {
        let link = connections.open(address, address);
        let client = Arc::new(Client::new(link, connections.clone()));
        client.set_protocol(Protocol::Resp3);
        story.clients.enter(client.clone());
        story.table.enter(&client, terms.clone());
        story.list.push(client);
    }
    story
}

fn plain() -> Terms {
    Terms::default()
}

fn broadcast(prefixes: &[&str]) -> Terms {
    let prefixes = prefixes.iter().map(|prefix| Box::from(prefix.as_bytes())).collect();
    Terms { broadcast: true, prefixes, ..Terms::default() }
}

fn touch(by: Option<u64>, names: &[&str]) -> Touch {
    let mut touched = Touched::default();
    for name in names {
        touched.note(TouchedKey { name: name.as_bytes(), ended: false });
    }
    let by = by.map(|conn| Origin { node: NodeId(1), boot: 1, conn });
    Touch { by, touched }
}

impl Story {
    fn read(&mut self, client: u64, names: &[&str]) {
        for name in names {
            self.table.read(client, name.as_bytes(), 1000, &self.clients);
        }
    }

    fn touch(&mut self, touches: &[Touch]) {
        self.table.touch(touches, |origin| Some(origin.conn), &self.clients);
    }

    /// What each client was told since it was last asked: keys, with commas between
    /// those of one push; `*` is all.
    fn told(&self) -> Vec<String> {
        let told = |client: &Arc<Client>| {
            let mut out = Output::default();
            client.hand_over(&mut out);
            let text = String::from_utf8_lossy(out.bytes()).replace("\r\n", " ");
            let pushes = text.split(">2 $10 invalidate ").skip(1).map(|push| {
                let words = push.split_whitespace().filter(|word| !word.starts_with(['$', '*']));
                words.collect::<Vec<_>>().join(",").replace('_', "*")
            });
            pushes.collect::<Vec<_>>().join(" ")
        };
        self.list.iter().map(told).collect()
    }
}

#[test]
fn who_read_a_key_is_told_once() {
    let mut story = story(&[plain(), plain()]);
    story.read(1, &["a", "b"]);
    story.read(2, &["b"]);
    assert_eq!((story.table.counts().keys, story.table.counts().items), (2, 3));
    story.touch(&[touch(None, &["b", "c"])]);
    assert_eq!(story.told(), ["b", "b"]);
    story.touch(&[touch(None, &["b"]), touch(Some(1), &["a", "a"])]);
    assert_eq!(story.told(), ["a", ""]);
    assert_eq!(story.table.counts().items, 0);
}

#[test]
fn a_change_of_its_own_is_not_told_to_who_does_not_want_to_know() {
    let mut no_loop = broadcast(&[""]);
    no_loop.no_loop = true;
    let mut story = story(&[Terms { no_loop: true, ..plain() }, no_loop, plain()]);
    story.read(1, &["a"]);
    story.read(3, &["a"]);
    story.touch(&[touch(Some(1), &["a"])]);
    assert_eq!(story.told(), ["", "a", "a"]);
    story.touch(&[touch(Some(2), &["x", "y"]), touch(Some(3), &["y"]), touch(None, &["z"])]);
    assert_eq!(story.told(), ["", "y,z", ""]);
    // What ended by itself nobody has changed.
    story.read(1, &["a"]);
    let mut ended = touch(Some(1), &[]);
    ended.touched.note(TouchedKey { name: b"a", ended: true });
    story.touch(&[ended]);
    assert_eq!(story.told(), ["a", "a", ""]);
}

#[test]
fn prefixes_are_told_of_together_and_each_by_itself() {
    let mut story = story(&[broadcast(&["a", "b"]), broadcast(&["ab"]), broadcast(&[""])]);
    story.touch(&[touch(None, &["b1", "ab", "a"]), touch(None, &["ab", "c"])]);
    assert_eq!(story.told(), ["a,ab b1", "ab", "a,ab,b1,c"]);
    story.table.leave(3);
    story.touch(&[touch(None, &["c"])]);
    assert_eq!(story.told(), ["", "", ""]);
    assert_eq!(story.table.counts().prefixes, 3);
    story.table.leave(1);
    story.table.leave(2);
    assert_eq!((story.table.counts().prefixes, story.table.is_empty()), (0, true));
}

#[test]
fn more_keys_than_the_limit_are_said_to_have_changed_and_forgotten() {
    let mut story = story(&[plain()]);
    for number in 0..50 {
        story.table.read(1, format!("k{number}").as_bytes(), 10, &story.clients);
        assert!(story.table.counts().keys <= 10);
    }
    assert_eq!(story.told()[0].split(' ').count(), 40);
    assert!(story.table.make_room(3, 5, &story.clients));
    assert!(!story.table.make_room(3, 5, &story.clients));
    assert_eq!((story.table.counts().keys, story.told()[0].split(' ').count()), (3, 7));
}

#[test]
fn all_are_told_when_any_key_may_have_changed() {
    let mut story = story(&[plain(), broadcast(&["x"])]);
    story.read(1, &["a"]);
    let mut all = touch(None, &["b"]);
    all.touched.note_all();
    story.touch(&[all]);
    assert_eq!(story.told(), ["*", "*"]);
    assert_eq!(story.table.counts().keys, 0);
}

#[test]
fn who_cannot_be_told_later_is_told_at_once() {
    let story = story(&[plain(), broadcast(&["x"])]);
    for name in ["a", "x1"] {
        story.table.cannot_tell(1, name.as_bytes(), &story.clients);
        story.table.cannot_tell(2, name.as_bytes(), &story.clients);
    }
    assert_eq!(story.told(), ["a x1", "x1"]);
    assert_eq!(story.table.counts().keys, 0);
}

#[test]
fn another_client_is_told_instead_and_a_broken_redirect_is_noted() {
    let mut story = story(&[Terms { redirect: Some(2), ..plain() }, plain()]);
    story.read(1, &["a", "b"]);
    story.touch(&[touch(None, &["a"])]);
    assert_eq!(story.told(), ["", "a"]);
    assert_eq!((story.list[0].redirect(), story.list[1].redirect()), (2, 0));
    story.clients.leave(2);
    story.touch(&[touch(None, &["b"])]);
    assert!(story.list[0].has(Flag::BrokenRedirect));
    story.table.leave(1);
    assert!(!story.list[0].has(Flag::BrokenRedirect));
    assert_eq!(story.list[0].redirect(), -1);
}
