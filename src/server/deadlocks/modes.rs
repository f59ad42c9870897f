//! Which modes get along.

use lockstep_core::locks::Mode;

/// Whether a lock can be had in a mode while another has it so.
pub(super) fn get_along(held: Mode, asked: Mode) -> bool {
    match (held, asked) {
        (Mode::Shared {}, Mode::Shared {} | Mode::Update {}) => true,
        (Mode::Update {}, Mode::Shared {}) => true,
        (Mode::Permits { count, limit }, Mode::Permits { count: more, limit: other }) => {
            limit == other && count.saturating_add(more) <= limit
        }
        _ => false,
    }
}
