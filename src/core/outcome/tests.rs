//! Outcomes as bytes.
