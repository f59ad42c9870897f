//! Sessions: stories, random histories, snapshots.
