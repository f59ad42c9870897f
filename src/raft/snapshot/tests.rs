//! Transfers of snapshots.
