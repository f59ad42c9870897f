//! The binary.

use std::ffi::{c_int, c_long};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay` of the allocator's interface, which its crate does not name.
const PURGE_DELAY: c_int = 15;
/// After how many milliseconds memory that nothing is in any more goes back to the system.
/// With the allocator's own second a process whose messages go to disk by 100,000 a second
/// had 100 to 150 MB more than it needed; no command costs more processor time for it.
const PURGE_DELAY_MS: c_long = 20;

fn main() -> ExitCode {
    give_memory_back_soon();
    lockstep::cli::run(std::env::args_os())
}

/// Unless `MIMALLOC_PURGE_DELAY` in the environment says something else.
#[allow(unsafe_code)]
fn give_memory_back_soon() {
    // SAFETY: it is not thread-safe, and there is no other thread yet. The number is that of
    // an option of the version that is pinned.
    unsafe { libmimalloc_sys::mi_option_set_default(PURGE_DELAY, PURGE_DELAY_MS) }
}
