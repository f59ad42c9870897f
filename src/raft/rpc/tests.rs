use lockstep_core::{Db, Op, keys};
use openraft::EntryPayload;

use super::*;
use crate::batch::{Batch, Ops};
use crate::luck;
use crate::types::{LogId, Vote};

fn leader(term: u64, node_id: u64) -> LeaderId {
    LeaderId { term, node_id }
}

fn vote(term: u64, node: u64, committed: bool) -> Vote {
    Vote { leader_id: leader(term, node), committed }
}

fn append() -> Append {
    let mut ops = Ops::default();
    let op = keys::Op::Del { db: Db(0), keys: vec![b"a"] };
    ops.write(&Op::Key { op });
    let batch = Batch::join(77, 1, &mut [ops]);
    let entry = |index, payload| Entry { log_id: LogId::new(leader(3, 2), index), payload };
    Append {
        vote: vote(3, 2, true),
        prev_log_id: Some(LogId::new(leader(2, 1), 8)),
        leader_commit: None,
        entries: vec![
            entry(9, EntryPayload::Blank),
            entry(10, EntryPayload::Normal(batch)),
            entry(11, EntryPayload::Blank),
        ],
    }
}

fn bytes(put: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut out = Vec::new();
    put(&mut out);
    out.into()
}

fn samples() -> Vec<Bytes> {
    let request = VoteRequest::new(vote(4, 1, false), Some(LogId::new(leader(3, 2), 11)));
    let transfer = TransferLeaderRequest::new(vote(3, 2, true), 1, None);
    vec![
        bytes(|out| put_append(&append(), out)),
        bytes(|out| put_vote_request(&request, false, out)),
        bytes(|out| put_vote_request(&request, true, out)),
        bytes(|out| put_transfer(&transfer, out)),
    ]
}

#[test]
fn requests_read_back_as_they_were_written() {
    let [appended, voted, pre_voted, transferred] = samples().try_into().unwrap();
    let Ok(Request::Append(read)) = Request::take(&appended) else { panic!() };
    let (read, wrote) = (format!("{read:?}"), format!("{:?}", append()));
    assert_eq!(read, wrote);
    assert!(matches!(Request::take(&voted), Ok(Request::Vote(_))));
    assert!(matches!(Request::take(&pre_voted), Ok(Request::PreVote(_))));
    let Ok(Request::Transfer(read)) = Request::take(&transferred) else { panic!() };
    assert_eq!(*read.to_node_id(), 1);
}

#[test]
fn replies_read_back_as_they_were_written() {
    let matching = Some(LogId::new(leader(1, 2), 3));
    for reply in [
        AppendEntriesResponse::Success,
        AppendEntriesResponse::PartialSuccess(matching),
        AppendEntriesResponse::Conflict,
        AppendEntriesResponse::HigherVote(vote(9, 3, true)),
    ] {
        let written = bytes(|out| put_appended(&reply, out));
        assert_eq!(take_appended(&mut &written[..]), Ok(reply));
    }
    let response = VoteResponse::new(vote(4, 1, false), matching, true);
    for heard in [None, Some(leader(3, 1))] {
        let heard = Heard { leader: heard, ago_ms: 70 };
        let voted = Voted { response: response.clone(), heard };
        let written = bytes(|out| voted.put(out));
        let read = Voted::take(&written).unwrap();
        assert_eq!((read.heard, read.response), (heard, response.clone()));
    }
}

#[test]
fn entries_that_do_not_follow_each_other_are_not_taken() {
    let mut broken = append();
    broken.entries.remove(1);
    let written = bytes(|out| put_append(&broken, out));
    assert!(Request::take(&written).is_err());
    let mut broken = append();
    broken.prev_log_id = None;
    let written = bytes(|out| put_append(&broken, out));
    assert!(Request::take(&written).is_err());
}

#[test]
fn any_bytes_give_a_request_or_none() {
    let mut state = 1;
    for sample in samples() {
        for end in 0..sample.len() {
            assert!(Request::take(&sample.slice(..end)).is_err());
        }
        for _ in 0..20_000 {
            let mut changed = sample.to_vec();
            for _ in 0..=luck::next(&mut state) % 3 {
                let at = luck::next(&mut state) as usize % changed.len();
                changed[at] = luck::next(&mut state) as u8;
            }
            let changed = Bytes::from(changed);
            let _ = Request::take(&changed);
            let _ = take_appended(&mut &changed[..]);
            let _ = Voted::take(&changed);
        }
    }
}
