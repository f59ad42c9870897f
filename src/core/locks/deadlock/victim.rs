//! Who of a cycle has to give way.

/// An owner of a cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// The owner, as it is shown.
    pub owner: Vec<u8>,
    /// The priority of its wait.
    pub prio: u8,
    /// When it began.
    pub birth_ms: u64,
}

/// The one that has to give way, and by which rule: of those with the lowest
/// priority the youngest, of several that began together the last by name.
pub fn victim(suspects: &[Suspect]) -> Option<(usize, &'static str)> {
    let lowest = suspects.iter().map(|suspect| suspect.prio).min()?;
    let meant = |place: &usize| suspects[*place].prio == lowest;
    let age = |place: &usize| (suspects[*place].birth_ms, &suspects[*place].owner);
    let place = (0..suspects.len()).filter(meant).max_by(|a, b| age(a).cmp(&age(b)))?;
    let spared = suspects.iter().any(|suspect| suspect.prio > lowest);
    Some((place, if spared { "priority" } else { "youngest" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suspect(owner: &str, prio: u8, birth_ms: u64) -> Suspect {
        Suspect { owner: owner.into(), prio, birth_ms }
    }

    #[test]
    fn the_youngest_gives_way() {
        let all = [suspect("a", 0, 3), suspect("b", 0, 9), suspect("c", 0, 5)];
        assert_eq!(victim(&all), Some((1, "youngest")));
    }

    #[test]
    fn who_has_priority_is_spared() {
        let all = [suspect("a", 0, 3), suspect("b", 1, 9)];
        assert_eq!(victim(&all), Some((0, "priority")));
    }

    #[test]
    fn names_decide_between_twins() {
        let all = [suspect("b", 0, 3), suspect("c", 0, 3), suspect("a", 0, 3)];
        assert_eq!(victim(&all), Some((1, "youngest")));
    }
}
