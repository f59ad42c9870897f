//! Which kinds of faults a run has.

/// The kinds of faults; a run has one or several of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// Nothing goes wrong.
    Base,
    /// Processes end and start again.
    Kill,
    /// All processes end at once.
    KillAll,
    /// The network is cut in two.
    Net,
    /// The network is cut in odd shapes.
    Partial,
    /// Messages are lost, late, doubled, and overtake each other.
    Storm,
    /// Processes stand still.
    Pause,
    /// Disks are slow.
    Disk,
    /// Disks are full.
    Full,
    /// Writes and syncs fail.
    Error,
    /// The power goes.
    Power,
    /// The power goes just when somebody was elected.
    Ambush,
    /// Bits of logs and snapshots are flipped.
    Damage,
    /// Bits of bodies are flipped.
    Rot,
    /// Nodes come and go.
    Members,
    /// Nodes are restarted in order, leaderships are handed over.
    Upgrade,
    /// Clocks go wrong.
    Clocks,
}

impl Profile {
    /// All of them.
    pub const ALL: [Profile; 17] = [
        Profile::Base,
        Profile::Kill,
        Profile::KillAll,
        Profile::Net,
        Profile::Partial,
        Profile::Storm,
        Profile::Pause,
        Profile::Disk,
        Profile::Full,
        Profile::Error,
        Profile::Power,
        Profile::Ambush,
        Profile::Damage,
        Profile::Rot,
        Profile::Members,
        Profile::Upgrade,
        Profile::Clocks,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Base => "base",
            Profile::Kill => "kill",
            Profile::KillAll => "killall",
            Profile::Net => "net",
            Profile::Partial => "partial",
            Profile::Storm => "storm",
            Profile::Pause => "pause",
            Profile::Disk => "disk",
            Profile::Full => "full",
            Profile::Error => "eio",
            Profile::Power => "dur",
            Profile::Ambush => "ambush",
            Profile::Damage => "cor",
            Profile::Rot => "rot",
            Profile::Members => "mem",
            Profile::Upgrade => "upg",
            Profile::Clocks => "clock",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Profile> {
        Profile::ALL.into_iter().find(|profile| profile.name() == name)
    }
}
