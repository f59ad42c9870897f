#![allow(clippy::unwrap_used)]

use super::{Listener, bind, is_foreign};

#[tokio::test]
async fn an_address_that_is_named_twice_is_bound_once() {
    let port = Listener::bind(&["127.0.0.1".to_owned()], 0).unwrap().addresses()[0].port();
    let listening = |addresses: &[&str]| {
        let addresses: Vec<String> = addresses.iter().map(|&address| address.to_owned()).collect();
        bind::all(&addresses, port).unwrap().len()
    };
    // How Redis writes that it listens everywhere.
    assert_eq!(listening(&["*", "-::"]), listening(&["*"]));
    assert_eq!(
        listening(&["127.0.0.1", "-127.0.0.1", "localhost", "127.0.0.1"]),
        listening(&["localhost"])
    );
}

#[test]
fn loopback_addresses_are_this_machine_and_others_are_not() {
    for peer in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
        assert!(!is_foreign(peer.parse().unwrap()), "{peer}");
    }
    for peer in ["10.0.0.1:1", "[::2]:1", "[::ffff:10.0.0.1]:1"] {
        assert!(is_foreign(peer.parse().unwrap()), "{peer}");
    }
}
