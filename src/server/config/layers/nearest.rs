//! What a misspelt name may mean.

use crate::config::table::ROWS;

/// The setting whose name is nearest to `name`, if one is near enough.
pub(crate) fn setting(name: &str) -> Option<&'static str> {
    let names = ROWS.iter().flat_map(|row| [Some(row.name), row.alias]).flatten();
    nearest(name, names)
}

/// Longer names than this are no misspelling of anything.
const NAME_BYTES_MAX: usize = 64;

/// The nearest of `known` to `name`, if at most a third of its letters differ.
pub(crate) fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    if name.len() > NAME_BYTES_MAX {
        return None;
    }
    let name = name.to_ascii_lowercase().replace('_', "-");
    let far = |known: &&str| distance(&name, known);
    let best = known.min_by_key(far)?;
    (distance(&name, best) <= best.len().div_ceil(3)).then_some(best)
}

/// How many letters must be changed, added, dropped or swapped with the next.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let width = b.len() + 1;
    let mut rows = vec![0; (a.len() + 1) * width];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            let at = i * width + j;
            if i == 0 || j == 0 {
                rows[at] = i + j;
                continue;
            }
            let changed = usize::from(a[i - 1] != b[j - 1]);
            let mut best = rows[at - width - 1] + changed;
            best = best.min(rows[at - width] + 1).min(rows[at - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[at - 2 * width - 2] + 1);
            }
            rows[at] = best;
        }
    }
    rows[a.len() * width + b.len()]
}
