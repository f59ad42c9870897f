//! Users on a node, without sockets.

#![allow(clippy::unwrap_used)]

use lockstep_commands::users::User;

use super::change::{delete, set, set_password};
use super::{DEFAULT, Users};
use crate::config::Setting;
use crate::testing;

fn rules(line: &str) -> Vec<Vec<u8>> {
    line.split(' ').map(|word| word.as_bytes().to_vec()).collect()
}

#[test]
fn the_default_user_has_the_password_of_the_settings() {
    let open = Users::new("");
    assert!(open.is_open() && open.admit(DEFAULT, b"any").is_some());
    let closed = Users::new("pw");
    assert!(!closed.is_open());
    assert!(closed.admit(DEFAULT, b"pw").is_some() && closed.admit(DEFAULT, b"any").is_none());
    assert!(closed.admit(b"nobody", b"pw").is_none());
}

#[test]
fn nobody_is_let_in_while_the_users_are_not_known() {
    let users = Users::new("");
    users.set_unsure(true);
    assert!(!users.is_open() && users.admit(DEFAULT, b"").is_none());
    users.set_unsure(false);
    assert!(users.is_open());
}

#[tokio::test]
async fn a_change_holds_here_when_it_is_answered() {
    let (node, _dir) = testing::node().await;
    set(node.clone(), b"me".to_vec(), rules("on >pw +get ~a")).await.unwrap();
    let me = node.users.admit(b"me", b"pw").unwrap();
    assert!(!me.is_unlimited());
    set(node.clone(), b"me".to_vec(), rules("+@all allkeys allchannels")).await.unwrap();
    assert!(me.is_unlimited(), "the same account");
    let refused = set(node.clone(), b"me".to_vec(), rules("off nonsense")).await.unwrap_err();
    assert!(refused.0.starts_with("ERR Error in ACL SETUSER modifier 'nonsense'"));
    assert!(node.users.admit(b"me", b"pw").is_some(), "nothing of it holds");
    assert_eq!(delete(node.clone(), vec![b"me".to_vec(), b"you".to_vec()]).await, Ok(1));
    assert!(me.is_gone() && node.users.get(b"me").is_none());
}

#[tokio::test]
async fn changes_of_one_user_at_the_same_time_are_all_kept() {
    let (node, _dir) = testing::node().await;
    let changes = (0..10)
        .map(|key| tokio::spawn(set(node.clone(), b"me".to_vec(), rules(&format!("~key{key}")))));
    for change in changes.collect::<Vec<_>>() {
        change.await.unwrap().unwrap();
    }
    let line = node.users.get(b"me").unwrap().rights().user.line(b"me");
    let line = String::from_utf8(line).unwrap();
    assert!((0..10).all(|key| line.contains(&format!(" ~key{key} "))), "{line}");
}

#[tokio::test]
async fn the_settings_hold_until_the_cluster_remembers_the_default_user() {
    let (node, _dir) = testing::node().await;
    node.settings.set("requirepass", "own").unwrap();
    node.users.set_own_password(&node);
    assert!(node.users.admit(DEFAULT, b"own").is_some());
    set_password(node.clone(), "common".to_owned()).await.unwrap();
    assert!(node.users.admit(DEFAULT, b"common").is_some());
    node.settings.set("requirepass", "other").unwrap();
    node.users.set_own_password(&node);
    assert!(node.users.admit(DEFAULT, b"other").is_none());
    let default = node.users.default_user().rights();
    assert_eq!(default.user, User::default_with("common"));
    assert!(node.settings.number(Setting::AclUsersMax) > 0);
}
