//! A small dense number for every command and subcommand, for counters.

use std::sync::LazyLock;

use crate::table::each;
use crate::{Command, Spec};

static INDEX: LazyLock<Index> = LazyLock::new(Index::new);

/// The number of a command: its place in the order of [`each`]. The same in
/// every process of the same build.
pub fn of(spec: &'static Spec) -> usize {
    INDEX.of(spec)
}

/// How many commands and subcommands there are: numbers are below this.
pub fn count() -> usize {
    INDEX.commands.len()
}

/// The command with this number.
pub fn command(index: usize) -> Option<&'static Command> {
    INDEX.commands.get(index).copied()
}

/// Finds a specification by where it stands in memory, which is fixed and unique.
struct Index {
    commands: Vec<&'static Command>,
    /// Open addressing over addresses, at most a quarter full.
    slots: Vec<(usize, u16)>,
}

impl Index {
    fn new() -> Self {
        let commands: Vec<&Command> = each().collect();
        let mut slots = vec![(0, 0); (commands.len() * 4).next_power_of_two()];
        for (number, command) in commands.iter().enumerate() {
            let address = address(command.spec);
            let mut at = place(address);
            while slots[at & (slots.len() - 1)].0 != 0 {
                at = at.wrapping_add(1);
            }
            let mask = slots.len() - 1;
            slots[at & mask] =
                (address, u16::try_from(number).expect("there are few hundred commands"));
        }
        Index { commands, slots }
    }

    fn of(&self, spec: &'static Spec) -> usize {
        let address = address(spec);
        let mask = self.slots.len() - 1;
        let mut at = place(address);
        loop {
            let (there, number) = self.slots[at & mask];
            if there == address || there == 0 {
                return usize::from(number);
            }
            at = at.wrapping_add(1);
        }
    }
}

fn address(spec: &'static Spec) -> usize {
    std::ptr::from_ref(spec).addr()
}

/// Spreads addresses, which are multiples of eight and lie close together.
fn place(address: usize) -> usize {
    (address >> 3).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_number_of_its_own() {
        for (number, command) in each().enumerate() {
            assert_eq!(of(command.spec), number, "{}", command.spec.name);
        }
        assert_eq!(count(), each().count());
    }
}
