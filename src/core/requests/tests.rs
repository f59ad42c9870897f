//! Requests and what is remembered of them.
