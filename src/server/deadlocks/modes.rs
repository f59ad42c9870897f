//! Which modes get along.

use lockstep_core::locks::Mode;

/// Whether a lock can be had in a mode while another has it so. Of permits: whether
/// there are enough for both, whoever else has some; who takes permits waits for
/// no one who may keep what it has.
pub(super) fn get_along(held: Mode, asked: Mode) -> bool {
    match (held, asked) {
        (Mode::Permits { count, limit }, Mode::Permits { count: more, limit: other }) => {
            limit == other && count.saturating_add(more) <= limit
        }
        _ => !held.is_in_the_way_of(asked),
    }
}
