//! How the network treats messages.

use crate::chance::Chance;

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weather {
    /// The shortest delay in milliseconds.
    pub delay_min_ms: u64,
    /// Most messages take no longer.
    pub delay_max_ms: u64,
    /// So many in a thousand take up to twenty times as long.
    pub slow_permille: u64,
    /// So many in a thousand take up to this long.
    pub late_permille: u64,
    /// The longest delay of all.
    pub late_max_ms: u64,
    /// So many in a thousand are lost.
    pub loss_permille: u64,
    /// So many in a thousand arrive twice.
    pub twice_permille: u64,
    /// Whether messages of one sender may overtake each other.
    pub reorders: bool,
}

impl Weather {
    /// A local network.
    pub const FAIR: Weather = Weather {
        delay_min_ms: 1,
        delay_max_ms: 3,
        slow_permille: 0,
        late_permille: 0,
        late_max_ms: 0,
        loss_permille: 0,
        twice_permille: 0,
        reorders: false,
    };

    /// The delay of one message.
    pub fn delay_ms(&self, chance: &mut Chance) -> u64 {
        let usual = chance.between(self.delay_min_ms, self.delay_max_ms);
        if chance.permille(self.late_permille) {
            chance.between(usual, self.late_max_ms.max(usual))
        } else if chance.permille(self.slow_permille) {
            usual * chance.between(2, 20)
        } else {
            usual
        }
    }
}

/// Which node reaches which.
#[derive(Clone, Debug, Default)]
pub struct Cuts {
    /// By sender and receiver: how many faults cut it.
    cut: Vec<Vec<u32>>,
}

impl Cuts {
    /// Everybody reaches everybody.
    pub fn new(nodes: usize) -> Self {
        Cuts { cut: vec![vec![0; nodes]; nodes] }
    }

    /// Whether messages of the first do not reach the second.
    pub fn is_cut(&self, from: usize, to: usize) -> bool {
        from != to && self.cut[from][to] > 0
    }

    /// Cuts these ways.
    pub fn cut(&mut self, ways: &[(usize, usize)]) {
        ways.iter().for_each(|(from, to)| self.cut[*from][*to] += 1);
    }

    /// Mends them.
    pub fn mend(&mut self, ways: &[(usize, usize)]) {
        for (from, to) in ways {
            self.cut[*from][*to] = self.cut[*from][*to].saturating_sub(1);
        }
    }

    /// Mends everything.
    pub fn mend_all(&mut self) {
        self.cut.iter_mut().flatten().for_each(|cut| *cut = 0);
    }
}
