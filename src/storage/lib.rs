//! lockstep-storage.
