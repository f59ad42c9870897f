//! The network made bad on purpose.

mod proxy;
