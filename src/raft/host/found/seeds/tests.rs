//! Judging answers.
