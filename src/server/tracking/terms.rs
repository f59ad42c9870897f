//! What a client wants to be told.

use std::collections::BTreeSet;

use lockstep_commands::here;
use lockstep_commands::{BadArgs, error};

/// What a client wants to be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Terms {
    /// Of all keys with its prefixes, read or not.
    pub broadcast: bool,
    /// Only keys of commands behind CLIENT CACHING YES.
    pub opt_in: bool,
    /// All keys but those of commands behind CLIENT CACHING NO.
    pub opt_out: bool,
    /// Not of what it changes itself.
    pub no_loop: bool,
    /// Which client is told instead; none: it is.
    pub redirect: Option<u64>,
    /// With `broadcast`: what the names begin with.
    pub prefixes: BTreeSet<Box<[u8]>>,
}

/// What a connection knows of its tracking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tracks {
    pub(super) terms: Terms,
    /// CLIENT CACHING stands before the next command.
    pub(super) caching: bool,
}

impl Tracks {
    /// Whether the keys of a command that reads are remembered.
    pub fn remembers(&self) -> bool {
        let Terms { opt_in, opt_out, .. } = self.terms;
        !(opt_in && !self.caching || opt_out && self.caching)
    }

    /// What its prefixes take in memory.
    pub fn bytes(&self) -> usize {
        /// What a prefix costs beside itself, here and in the table of all.
        const PREFIX_BYTES: usize = 96;
        self.terms.prefixes.iter().map(|prefix| PREFIX_BYTES + prefix.len()).sum()
    }

    /// A command behind CLIENT CACHING was carried out.
    pub fn forget_caching(&mut self) {
        self.caching = false;
    }
}

impl Terms {
    /// CLIENT TRACKING ON with these words, after `before` if it is on.
    ///
    /// # Errors
    /// Redis' texts for words that do not go together, or not with what was said before.
    pub fn of(
        words: &here::Tracking<'_>,
        redirect: Option<u64>,
        before: Option<&Terms>,
    ) -> Result<Terms, BadArgs> {
        if !words.broadcast && !words.prefixes.is_empty() {
            return Err(error::PREFIX_WITHOUT_BROADCAST);
        }
        if before.is_some_and(|before| before.broadcast != words.broadcast) {
            return Err(error::BROADCAST_SWITCHED);
        }
        if words.broadcast && (words.opt_in || words.opt_out) {
            return Err(error::BROADCAST_WITH_CHOICE);
        }
        if words.opt_in && words.opt_out {
            return Err(error::CHOICE_TWICE);
        }
        let switched =
            |before: &Terms| words.opt_in && before.opt_out || words.opt_out && before.opt_in;
        if before.is_some_and(switched) {
            return Err(error::CHOICE_SWITCHED);
        }
        let mut prefixes = before.map(|before| before.prefixes.clone()).unwrap_or_default();
        if words.broadcast {
            check_overlap(&words.prefixes, &prefixes)?;
            prefixes.extend(words.prefixes.iter().map(|prefix| Box::from(*prefix)));
            if words.prefixes.is_empty() {
                prefixes.insert(Box::default());
            }
        }
        Ok(Terms {
            broadcast: words.broadcast,
            opt_in: words.opt_in,
            opt_out: words.opt_out,
            no_loop: words.no_loop,
            redirect,
            prefixes,
        })
    }
}

/// Two prefixes of a client would say the same of some keys.
fn check_overlap(new: &[&[u8]], old: &BTreeSet<Box<[u8]>>) -> Result<(), BadArgs> {
    let overlap = |a: &[u8], b: &[u8]| a.starts_with(b) || b.starts_with(a);
    for (at, prefix) in new.iter().enumerate() {
        if let Some(other) = old.iter().find(|other| overlap(prefix, other)) {
            return Err(error::prefix_overlaps(prefix, other));
        }
        if let Some(other) = new[at + 1..].iter().find(|other| overlap(prefix, other)) {
            return Err(error::prefixes_overlap(prefix, other));
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn with(prefixes: &[&'static [u8]]) -> here::Tracking<'static> {
        here::Tracking { broadcast: true, prefixes: prefixes.to_vec(), ..Default::default() }
    }

    #[test]
    fn a_choice_of_keys_is_made_by_the_word_before_the_command() {
        let tracks = |opt_in, opt_out, caching| Tracks {
            terms: Terms { opt_in, opt_out, ..Terms::default() },
            caching,
        };
        assert!(tracks(false, false, false).remembers());
        assert!(tracks(true, false, true).remembers());
        assert!(!tracks(true, false, false).remembers());
        assert!(tracks(false, true, false).remembers());
        assert!(!tracks(false, true, true).remembers());
    }

    #[test]
    fn prefixes_add_up_and_must_not_overlap() {
        let one = Terms::of(&with(&[b"foo", b"bar"]), None, None).unwrap();
        let two = Terms::of(&with(&[b"zz"]), None, Some(&one)).unwrap();
        let prefixes: Vec<&[u8]> = two.prefixes.iter().map(|prefix| &prefix[..]).collect();
        assert_eq!(prefixes, [&b"bar"[..], b"foo", b"zz"]);
        let overlap = Terms::of(&with(&[b"fo"]), None, Some(&one)).unwrap_err();
        assert_eq!(overlap, error::prefix_overlaps(b"fo", b"foo"));
        let overlap = Terms::of(&with(&[b"a", b"ab"]), None, None).unwrap_err();
        assert_eq!(overlap, error::prefixes_overlap(b"a", b"ab"));
        // All of them, which is said again without harm.
        let all = Terms::of(&with(&[]), None, Some(&one)).unwrap();
        assert_eq!(all.prefixes.len(), 3);
        assert!(Terms::of(&with(&[]), None, Some(&all)).is_ok());
        assert!(Terms::of(&with(&[b"x"]), None, Some(&all)).is_err());
    }
}
