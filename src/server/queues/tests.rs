//! A node alone with several shards.
