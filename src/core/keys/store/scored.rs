//! Sorted sets: members in the order of their scores, equal scores in that of the
//! members' bytes.
//!
//! A few stand in a pack in this order, each with its score. Many stand in two trees.

use super::pack::Entry;
use super::table::placed;
use super::{Collection, Form, Hasher, Ranked};

/// Up to how many members a sorted set is a pack.
const PACK_MEMBERS_MAX: usize = 128;

/// The longest member in a pack.
const PACK_MEMBER_BYTES_MAX: usize = 64;

/// How many bytes of a score stand before a member.
const SCORE_BYTES: usize = 8;

/// A member with its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::keys) struct Scored<'a> {
    pub member: &'a [u8],
    pub score: f64,
}

impl<'a> Scored<'a> {
    /// What a row of a sorted set says: a member, and its score as the value.
    pub(in crate::keys) fn of(row: Entry<'a>) -> Self {
        Scored { member: row.key, score: score_of(row.value) }
    }
}

impl Collection {
    /// The score of a member.
    pub(in crate::keys) fn score(&self, hasher: Hasher, member: &[u8]) -> Option<f64> {
        self.get(hasher, member).map(score_of)
    }

    /// How many members stand before this one, which is there with this score.
    pub(in crate::keys) fn rank(&self, member: &[u8], score: f64) -> usize {
        match self.form() {
            Form::Ranked(ranked) => ranked.scores.rank(&by_score(member, score)).0,
            Form::Packed(pack) => pack.seek(|entry| entry.key != member).1,
            Form::Tree(_) => 0,
        }
    }

    /// `count` members from a rank on.
    pub(in crate::keys) fn ranks(&self, from: usize, count: usize) -> Vec<Scored<'_>> {
        match self.form() {
            Form::Packed(pack) => pack.iter().skip(from).take(count).map(Scored::of).collect(),
            Form::Ranked(ranked) => ranked.scores.from(from).take(count).map(placed_by).collect(),
            Form::Tree(_) => Vec::new(),
        }
    }

    /// `count` members before a rank, the last one first.
    pub(in crate::keys) fn ranks_back(&self, before: usize, count: usize) -> Vec<Scored<'_>> {
        match self.form() {
            Form::Packed(pack) => {
                let first: Vec<_> = pack.iter().take(before).collect();
                first.into_iter().rev().take(count).map(Scored::of).collect()
            }
            Form::Ranked(ranked) => {
                ranked.scores.back_from(before).take(count).map(placed_by).collect()
            }
            Form::Tree(_) => Vec::new(),
        }
    }

    /// How many members have a score below this one, or with `inclusive` this one, too.
    pub(in crate::keys) fn below_score(&self, score: f64, inclusive: bool) -> usize {
        match self.form() {
            Form::Packed(pack) => {
                let below = |entry: &Entry<'_>| {
                    let other = score_of(entry.value);
                    other < score || (inclusive && other == score)
                };
                pack.seek(below).1
            }
            Form::Ranked(ranked) => {
                let number = ordered(score);
                let from = if inclusive { number.saturating_add(1) } else { number };
                ranked.scores.rank(&from.to_be_bytes()).0
            }
            Form::Tree(_) => 0,
        }
    }

    /// The members of a set that is searched from end to end.
    pub(in crate::keys) fn few_members(&self) -> Option<Vec<&[u8]>> {
        match self.form() {
            Form::Packed(pack) => Some(pack.iter().map(|entry| entry.key).collect()),
            _ => None,
        }
    }

    /// How many members are below this one, or with `inclusive` this one, too, when all
    /// scores are equal.
    pub(in crate::keys) fn below_member(&self, member: &[u8], inclusive: bool) -> usize {
        let below = |other: &[u8]| other < member || (inclusive && other == member);
        match self.form() {
            Form::Packed(pack) => pack.seek(|entry| below(entry.key)).1,
            Form::Ranked(ranked) => ranked.scores.count_while(|key| below(&key[SCORE_BYTES..])),
            Form::Tree(_) => 0,
        }
    }

    /// Gives a member a score.
    pub(in crate::keys) fn set_score(&mut self, hasher: Hasher, scored: Scored<'_>) {
        let old = self.score(hasher, scored.member);
        self.replace_score(hasher, scored, old);
    }

    /// Gives a member a score that has this one, or is not there.
    pub(in crate::keys) fn replace_score(
        &mut self,
        hasher: Hasher,
        scored: Scored<'_>,
        old: Option<f64>,
    ) {
        if let Some(old) = old {
            self.leave_rank(scored.member, old);
        }
        if let Form::Packed(pack) = self.form() {
            let fits =
                pack.len() < PACK_MEMBERS_MAX && scored.member.len() <= PACK_MEMBER_BYTES_MAX;
            if fits {
                return self.insert_packed(scored);
            }
            self.rank_all(hasher);
        }
        let ranked = self.ranked_mut().expect("it is no pack");
        insert(ranked, hasher, scored);
    }

    /// Removes a member; whether it was there.
    pub(in crate::keys) fn remove_scored(&mut self, hasher: Hasher, member: &[u8]) -> bool {
        let score = self.score(hasher, member);
        if let Some(score) = score {
            self.unscore(hasher, member, score);
        }
        score.is_some()
    }

    /// Removes `count` members from a rank on.
    pub(in crate::keys) fn remove_ranks(&mut self, hasher: Hasher, from: usize, count: usize) {
        let count = count.min(self.len().saturating_sub(from));
        let members: Vec<Vec<u8>> = match self.form() {
            Form::Ranked(_) => {
                self.ranks(from, count).into_iter().map(|one| one.member.to_vec()).collect()
            }
            _ => Vec::new(),
        };
        match self.ranked_mut() {
            _ if count == 0 => {}
            Some(ranked) => {
                ranked.scores.remove_range(from, count);
                for member in members {
                    ranked.members.remove(&placed(hasher, &member));
                }
            }
            None => self.edit_pack(|pack| pack.remove_range(from, count)),
        }
    }

    /// Adds a member with a score behind all others, into trees.
    pub(in crate::keys) fn push_ranked(&mut self, hasher: Hasher, scored: Scored<'_>) -> bool {
        let Some(ranked) = self.ranked_mut() else { return false };
        let last = ranked.len().checked_sub(1).and_then(|last| ranked.scores.nth(last));
        let key = by_score(scored.member, scored.score);
        let fits = last.is_none_or(|last| last.key < &key[..])
            && ranked.members.get(&placed(hasher, scored.member)).is_none();
        if fits {
            insert(ranked, hasher, scored);
        }
        fits
    }

    fn insert_packed(&mut self, scored: Scored<'_>) {
        let Scored { member, score } = scored;
        // Redis keeps whole numbers as such there, and those have no -0.
        let score = if score == 0.0 { 0.0 } else { score };
        let before = |entry: &Entry<'_>| {
            let other = score_of(entry.value);
            other < score || (other == score && entry.key < member)
        };
        self.edit_pack(|pack| {
            let (at, _, _) = pack.view().seek(before);
            pack.insert(at, Entry { key: member, value: &score.to_le_bytes() });
        });
    }

    /// Removes a member that is there with this score.
    fn unscore(&mut self, hasher: Hasher, member: &[u8], score: f64) {
        match self.ranked_mut() {
            Some(ranked) => {
                ranked.members.remove(&placed(hasher, member));
                ranked.scores.remove(&by_score(member, score));
            }
            None => self.unpack(member),
        }
    }

    /// Takes a member that is there with this score out of the order, before it is put in
    /// again.
    fn leave_rank(&mut self, member: &[u8], score: f64) {
        match self.ranked_mut() {
            Some(ranked) => ranked.scores.remove(&by_score(member, score)),
            None => self.unpack(member),
        }
    }

    fn unpack(&mut self, member: &[u8]) {
        let Form::Packed(pack) = self.form() else { return };
        if let Some((at, _)) = pack.find(member) {
            self.edit_pack(|pack| pack.remove(at));
        }
    }

    /// Makes trees of a pack.
    fn rank_all(&mut self, hasher: Hasher) {
        let mut ranked = Ranked::default();
        for scored in self.ranks(0, usize::MAX) {
            insert(&mut ranked, hasher, scored);
        }
        *self = Collection::of_ranked(ranked);
    }
}

fn insert(ranked: &mut Ranked, hasher: Hasher, scored: Scored<'_>) {
    let Scored { member, score } = scored;
    let value = score.to_le_bytes();
    ranked.members.put(Entry { key: &placed(hasher, member), value: &value });
    // A zero that is negative stands among the others and keeps its sign.
    let sign: &[u8] = if score == 0.0 && score.is_sign_negative() { b"-" } else { b"" };
    ranked.scores.put(Entry { key: &by_score(member, score), value: sign });
}

fn score_of(value: &[u8]) -> f64 {
    f64::from_le_bytes(value.try_into().expect("a score has eight bytes"))
}

/// A score as a number that is in the same order; both zeros are the same.
fn ordered(score: f64) -> u64 {
    const SIGN: u64 = 1 << 63;
    let bits = if score == 0.0 { 0 } else { score.to_bits() };
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

fn by_score(member: &[u8], score: f64) -> smallvec::SmallVec<[u8; 64]> {
    let mut key = smallvec::SmallVec::from_slice(&ordered(score).to_be_bytes());
    key.extend_from_slice(member);
    key
}

fn placed_by(entry: Entry<'_>) -> Scored<'_> {
    const SIGN: u64 = 1 << 63;
    let (number, member) =
        entry.key.split_first_chunk().expect("a key there begins with its score");
    let number = u64::from_be_bytes(*number);
    let bits = if number & SIGN == 0 { !number } else { number & !SIGN };
    let score = if entry.value.is_empty() { f64::from_bits(bits) } else { -0.0 };
    Scored { member, score }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::with_seeds;

    #[test]
    fn scores_keep_their_order_as_numbers() {
        let ends = [f64::NEG_INFINITY, f64::MIN, -1.0, -f64::MIN_POSITIVE, 0.0, 1e-300, 1.0];
        assert!(ends.is_sorted_by(|a, b| ordered(*a) < ordered(*b)));
        assert_eq!(ordered(0.0), ordered(-0.0));
        with_seeds(500, |chance| {
            let mut score = || f64::from_bits(chance.next());
            let (a, b) = (score(), score());
            if let Some(order) = a.partial_cmp(&b) {
                assert_eq!(ordered(a).cmp(&ordered(b)), order, "{a} {b}");
            }
        });
    }
}
