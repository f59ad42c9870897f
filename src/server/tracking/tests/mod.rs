//! Tracking as a whole.
