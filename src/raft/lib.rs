//! lockstep-raft.
