//! Clients of transactions.

use lockstep_sim::check::appends::{Part, Transaction};
use lockstep_tests::{Value, request, wait_for};
use rand::RngExt;

use super::super::history::Kind;
use super::{Hand, Told};

/// Between which amounts are moved.
pub const ACCOUNTS: [&str; 6] = ["bank:0", "bank:1", "bank:2", "bank:3", "bank:4", "bank:5"];
/// What is in all of them together.
pub const TOTAL: i64 = 600;
/// How long an element is in its list.
const WIDTH: usize = 10;

/// Fills the accounts.
pub fn found(client: &mut lockstep_tests::Client) {
    for account in ACCOUNTS {
        let share = TOTAL / ACCOUNTS.len() as i64;
        let set = format!("SET {account} {share}");
        wait_for("an account is filled", || client.call(&set).text() == "OK");
    }
}

/// Moves amounts from one account to another, and looks at all.
pub fn transfer(hand: &mut Hand) {
    while hand.next() {
        if hand.random.random_ratio(1, 2) {
            let words: Vec<&str> = ["MGET"].into_iter().chain(ACCOUNTS).collect();
            let (_, told) = hand.call(Kind::Read, &words);
            if let Told::Done(reply) = told {
                let sum = reply.items().iter().filter_map(Value::int).sum();
                hand.history.sums.push(sum);
            }
            continue;
        }
        let from = hand.random.random_range(0..ACCOUNTS.len());
        let to = (from + hand.random.random_range(1..ACCOUNTS.len())) % ACCOUNTS.len();
        let amount = hand.random.random_range(1..20).to_string();
        let commands = [["DECRBY", ACCOUNTS[from], &amount], ["INCRBY", ACCOUNTS[to], &amount]];
        transaction(hand, Kind::Write, &commands.map(|words| request(&words)));
    }
}

/// The two lists of a generation.
pub fn lists_of(generation: u64) -> [String; 2] {
    [0, 1].map(|list| format!("list{list}:{generation}"))
}

/// Appends to one list or to both at once, and reads one or both.
pub fn append(hand: &mut Hand) {
    while hand.next() {
        let generation = hand.generation();
        let lists = lists_of(generation);
        let which: &[u32] = [&[0, 1][..], &[0], &[1]][hand.random.random_range(0..3)];
        let reads = hand.random.random_ratio(1, 2);
        let elements = which.iter().map(|_| hand.fresh()).collect::<Vec<_>>();
        let commands: Vec<Vec<u8>> = which
            .iter()
            .zip(&elements)
            .map(|(list, element)| match reads {
                true => request(&["GET", &lists[*list as usize]]),
                false => request(&["APPEND", &lists[*list as usize], &format!("{element:010}")]),
            })
            .collect();
        let kind = if reads { Kind::Read } else { Kind::Write };
        let (span, told) = transaction(hand, kind, &commands);
        let replies = match &told {
            Told::Done(reply) => Some(reply.items()),
            Told::Unknown if !reads => None,
            _ => continue,
        };
        if replies.is_some_and(|replies| replies.len() != which.len()) {
            panic!("EXEC of {} commands gives {told:?}", which.len());
        }
        let part = |(at, key): (usize, &u32)| {
            let reply = replies.map(|replies| &replies[at]);
            match reads {
                true => Part::Read { key: *key, list: elements_of(reply) },
                false => {
                    let length = reply.and_then(Value::int);
                    let position = length.map(|length| length as usize / WIDTH - 1);
                    Part::Append { key: *key, element: elements[at], position }
                }
            }
        };
        let parts = which.iter().enumerate().map(part).collect();
        hand.history.lists.entry(generation).or_default().push(Transaction { span, parts });
    }
}

/// The elements of a list, from the text that it is.
pub fn elements_of(reply: Option<&Value>) -> Vec<u64> {
    let text = reply.map(Value::text).unwrap_or_default();
    let pieces = text.as_bytes().chunks(WIDTH);
    pieces.map(|digits| std::str::from_utf8(digits).unwrap().parse().unwrap()).collect()
}

fn transaction(
    hand: &mut Hand,
    kind: Kind,
    commands: &[Vec<u8>],
) -> (lockstep_sim::check::Span, Told) {
    let bytes = [request(&["MULTI"]), commands.concat(), request(&["EXEC"])].concat();
    hand.pipeline(kind, &bytes, commands.len() + 2)
}
