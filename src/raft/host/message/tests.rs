//! Byte forms.
