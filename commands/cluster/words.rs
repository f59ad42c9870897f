//! The words of CLUSTER's subcommands.

use lockstep_core::slot::{SLOTS, Slot};

use super::topology::SUBCOMMANDS;
use crate::here::Cluster;
use crate::{Args, BadArgs, Here, Reply, Request, error, help};

/// How far the port of the cluster bus stands above the one for clients, unless told.
const BUS_DISTANCE: u16 = 10_000;

/// What a subcommand's parser gives: what is wrong with the words is told only
/// where cluster mode is on.
pub(super) fn request<'a>(
    parse: fn(Args<'a>) -> Result<Cluster<'a>, BadArgs>,
    args: Args<'a>,
) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Cluster(parse(args)).into())
}

pub(super) fn help(_: Args<'_>) -> Result<Cluster<'_>, BadArgs> {
    Ok(Cluster::Answer(help::reply("cluster", SUBCOMMANDS)))
}

/// What the map of the cluster decides, and nobody by hand.
pub(super) fn by_map(args: Args<'_>) -> Result<Cluster<'_>, BadArgs> {
    Err(error::placed_by_map(args.called()))
}

pub(super) fn keyslot(mut args: Args<'_>) -> Result<Cluster<'_>, BadArgs> {
    Ok(Cluster::Answer(Reply::Int(Slot::of(args.word()?).0.into())))
}

pub(super) fn count_keys(mut args: Args<'_>) -> Result<Cluster<'_>, BadArgs> {
    Ok(Cluster::CountKeys(slot(args.integer()?).ok_or(error::INVALID_SLOT)?))
}

pub(super) fn keys(mut args: Args<'_>) -> Result<Cluster<'_>, BadArgs> {
    let (slot, count) = (slot(args.integer()?), u64::try_from(args.integer()?).ok());
    let (slot, count) = slot.zip(count).ok_or(error::INVALID_SLOT_OR_COUNT)?;
    Ok(Cluster::Keys(slot, count))
}

fn slot(number: i64) -> Option<Slot> {
    u16::try_from(number).ok().filter(|number| *number < SLOTS).map(Slot)
}

pub(super) fn meet(mut args: Args<'_>) -> Result<Cluster<'_>, BadArgs> {
    let (host, port) = (args.word()?, args.word()?);
    let base = crate::args::parse_integer(port).ok_or_else(|| error::bad_base_port(port))?;
    let bus = match args.next() {
        Some(bus) => crate::args::parse_integer(bus).ok_or_else(|| error::bad_bus_port(bus))?,
        None => base.saturating_add(BUS_DISTANCE.into()),
    };
    let is_port = |number: i64| u16::try_from(number).ok().filter(|number| *number > 0);
    match (is_port(base), is_port(bus)) {
        (Some(_), Some(peer_port)) if !host.is_empty() => Ok(Cluster::Meet { host, peer_port }),
        _ => Err(error::bad_node_address(&[host, b":", port].concat())),
    }
}

pub(super) fn forget(mut args: Args<'_>) -> Result<Cluster<'_>, BadArgs> {
    Ok(Cluster::Forget(args.word()?))
}

pub(super) fn failover(mut args: Args<'_>) -> Result<Cluster<'_>, BadArgs> {
    match args.len() {
        0 => Ok(Cluster::Failover),
        1 if args.token("FORCE") || args.token("TAKEOVER") => Ok(Cluster::Failover),
        1 => Err(error::SYNTAX),
        _ => Err(error::wrong_subcommand(args.called(), "CLUSTER")),
    }
}

pub(super) fn replicas(mut args: Args<'_>) -> Result<Cluster<'_>, BadArgs> {
    Ok(Cluster::Replicas(args.word()?))
}

pub(super) fn reports(mut args: Args<'_>) -> Result<Cluster<'_>, BadArgs> {
    Ok(Cluster::FailureReports(args.word()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::request as parsed;

    fn asked(line: &'static str) -> Result<Cluster<'static>, String> {
        match parsed(line) {
            Request::Here(Here::Cluster(asked)) => asked.map_err(|bad| bad.0.into_owned()),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn questions_without_words_are_themselves() {
        assert_eq!(asked("cluster slots"), Ok(Cluster::Slots));
        assert_eq!(asked("CLUSTER NODES"), Ok(Cluster::Nodes));
        assert_eq!(asked("cluster myid"), Ok(Cluster::MyId));
    }

    #[test]
    fn a_key_has_its_slot() {
        for (line, slot) in [
            ("cluster keyslot foo", 12_182),
            ("cluster keyslot {user1000}.following", 3443),
            ("cluster keyslot foo{}{bar}", 8363),
            ("cluster keyslot foo{{bar}}zap", 4015),
        ] {
            assert_eq!(asked(line), Ok(Cluster::Answer(Reply::Int(slot))), "{line}");
        }
    }

    #[test]
    fn slots_are_numbers_below_16384() {
        assert_eq!(asked("cluster countkeysinslot 16383"), Ok(Cluster::CountKeys(Slot(16_383))));
        assert_eq!(asked("cluster getkeysinslot 0 5"), Ok(Cluster::Keys(Slot(0), 5)));
        for (line, text) in [
            ("cluster countkeysinslot x", "ERR value is not an integer or out of range"),
            ("cluster countkeysinslot 16384", "ERR Invalid slot"),
            ("cluster countkeysinslot -1", "ERR Invalid slot"),
            ("cluster getkeysinslot 1 x", "ERR value is not an integer or out of range"),
            ("cluster getkeysinslot 1 -1", "ERR Invalid slot or number of keys"),
            ("cluster getkeysinslot 16384 1", "ERR Invalid slot or number of keys"),
        ] {
            assert_eq!(asked(line), Err(text.to_owned()), "{line}");
        }
    }

    #[test]
    fn a_node_is_met_at_its_bus_port() {
        let met =
            |host: &'static str, peer_port| Ok(Cluster::Meet { host: host.as_bytes(), peer_port });
        assert_eq!(asked("cluster meet 10.0.0.1 6379"), met("10.0.0.1", 16_379));
        assert_eq!(asked("cluster meet a 6379 7000"), met("a", 7000));
        for (line, text) in [
            ("cluster meet a x", "ERR Invalid TCP base port specified: x"),
            ("cluster meet a 1 x", "ERR Invalid TCP bus port specified: x"),
            ("cluster meet a 0", "ERR Invalid node address specified: a:0"),
            ("cluster meet a 60000", "ERR Invalid node address specified: a:60000"),
            (
                "cluster meet a 9223372036854775807",
                "ERR Invalid node address specified: a:9223372036854775807",
            ),
        ] {
            assert_eq!(asked(line), Err(text.to_owned()), "{line}");
        }
    }

    #[test]
    fn a_failover_may_be_forced_once() {
        for line in ["cluster failover", "cluster failover force", "cluster failover TAKEOVER"] {
            assert_eq!(asked(line), Ok(Cluster::Failover), "{line}");
        }
        assert_eq!(asked("cluster failover x"), Err("ERR syntax error".to_owned()));
        assert_eq!(
            asked("cluster failover force takeover"),
            Err("ERR unknown subcommand or wrong number of arguments for 'failover'. Try \
                 CLUSTER HELP."
                .to_owned())
        );
    }

    #[test]
    fn slots_are_not_placed_by_hand() {
        for line in [
            "cluster addslots 1",
            "cluster setslot 1 stable",
            "cluster reset",
            "cluster saveconfig",
        ] {
            let text = asked(line).expect_err("refused");
            assert!(
                text.contains("the cluster places slots and replicas itself"),
                "{line}: {text}"
            );
        }
    }
}
