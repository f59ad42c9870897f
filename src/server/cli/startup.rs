//! What a node says when it starts.
