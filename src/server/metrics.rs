//! The names of all metrics, with unit and meaning.
