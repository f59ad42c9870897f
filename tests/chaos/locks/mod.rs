//! Locks while their clients and the nodes stand still, die and come back.

mod check;
mod wall;

mod fenced;
mod leases;
mod leaving;
mod line;
mod tangle;

use super::{seat, stand};
