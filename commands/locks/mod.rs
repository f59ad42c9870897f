//! The locks family.
