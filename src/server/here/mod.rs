//! Commands that this node answers from what it knows itself.
