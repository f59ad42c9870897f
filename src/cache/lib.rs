//! lockstep-cache.
