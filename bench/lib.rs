//! lockstep-bench.
