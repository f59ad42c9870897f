//! What the allocator keeps of memory that nothing is in any more.

use std::ffi::{c_int, c_long};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// `mi_option_purge_delay` of mimalloc's interface, which its crate does not name.
const PURGE_DELAY: c_int = 15;
/// How long mimalloc keeps such memory by itself, in milliseconds.
const USUAL_MS: c_long = 1000;
/// How long it is kept where memory is scarce.
const SCARCE_MS: c_long = 1;

/// Whether memory is scarce: from then on it goes back to the system at once when nothing
/// is in it any more.
///
/// Without that a node through which 100,000 messages of 1 KB a second go to disk has 100 to
/// 150 MB more than it needs. It has its price (a SET without others in the way costs an
/// eighth more), so it is done where bodies take all the memory they may, and only there. What
/// `MIMALLOC_PURGE_DELAY` in the environment says stays.
pub fn set_scarce(scarce: bool) {
    static BEFORE: AtomicBool = AtomicBool::new(false);
    static FOUND_MS: OnceLock<c_long> = OnceLock::new();
    if BEFORE.swap(scarce, Ordering::Relaxed) == scarce {
        return;
    }
    if *FOUND_MS.get_or_init(purge_delay_ms) == USUAL_MS {
        set_purge_delay_ms(if scarce { SCARCE_MS } else { USUAL_MS });
    }
}

#[allow(unsafe_code)]
fn purge_delay_ms() -> c_long {
    // SAFETY: the number is that of an option of the version that is pinned.
    unsafe { libmimalloc_sys::mi_option_get(PURGE_DELAY) }
}

#[allow(unsafe_code)]
fn set_purge_delay_ms(ms: c_long) {
    // SAFETY: as above. One thread sets it; the allocator's other threads read one aligned
    // word, and it does not matter which of two delays they see.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, ms) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_goes_back_at_once_while_it_is_scarce() {
        assert_eq!(purge_delay_ms(), USUAL_MS, "the option has another number now");
        set_scarce(true);
        assert_eq!(purge_delay_ms(), SCARCE_MS);
        set_scarce(false);
        assert_eq!(purge_delay_ms(), USUAL_MS);
    }
}
