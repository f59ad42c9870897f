//! What the settings of a cluster must fit together to.

use super::layers::{ConfigError, Origin};
use super::row::Value;
use super::seeds;
use super::settings::Settings;
use super::table::Setting;

/// Shards for each seed, unless told.
const SHARDS_PER_SEED: u64 = 2;

/// Numbers that nobody named follow the seeds.
pub(super) fn derive(settings: &Settings) {
    let count = seeds::of(settings).len() as u64;
    if count == 0 {
        return;
    }
    let rules = [
        (Setting::Expect, count, "the number of seeds"),
        (Setting::Shards, SHARDS_PER_SEED * count, "2 for each seed"),
    ];
    for (setting, number, rule) in rules {
        let lone_shards = setting == Setting::Shards && count == 1;
        if settings.origin(setting) == Origin::Default && !lone_shards {
            settings.store(setting, &Value::Number(number), Origin::Derived(rule));
        }
    }
}

/// What is wrong between the settings of a cluster.
pub(super) fn check(settings: &Settings) -> Vec<ConfigError> {
    let mut errors = Vec::new();
    let mut wrong = |setting: Setting, problem: String, hint: &str| {
        errors.push(ConfigError {
            place: settings.origin(setting).to_string(),
            problem,
            hint: Some(hint.to_owned()),
        });
    };
    let replicas = settings.number(Setting::Replicas);
    if replicas.is_multiple_of(2) {
        let problem = format!("replicas is {replicas}: an even number survives no more failures");
        wrong(Setting::Replicas, problem, "use an odd number from 1 to 7");
    }
    let (seeds, expect) = (seeds::of(settings).len() as u64, settings.number(Setting::Expect));
    if seeds > 0 && expect != seeds {
        let problem = format!("expect is {expect}, but there are {seeds} seeds");
        wrong(Setting::Expect, problem, "name each node that founds the cluster in --seeds");
    }
    if seeds == 0 && expect > 1 {
        let problem = format!("expect is {expect}, but there are no seeds");
        wrong(Setting::Expect, problem, "name the nodes with --seeds");
    }
    if seeds > 0 && settings.port(Setting::PeerPort) == 0 {
        let problem = "a node of a cluster needs a port for other nodes".to_owned();
        wrong(Setting::PeerPort, problem, "set --peer-port");
    }
    errors
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::Layers;

    fn settle(flags: &[(&str, &str)]) -> Result<Settings, String> {
        let mut layers = Layers::default();
        for (name, value) in flags {
            layers.flag(name, value);
        }
        layers.settle().map_err(|errors| errors[0].to_string())
    }

    #[test]
    fn a_node_alone_has_one_shard_and_expects_itself() {
        let settings = settle(&[]).unwrap();
        assert_eq!(settings.number(Setting::Shards), 1);
        assert_eq!(settings.number(Setting::Expect), 1);
        let settings = settle(&[("seeds", "a:1")]).unwrap();
        assert_eq!(settings.number(Setting::Shards), 1);
    }

    #[test]
    fn seeds_say_how_many_nodes_and_shards_there_are() {
        let settings = settle(&[("seeds", "a:1,b:1,c:1")]).unwrap();
        assert_eq!(settings.number(Setting::Expect), 3);
        assert_eq!(settings.number(Setting::Shards), 6);
        assert_eq!(settings.origin(Setting::Shards).to_string(), "2 for each seed");
        let settings = settle(&[("seeds", "a:1,b:1,c:1"), ("shards", "4")]).unwrap();
        assert_eq!(settings.number(Setting::Shards), 4);
    }

    #[test]
    fn numbers_that_do_not_fit_together_are_refused_with_advice() {
        let refused = |flags| settle(flags).unwrap_err();
        assert!(refused(&[("replicas", "2")]).contains("odd number"));
        assert!(refused(&[("seeds", "a,b,c"), ("expect", "2")]).contains("there are 3 seeds"));
        assert!(refused(&[("expect", "3")]).contains("no seeds"));
        assert!(refused(&[("seeds", "a,b,c"), ("peer-port", "0")]).contains("--peer-port"));
        assert!(refused(&[("replicas", "9")]).contains("between 1 and 7"));
        assert!(refused(&[("expect", "10")]).contains("between 1 and 9"));
    }
}
