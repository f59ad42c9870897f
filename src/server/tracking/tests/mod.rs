//! The table and the sources of changes, by themselves, and who waits for news.

mod news;
mod sources;
mod table;
