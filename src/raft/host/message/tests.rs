//! Byte forms.

use lockstep_core::Outcome;
use lockstep_core::cluster::ClusterId;

use super::*;
use crate::{Refusal, Told};

fn card() -> Card {
    Card {
        node: NodeInfo { id: NodeId(3), host: "n3".to_owned(), ..NodeInfo::default() },
        cluster: Some(ClusterId(9)),
        founded: true,
        expect: 3,
        shards: 8,
        replicas: 3,
        cluster_mode: true,
        others: vec!["n4:1".to_owned()],
    }
}

#[test]
fn requests_come_back_as_they_were_sent() {
    for request in [
        Request::Submit { shard: ShardId(3), ticket: 7, share: b"abc" },
        Request::WhoLeads { shard: ShardId::META },
        Request::WhatLed {},
        Request::Transfer { shard: ShardId(1), to: NodeId(2) },
        Request::MayErase { shard: ShardId(1) },
    ] {
        assert_eq!(Request::open(&request.bytes()), Ok(request));
    }
}

#[test]
fn knocks_come_back_as_they_were_sent() {
    for knock in [
        Knock::Hello { card: card() },
        Knock::Invite { cluster: 7, nodes: vec![card().node], card: card() },
        Knock::Join { cluster: 7, node: card().node, replaces: Some(NodeId(1)) },
        Knock::Adopt { addresses: vec!["n1:1".to_owned()] },
    ] {
        assert_eq!(Knock::open(&knock.bytes()), Ok(knock));
    }
}

#[test]
fn a_message_of_another_kind_or_format_is_refused() {
    let mut bytes = Request::WhatLed {}.bytes().to_vec();
    assert_eq!(Knock::open(&bytes), Err(Malformed));
    bytes[1] = FORMAT + 1;
    assert_eq!(Request::open(&bytes), Err(Malformed));
}

#[test]
fn any_bytes_at_all_are_read_or_refused() {
    let dice = super::super::dice::Dice::new(7);
    let samples = [Knock::Hello { card: card() }.bytes(), Request::WhatLed {}.bytes()];
    for _ in 0..20_000 {
        for sample in &samples {
            let mut bytes = sample.to_vec();
            let at = dice.next() as usize % bytes.len();
            bytes[at] = dice.next() as u8;
            bytes.truncate(1 + dice.next() as usize % bytes.len());
            let _ = (Knock::open(&bytes), Request::open(&bytes).is_ok());
            let _ = (Delivered::open(&bytes[1..]).is_ok(), Led::open_list(&bytes[1..]));
            let _ = (Verdict::open(&bytes[1..]), Card::open_reply(&bytes[1..]));
        }
    }
}

#[test]
fn replies_come_back_as_they_were_sent() {
    for news in [None, Some(Told { stream: 5, next: u64::MAX })] {
        let outcomes = vec![Outcome::Int(3), Outcome::Nil];
        let done = Delivered::Done { outcomes, seq: 77, told: news };
        let Ok(Delivered::Done { outcomes, seq, told }) = Delivered::open(&done.bytes()) else {
            panic!("it was done")
        };
        assert_eq!((outcomes, seq, told), (vec![Outcome::Int(3), Outcome::Nil], 77, news));
    }
    for why in [Refusal::NotLeader, Refusal::NoLeader, Refusal::Busy, Refusal::Stopping] {
        let refused = Delivered::Refused { why, leader: Some(NodeId(4)) };
        let back = Delivered::open(&refused.bytes());
        assert!(
            matches!(back, Ok(Delivered::Refused { why: w, leader: Some(NodeId(4)) }) if w == why)
        );
    }
    assert!(Delivered::open(b"").is_err(), "a node that did not understand");
}
