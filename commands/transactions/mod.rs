//! The transactions family.
