//! lockstep-tests.
