//! How often something happened to queues.

/// What is counted, in the order of [`Tally`].
const NAMES: [&str; 16] = [
    "pushed",
    "delivered",
    "acked",
    "redelivered",
    "duplicates",
    "dedup-hits",
    "dead-maxdeliver",
    "dead-fatal",
    "dead-ttl",
    "dead-overflow",
    "dropped-ttl",
    "dropped-overflow",
    "moved",
    "purged",
    "redriven",
    "bodies read",
];

/// How often something happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally([u64; NAMES.len()]);

impl Tally {
    /// It happened so many times more.
    pub fn add(&mut self, name: &str, times: u64) {
        if let Some(at) = NAMES.iter().position(|known| *known == name) {
            self.0[at] += times;
        }
    }

    /// What is counted that a queue tells of itself.
    pub fn told() -> impl Iterator<Item = &'static str> {
        NAMES.into_iter().filter(|name| !matches!(*name, "duplicates" | "redriven" | "bodies read"))
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.0.iter_mut().zip(other.0).for_each(|(count, more)| *count += more);
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = NAMES.iter().zip(self.0).map(|(name, count)| format!("{name} {count}"));
        f.write_str(&words.collect::<Vec<_>>().join(", "))
    }
}
