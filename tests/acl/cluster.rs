//! Users belong to the cluster: they are made through any node and hold on all.

use lockstep_tests::{Client, Cluster, three_nodes, wait_for};

use super::{KEY, allowed, denied, set_user};

fn log_in(cluster: &Cluster, node: usize) -> Client {
    let mut client = cluster.client(node);
    wait_for("the user on every node", || client.call("AUTH me pw").text() == "OK");
    client
}

#[test]
fn a_user_made_through_one_node_holds_on_all_and_survives_them() {
    let mut cluster = three_nodes(&["--shards", "2"]);
    set_user(&mut cluster.client(0), "me on >pw ~a* +@all");
    for node in 0..3 {
        let mut me = log_in(&cluster, node);
        denied(&mut me, "SET x 1", KEY);
        allowed(&mut me, "SET a 1");
        denied(&mut me, "LOCK x", KEY);
        denied(&mut me, "MLOCK 2 a x", KEY);
    }
    // Every change through another node; who asked sees it at once.
    for node in 0..3 {
        let mut asks = cluster.client(node);
        set_user(&mut asks, &format!("me resetkeys ~b{node}"));
        let keys = asks.call("ACL GETUSER me").field("keys").unwrap().text();
        assert_eq!(keys, format!("~b{node}"));
    }
    let mut me = log_in(&cluster, 1);
    wait_for("the last change", || {
        me.call("ACL WHOAMI").text() == "me" && !me.call("GET b2").is_error()
    });
    denied(&mut me, "GET b1", KEY);
    let leader = cluster.wait_leader(0);
    cluster.kill(leader);
    let other = (leader + 1) % 3;
    let mut asks = cluster.client(other);
    wait_for("a change without the dead node", || asks.call("ACL SETUSER me ~c").text() == "OK");
    cluster.restart(leader);
    cluster.wait_ready();
    let mut me = log_in(&cluster, leader);
    wait_for("what it missed", || !me.call("GET c").is_error());
    denied(&mut me, "GET b1", KEY);
    // All of them at once.
    set_user(&mut asks, "default -@all +acl +ping");
    (0..3).for_each(|node| cluster.kill(node));
    (0..3).for_each(|node| cluster.spawn(node));
    cluster.wait_ready();
    for node in 0..3 {
        let mut me = log_in(&cluster, node);
        allowed(&mut me, "GET c");
        denied(&mut me, "GET b1", KEY);
        let told = cluster.client(node).call("GET c").text();
        assert!(told.starts_with("NOPERM"), "{told}");
    }
}

#[test]
fn a_password_that_is_set_at_one_node_is_asked_for_at_all_of_them() {
    let cluster = three_nodes(&[]);
    assert_eq!(cluster.client(1).call("CONFIG SET requirepass secret").text(), "OK");
    for node in 0..3 {
        wait_for("the password", || cluster.client(node).call("PING").text().starts_with("NOAUTH"));
        assert_eq!(cluster.client(node).call("AUTH secret").text(), "OK");
    }
}

#[test]
fn a_node_that_knew_users_lets_nobody_in_while_it_is_alone() {
    let mut cluster = three_nodes(&[]);
    set_user(&mut cluster.client(0), "default off");
    set_user_is_there(&cluster);
    (0..3).for_each(|node| cluster.kill(node));
    cluster.spawn(2);
    wait_for("its door", || cluster.try_client(2).is_some());
    let told = cluster.client(2).call("PING").text();
    assert!(told.starts_with("NOAUTH"), "{told}");
    (0..2).for_each(|node| cluster.spawn(node));
    cluster.wait_ready();
    let told = cluster.client(2).call("PING").text();
    assert!(told.starts_with("NOAUTH"), "{told}");
}

fn set_user_is_there(cluster: &Cluster) {
    for node in 0..3 {
        wait_for("the default user is off", || {
            cluster.client(node).call("PING").text().starts_with("NOAUTH")
        });
    }
}
