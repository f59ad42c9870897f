//! Users and what they may do, as clients see it.

mod against_redis;
mod cluster;
mod enforced;
mod limits;
mod locks;

use lockstep_tests::{Client, Server, Value};

/// A server that is quick and has no users yet.
fn server(arguments: &[&str]) -> Server {
    Server::lockstep(&[&["--fsync", "never"], arguments].concat())
}

/// Makes or changes a user.
fn set_user(client: &mut Client, rules: &str) {
    let told = client.call(&format!("ACL SETUSER {rules}"));
    assert_eq!(told.text(), "OK", "{rules}");
}

/// A connection of a user whose password is `pw`.
fn log_in(server: &Server, user: &str) -> Client {
    let mut client = server.client();
    assert_eq!(client.call(&format!("AUTH {user} pw")).text(), "OK", "{user}");
    client
}

/// What is told when something is denied.
const COMMAND: &str = "NOPERM this user has no permissions to run the";
const KEY: &str = "NOPERM this user has no permissions to access one of the keys used as arguments";
const CHANNEL: &str =
    "NOPERM this user has no permissions to access one of the channels used as arguments";

/// Runs a line that has to be denied with this text.
fn denied(client: &mut Client, line: &str, text: &str) {
    let told = client.call(line);
    assert!(told.is_error() && told.text().starts_with(text), "{line}: {told:?}");
}

/// Runs a line that must not be denied.
fn allowed(client: &mut Client, line: &str) -> Value {
    let told = client.call(line);
    assert!(!(told.is_error() && told.text().starts_with("NO")), "{line}: {told:?}");
    told
}

/// Whether the server closes this connection within a while.
fn is_closed(client: &mut Client) -> bool {
    client.patience(std::time::Duration::from_secs(5));
    client.rest().is_ok()
}
