//! The next change.
