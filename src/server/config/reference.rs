//! The reference page of all settings.
