//! The table and the sources of changes, by themselves.

mod sources;
mod table;
