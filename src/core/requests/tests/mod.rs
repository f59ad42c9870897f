//! Requests and what is remembered of them.

#![allow(clippy::unwrap_used)]

mod histories;
mod limits;
mod model;
mod rules;

use super::{RequestId, Table};
use crate::{NodeId, Origin, Outcome};

fn origin(conn: u64) -> Origin {
    Origin { node: NodeId(1), boot: 1, conn }
}

fn id(conn: u64, number: u64) -> RequestId {
    RequestId { origin: origin(conn), number }
}

fn int(number: i64) -> Vec<Outcome> {
    vec![Outcome::Int(number)]
}

/// A copy by way of a snapshot.
fn restored(table: &Table) -> Table {
    let mut copy = Table::limited(table.limits);
    for chunk in table.freeze().chunks() {
        copy.restore(&chunk).unwrap();
    }
    copy
}
