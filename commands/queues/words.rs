//! The words that several commands on queues share.

use lockstep_core::op::Home;
use lockstep_core::queues::{
    COUNT_MAX, LEASE_MS_MAX, NAME_BYTES_MAX, PRIORITY_MAX, Reason, Receipt, SHORT_BYTES_MAX,
    Visible, Which,
};

use crate::args::parse_integer;
use crate::locks::words::once;
use crate::{Args, BadArgs, error};

/// The longest time that may be said where nothing shorter is due: ten years.
pub(super) const TIME_MS_MAX: u64 = 10 * 365 * 86_400_000;

/// The largest number that every client can hold exactly, for counts.
pub(super) const NUMBER_MAX: u64 = (1 << 53) - 1;

/// The name of a queue.
pub(super) fn name<'a>(args: &mut Args<'a>) -> Result<&'a [u8], BadArgs> {
    let name = args.word()?;
    if name.len() > NAME_BYTES_MAX { Err(error::QUEUE_NAME_TOO_LONG) } else { Ok(name) }
}

/// Whether two queues are always in the same shard, whatever the number of shards.
pub(super) fn same_home(one: &[u8], other: &[u8]) -> bool {
    // A name with a hash tag and one without live apart though their slot is the same.
    one == other || Home::of_name(one) == Home::of_name(other)
}

/// A word as a receipt.
pub(super) fn receipt(word: &[u8]) -> Result<Receipt, BadArgs> {
    Receipt::parse(word).ok_or(error::BAD_RECEIPT)
}

/// A receipt and all that stand right behind it.
pub(super) fn receipts(args: &mut Args<'_>) -> Result<Vec<Receipt>, BadArgs> {
    let mut receipts = vec![receipt(args.word()?)?];
    while let Some(next) = args.peek().and_then(Receipt::parse) {
        receipts.push(next);
        args.next();
    }
    if receipts.len() as u64 > COUNT_MAX { Err(error::TOO_MANY_MESSAGES) } else { Ok(receipts) }
}

/// What is wrong with a word that is no option of the command: right behind the
/// receipts it was meant as one.
pub(super) fn stray(first: bool) -> BadArgs {
    if first { error::BAD_RECEIPT } else { error::SYNTAX }
}

/// The partition that all receipts are of; none if they are of several.
pub(super) fn part_of(receipts: &[Receipt]) -> Option<u32> {
    let mut parts = receipts.iter().map(|Receipt::Of { part, .. }| *part);
    let first = parts.next()?;
    parts.all(|part| part == first).then_some(first)
}

/// A word as the id of a message: its partition and its number.
pub(super) fn id(word: &[u8]) -> Result<(u32, u64), BadArgs> {
    // An id is the beginning of a receipt, so that the same words are refused.
    let receipt = Receipt::parse(&[word, b"-1"].concat()).ok_or(error::BAD_ID)?;
    let Receipt::Of { part, seq, .. } = receipt;
    Ok((part, seq))
}

/// Ids by their partition, in the order in which partitions are named first.
pub(super) fn by_part(ids: impl Iterator<Item = (u32, u64)>) -> Vec<(u32, Vec<u64>)> {
    let mut parts: Vec<(u32, Vec<u64>)> = Vec::new();
    for (part, seq) in ids {
        match parts.iter_mut().find(|(there, _)| *there == part) {
            Some((_, seqs)) => seqs.push(seq),
            None => parts.push((part, vec![seq])),
        }
    }
    parts
}

/// The next word as a visibility timeout of the command `name`, from `min_ms`.
pub(super) fn visibility(name: &str, min_ms: u64, args: &mut Args<'_>) -> Result<u64, BadArgs> {
    visibility_of(name, min_ms, args.word()?)
}

/// A word as a visibility timeout of the command `name`, from `min_ms`.
pub(super) fn visibility_of(name: &str, min_ms: u64, word: &[u8]) -> Result<u64, BadArgs> {
    let ms = parse_integer(word).ok_or(error::NOT_INTEGER)?;
    let ms = u64::try_from(ms).ok().filter(|ms| (min_ms..=LEASE_MS_MAX).contains(ms));
    ms.ok_or_else(|| error::invalid_visibility(name))
}

/// The next word as a delay or a time in milliseconds.
pub(super) fn delay(args: &mut Args<'_>) -> Result<u64, BadArgs> {
    let ms = parse_integer(args.word()?).and_then(|ms| u64::try_from(ms).ok());
    ms.ok_or(error::BAD_DELAY)
}

/// Takes `DELAY ms` or `AT unix-time-milliseconds`.
pub(super) fn visible(args: &mut Args<'_>) -> Result<Option<Visible>, BadArgs> {
    if args.token("delay") {
        Ok(Some(Visible::In { ms: delay(args)? }))
    } else if args.token("at") {
        Ok(Some(Visible::At { ms: delay(args)? }))
    } else {
        Ok(None)
    }
}

/// The next word as a number of `option` within bounds.
pub(super) fn number(
    option: &str,
    min: u64,
    max: u64,
    args: &mut Args<'_>,
) -> Result<u64, BadArgs> {
    let number = parse_integer(args.word()?).and_then(|number| u64::try_from(number).ok());
    let number = number.filter(|number| (min..=max).contains(number));
    number.ok_or_else(|| error::invalid_value(option, &format!("a number from {min} to {max}")))
}

/// Takes `option number` for the first time, within bounds; whether it was next.
pub(super) fn take_number(
    place: &mut Option<u64>,
    option: &str,
    min: u64,
    max: u64,
    args: &mut Args<'_>,
) -> Result<bool, BadArgs> {
    if !args.token(option) {
        return Ok(false);
    }
    once(place, number(option, min, max, args)?)
}

/// The next word as how many messages are meant.
pub(super) fn count(args: &mut Args<'_>) -> Result<u64, BadArgs> {
    args.integer_in(1, COUNT_MAX as i64).map(|count| count as u64)
}

/// The next word as a priority.
pub(super) fn priority(option: &str, args: &mut Args<'_>) -> Result<u8, BadArgs> {
    number(option, 0, PRIORITY_MAX.into(), args).map(|priority| priority as u8)
}

/// The next word as the name of a group.
pub(super) fn group<'a>(args: &mut Args<'a>) -> Result<&'a [u8], BadArgs> {
    short(args, error::BAD_GROUP)
}

/// The next word as the name of a consumer.
pub(super) fn consumer<'a>(args: &mut Args<'a>) -> Result<&'a [u8], BadArgs> {
    short(args, error::BAD_CONSUMER)
}

/// The next word, which is neither empty nor long.
pub(super) fn short<'a>(args: &mut Args<'a>, otherwise: BadArgs) -> Result<&'a [u8], BadArgs> {
    let word = args.word()?;
    if (1..=SHORT_BYTES_MAX).contains(&word.len()) { Ok(word) } else { Err(otherwise) }
}

/// The next word as where a walk goes on.
pub(super) fn cursor(args: &mut Args<'_>) -> Result<u64, BadArgs> {
    let digits = std::str::from_utf8(args.word()?).ok().filter(|text| !text.starts_with('+'));
    digits.and_then(|digits| digits.parse().ok()).ok_or(error::BAD_CURSOR)
}

/// Takes a state of messages, if the next word is one.
pub(super) fn state(args: &mut Args<'_>) -> Option<Which> {
    Which::ALL.into_iter().find(|which| args.token(which.word()))
}

/// Takes `STATE state [state ...]`; whether it was next.
pub(super) fn take_states(which: &mut Vec<Which>, args: &mut Args<'_>) -> Result<bool, BadArgs> {
    if !args.token("state") {
        return Ok(false);
    }
    let before = which.len();
    while let Some(state) = state(args) {
        if which.contains(&state) {
            return Err(error::SYNTAX);
        }
        which.push(state);
    }
    if which.len() > before { Ok(true) } else { Err(error::SYNTAX) }
}

/// The next word as why messages are dead.
pub(super) fn reason(args: &mut Args<'_>) -> Result<Reason, BadArgs> {
    let found = Reason::ALL.into_iter().find(|reason| args.token(reason.word()));
    found.ok_or(error::SYNTAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_id_is_a_partition_and_a_number() {
        assert_eq!(id(b"0-17"), Ok((0, 17)));
        assert_eq!(id(b"7-18446744073709551615"), Ok((7, u64::MAX)));
        for bad in ["", "0", "0-", "-1", "0-1-1", "0-x", "0-01", "4294967296-1", "0-1-"] {
            assert_eq!(id(bad.as_bytes()), Err(error::BAD_ID), "{bad:?}");
        }
    }

    #[test]
    fn ids_are_put_together_by_partition() {
        let ids = [(1, 5), (0, 2), (1, 3)];
        assert_eq!(by_part(ids.into_iter()), [(1, vec![5, 3]), (0, vec![2])]);
    }

    #[test]
    fn receipts_of_one_partition_have_one() {
        let of = |words: &[&str]| {
            let receipts: Vec<_> =
                words.iter().map(|word| receipt(word.as_bytes()).unwrap()).collect();
            part_of(&receipts)
        };
        assert_eq!(of(&["3-1-1", "3-2-1"]), Some(3));
        assert_eq!(of(&["3-1-1", "0-2-1"]), None);
    }

    #[test]
    fn queues_with_the_same_tag_live_together() {
        assert!(same_home(b"a", b"a"));
        assert!(same_home(b"{x}a", b"{x}b"));
        assert!(!same_home(b"a", b"b"));
        assert!(!same_home(b"a", b"{a}b"));
    }
}
