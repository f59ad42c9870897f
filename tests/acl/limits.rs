//! Bounds of users, and their answers.

use super::{server, set_user};

#[test]
fn there_are_no_more_users_than_there_may_be() {
    let server = server(&["--acl-users-max", "2"]);
    let mut admin = server.client();
    set_user(&mut admin, "a on");
    set_user(&mut admin, "b on");
    let told = admin.call("ACL SETUSER c on").text();
    assert_eq!(told, "ERR there are as many users as there may be (acl-users-max)");
    set_user(&mut admin, "b off");
    admin.call("ACL DELUSER a");
    set_user(&mut admin, "c on");
}

#[test]
fn a_user_has_no_more_rules_and_bytes_than_it_may_have() {
    let server = server(&["--acl-user-rules-max", "4", "--acl-user-bytes-max", "1kb"]);
    let mut admin = server.client();
    set_user(&mut admin, "me ~a ~b >x");
    let told = admin.call("ACL SETUSER me &c").text();
    assert_eq!(told, "ERR the user has more rules than one may have (acl-user-rules-max)");
    let told = admin.call(&format!("ACL SETUSER me resetkeys ~{}", "x".repeat(1000))).text();
    assert_eq!(told, "ERR the user has more bytes than one may have (acl-user-bytes-max)");
    assert_eq!(admin.call("ACL GETUSER me").field("keys").unwrap().text(), "~a ~b");
}
