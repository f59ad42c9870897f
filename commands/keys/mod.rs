//! The keys family.
