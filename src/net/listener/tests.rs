#![allow(clippy::unwrap_used)]

use super::is_foreign;

#[test]
fn loopback_addresses_are_this_machine_and_others_are_not() {
    for peer in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
        assert!(!is_foreign(peer.parse().unwrap()), "{peer}");
    }
    for peer in ["10.0.0.1:1", "[::2]:1", "[::ffff:10.0.0.1]:1"] {
        assert!(is_foreign(peer.parse().unwrap()), "{peer}");
    }
}
