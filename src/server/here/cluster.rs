//! CLUSTER and NODE: who belongs to the cluster, and who leads what.

use std::sync::Arc;

use lockstep_commands::here::Cluster;
use lockstep_commands::{BadArgs, Reply, error, here};

use super::Answer;
use crate::Node;
use crate::config::Setting;

/// CLUSTER, READONLY, READWRITE and ASKING.
pub(super) fn run<'a>(node: &Arc<Node>, asked: Result<Cluster<'a>, BadArgs>) -> Answer<'a> {
    if !node.settings.flag(Setting::ClusterEnabled) {
        return Reply::Error(error::CLUSTER_DISABLED).into();
    }
    match asked {
        Ok(Cluster::Answer(reply)) => reply.into(),
        Ok(_) => Reply::Error(error::NOT_FOUNDED).into(),
        Err(bad) => Reply::Error(bad).into(),
    }
}

/// NODE.
pub(super) fn node<'a>(_: &Arc<Node>, _: &here::Node<'a>) -> Answer<'a> {
    Reply::Error(error::NOT_FOUNDED).into()
}
