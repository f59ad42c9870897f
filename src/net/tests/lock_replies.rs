//! What the commands on locks and sessions answer, byte by byte in both protocols:
//! from a line and the outcome that came of it to the reply on the wire.

#![allow(clippy::unwrap_used)]

use lockstep_commands::{Protocol, table};
use lockstep_core::locks::{DEADLOCK, HOLDER, WAITER};
use lockstep_core::{Fault, Outcome};
use lockstep_net::Output;

/// The reply to a line in RESP2 and RESP3; a blank stands for a line end.
fn replies(line: &str, outcome: &Outcome) -> [String; 2] {
    let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    let (command, _) = table::find(&words).unwrap_or_else(|bad| panic!("{line}: {}", bad.0));
    let reply = (command.reply)(command.spec, outcome.clone());
    [Protocol::Resp2, Protocol::Resp3].map(|protocol| {
        let mut out = Output::new(protocol);
        out.reply(&reply);
        out.bytes().escape_ascii().to_string().replace(r"\r\n", " ")
    })
}

#[track_caller]
fn golden(lines: &[&str], outcome: &Outcome, two: &str, three: &str) {
    for line in lines {
        assert_eq!(replies(line, outcome), [two, three], "{line}");
    }
}

/// The same in both protocols.
#[track_caller]
fn same(lines: &[&str], outcome: &Outcome, bytes: &str) {
    golden(lines, outcome, bytes, bytes);
}

fn bytes(text: &str) -> Outcome {
    Outcome::Bytes(text.as_bytes().to_vec())
}

fn list(parts: impl IntoIterator<Item = Outcome>) -> Outcome {
    Outcome::List(parts.into_iter().collect())
}

const NUMBERS: &[&str] = &[
    "lock k",
    "lock k shared owner me session s1 px 100 block 5 prio 3 reenter value v id r delay 1",
    "lock k on deadlock release policy wound async",
    "unlock k owner me token 7 all",
    "munlock 2 a b tokens 7 8",
    "lockrenew k px 100 gt",
    "lockrenew k session s1",
    "lockconvert k exclusive block 0",
    "lockcheck k token 7",
    "lockassert k token 7",
    "lockcancel k id r",
    "lockkill k all reason stuck",
    "fence r 7 px 5",
    "fence r",
    "semacquire s limit 3 permits 2",
    "semrelease s strict",
    "latchset l 3",
    "latchdown l 2",
    "latchwait l block 0",
    "latchget l",
    "session attach s1",
    "session detach",
    "session keepalive s1",
    "session destroy s1",
];

#[test]
fn one_number_says_all() {
    same(NUMBERS, &Outcome::Int(7), ":7 ");
    same(NUMBERS, &Outcome::Int(0), ":0 ");
    same(&["lockcheck k token 7"], &Outcome::Int(-1), ":-1 ");
}

#[test]
fn nothing_got_is_nil() {
    let lines = &["lock k", "lockconvert k shared", "semacquire s limit 1", "latchwait l"];
    golden(lines, &Outcome::Nil, "$-1 ", "_ ");
    golden(&["lockinfo key k", "latchget l"], &Outcome::Nil, "$-1 ", "_ ");
    golden(&["mlock 2 a b"], &Outcome::Nil, "*-1 ", "_ ");
}

#[test]
fn several_tokens_are_a_list() {
    let tokens = list([3, 9].map(Outcome::Int));
    same(&["mlock 2 a b modes shared exclusive"], &tokens, "*2 :3 :9 ");
}

#[test]
fn who_is_told_later_gets_the_place_in_line() {
    let queued = list([Outcome::Word("QUEUED"), Outcome::Int(2)]);
    same(&["lock k async", "semacquire s limit 1 async"], &queued, "*2 +QUEUED :2 ");
}

#[test]
fn full_is_a_map() {
    let outcome = list([
        Outcome::Int(7),
        Outcome::Word("shared"),
        bytes("me"),
        Outcome::Int(1),
        Outcome::Int(-1),
        Outcome::Int(12),
        bytes("v"),
    ]);
    let pairs = "$5 token :7 $4 mode $6 shared $5 owner $2 me $5 count :1 $8 lease-ms :-1 \
                 $9 waited-ms :12 $5 value $1 v ";
    let lines = &["lock k full", "lockconvert k shared full", "semacquire s limit 1 full"];
    golden(lines, &outcome, &format!("*14 {pairs}"), &format!("%7 {pairs}"));
}

#[test]
fn a_session_is_its_id() {
    same(&["session create ttl 500 name n delay 5"], &bytes("s0"), "$2 s0 ");
}

#[test]
fn walks_give_a_cursor_and_names() {
    let page = list([bytes("5"), list([bytes("a"), bytes("b")])]);
    let lines = &[
        "lockscan 0 match a* count 10 owner me session s1 held minwait 5",
        "session list 0 count 10",
    ];
    same(lines, &page, "*2 $1 5 *2 $1 a $1 b ");
    same(lines, &list([bytes("0"), list([])]), "*2 $1 0 *0 ");
}

/// A list of these names, each with itself as its value.
fn echoed(names: &[&str]) -> (Outcome, String) {
    let pairs = names.iter().map(|name| {
        let text = format!("${} {name} ", name.len());
        text.repeat(2)
    });
    (list(names.iter().map(|name| bytes(name))), pairs.collect())
}

#[test]
fn what_is_told_of_a_lock_is_maps_in_maps() {
    let (holder, pairs) = echoed(&HOLDER);
    let info = list([
        Outcome::Word("exclusive"),
        Outcome::Int(7),
        Outcome::Int(5),
        list([holder]),
        Outcome::Int(0),
        Outcome::Int(42),
        Outcome::Int(1),
        bytes("h:1"),
        list([bytes("c:5"), bytes("n")]),
    ]);
    let with = |outer: &str, inner: &str| {
        format!(
            "{outer} $4 mode $9 exclusive $5 token :7 $8 since-ms :5 $7 holders *1 {inner} {pairs}\
             $11 client-addr $3 c:5 $11 client-name $1 n $7 waiters :0 $4 slot :42 $5 shard :1 \
             $6 leader $3 h:1 "
        )
    };
    let count = HOLDER.len() + 2;
    let (two, three) = (with("*16", &format!("*{}", 2 * count)), with("%8", &format!("%{count}")));
    golden(&["lockinfo key k"], &info, &two, &three);
}

#[test]
fn waiters_and_deadlocks_are_lists_of_maps() {
    for (line, names) in
        [("lockinfo waiters k count 5", &WAITER[..]), ("lockinfo deadlocks count 5", &DEADLOCK)]
    {
        let (item, pairs) = echoed(names);
        let (two, three) =
            (format!("*1 *{} {pairs}", 2 * names.len()), format!("*1 %{} {pairs}", names.len()));
        golden(&[line], &list([item]), &two, &three);
        same(&[line], &list([]), "*0 ");
    }
}

#[test]
fn an_owner_is_its_holds_and_waits() {
    let hold = list(
        [bytes("k"), Outcome::Word("shared")].into_iter().chain([1, 2, 3, 4].map(Outcome::Int)),
    );
    let shard = list([list([hold]), list([])]);
    let pairs = "$3 key $1 k $4 mode $6 shared $5 token :1 $5 count :2 $8 since-ms :3 \
                 $8 lease-ms :4 ";
    golden(
        &["lockinfo owner me"],
        &list([shard]),
        &format!("*4 $5 holds *1 *12 {pairs}$5 waits *0 "),
        &format!("%2 $5 holds *1 %6 {pairs}$5 waits *0 "),
    );
}

#[test]
fn a_graph_is_maps_or_a_text() {
    let hold = list([bytes("a"), Outcome::Int(1), Outcome::Word("shared"), Outcome::Int(2)]);
    let lock = list([bytes("k"), list([hold]), list([])]);
    let shard = list([Outcome::Int(3), lock]);
    let pairs = "$5 owner $1 a $2 id :1 $4 mode $6 shared $8 birth-ms :2 ";
    golden(
        &["lockinfo graph", "lockinfo graph shard 3"],
        &list([shard.clone()]),
        &format!("*1 *8 $3 key $1 k $5 shard :3 $7 holders *1 *8 {pairs}$7 waiters *0 "),
        &format!("*1 %4 $3 key $1 k $5 shard :3 $7 holders *1 %4 {pairs}$7 waiters *0 "),
    );
    let text =
        r#"digraph locks {\n  "lock k" [shape=box];\n  "lock k" -> "a" [label="shared"];\n}\n"#;
    let text = text.replace('"', "\\\"");
    let dot = list([Outcome::Word("dot"), shard]);
    golden(&["lockinfo graph dot"], &dot, &format!("$78 {text} "), &format!("=82 txt:{text} "));
}

#[test]
fn every_refusal_has_its_code() {
    let refused = |fault, text: &str| Outcome::Refused { fault, text: text.as_bytes().to_vec() };
    for (line, outcome, text) in [
        ("lock k noreenter", Fault::AlreadyHeld.into(), "LOCKED already held by this owner"),
        ("lock k", Fault::LockMode.into(), "LOCKMODE use LOCKCONVERT"),
        ("lock k", Fault::Limit.into(), "LOCKLIMIT too many requests wait for this lock"),
        (
            "lock k",
            refused(Fault::Deadlock, "victim of cycle a->b->a"),
            "DEADLOCK victim of cycle a->b->a",
        ),
        (
            "lock k session s1",
            Fault::NoSession.into(),
            "NOSESSION there is no such session, or it has ended",
        ),
        ("unlock k strict", Fault::NotHeld.into(), "NOTHELD the lock is not held by this owner"),
        (
            "lockconvert k exclusive",
            Fault::ConversionDeadlock.into(),
            "DEADLOCK conversion: another holder waits to convert this lock, too",
        ),
        ("lockassert k token 7", Fault::Fenced.into(), "FENCED the token is not valid any more"),
        (
            "fence r 7",
            refused(Fault::Fenced, "stale token, highest is 9"),
            "FENCED stale token, highest is 9",
        ),
        ("lock k", Fault::Unblocked.into(), "UNBLOCKED client unblocked via CLIENT UNBLOCK"),
    ] {
        same(&[line], &outcome, &format!("-{text} "));
    }
}
