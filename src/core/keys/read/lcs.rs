//! LCS: the longest common subsequence of two strings.

use super::{View, string};
use crate::{Db, Fault, Outcome};

/// How many pairs of bytes are compared at most: a second's work or so, and 128
/// MiB of memory.
const PAIRS_MAX: u64 = 1 << 30;

impl View<'_> {
    pub(super) fn lcs(
        &self,
        db: Db,
        a: &[u8],
        b: &[u8],
        form: u8,
        min_len: u64,
    ) -> Result<Outcome, Fault> {
        let text = |key: &[u8]| -> Result<Vec<u8>, Fault> {
            let item = self.used(db, key);
            Ok(item.map(string).transpose()?.map_or_else(Vec::new, |string| string.to_vec()))
        };
        let (a, b) = (text(a)?, text(b)?);
        if (a.len() as u64).saturating_mul(b.len() as u64) > PAIRS_MAX {
            return Err(Fault::LcsTooLong);
        }
        let table = Table::new(&a, &b);
        Ok(match form {
            1 => Outcome::Int(table.total.into()),
            2 | 3 => Outcome::List(vec![
                Outcome::List(matches(&table, min_len, form == 3)),
                Outcome::Int(table.total.into()),
            ]),
            _ => Outcome::Bytes(subsequence(&table)),
        })
    }
}

/// The way back through the table of lengths: for each pair of prefixes whether
/// leaving out the last byte of `a` keeps more than leaving out that of `b`.
struct Table<'a> {
    a: &'a [u8],
    b: &'a [u8],
    shorten_a: Vec<u64>,
    total: u32,
}

impl<'a> Table<'a> {
    fn new(a: &'a [u8], b: &'a [u8]) -> Self {
        let mut table =
            Table { a, b, shorten_a: vec![0; (a.len() * b.len()).div_ceil(64)], total: 0 };
        let mut above = vec![0u32; b.len() + 1];
        for (i, byte) in a.iter().enumerate() {
            let (mut diagonal, mut left) = (0, 0);
            for (j, other) in b.iter().enumerate() {
                let up = above[j + 1];
                let here = if byte == other { diagonal + 1 } else { up.max(left) };
                if up > left {
                    let bit = i * b.len() + j;
                    table.shorten_a[bit / 64] |= 1 << (bit % 64);
                }
                diagonal = up;
                left = here;
                above[j + 1] = here;
            }
        }
        table.total = above[b.len()];
        table
    }

    /// The pairs of equal bytes of the subsequence from the last to the first,
    /// and between them the steps that match nothing.
    fn steps(&self) -> impl Iterator<Item = Option<(usize, usize)>> + '_ {
        let (mut i, mut j) = (self.a.len(), self.b.len());
        std::iter::from_fn(move || {
            if i == 0 || j == 0 {
                return None;
            }
            if self.a[i - 1] == self.b[j - 1] {
                (i, j) = (i - 1, j - 1);
                return Some(Some((i, j)));
            }
            let bit = (i - 1) * self.b.len() + j - 1;
            if self.shorten_a[bit / 64] >> (bit % 64) & 1 == 1 {
                i -= 1
            } else {
                j -= 1
            }
            Some(None)
        })
    }
}

fn subsequence(table: &Table<'_>) -> Vec<u8> {
    let mut bytes: Vec<u8> = table.steps().flatten().map(|(i, _)| table.a[i]).collect();
    bytes.reverse();
    bytes
}

/// The unbroken runs, from the last to the first, with or without their lengths.
fn matches(table: &Table<'_>, min_len: u64, with_len: bool) -> Vec<Outcome> {
    let mut found = Vec::new();
    let mut run: Option<Run> = None;
    for step in table.steps().chain([None]) {
        run = match (run, step) {
            (Some(run), Some((a, b))) if run.a == a + 1 && run.b == b + 1 => {
                Some(Run { a, b, len: run.len + 1 })
            }
            (before, step) => {
                let long = before.filter(|run| run.len >= min_len);
                found.extend(long.map(|run| run.outcome(with_len)));
                step.map(|(a, b)| Run { a, b, len: 1 })
            }
        };
    }
    found
}

/// Equal bytes, one behind the other, in both strings.
#[derive(Clone, Copy)]
struct Run {
    a: usize,
    b: usize,
    len: u64,
}

impl Run {
    fn outcome(self, with_len: bool) -> Outcome {
        let number = |number: u64| Outcome::Int(number as i64);
        let range = |from: usize| {
            Outcome::List(vec![number(from as u64), number(from as u64 + self.len - 1)])
        };
        let mut parts = vec![range(self.a), range(self.b)];
        parts.extend(with_len.then(|| number(self.len)));
        Outcome::List(parts)
    }
}
