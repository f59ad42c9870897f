//! Runs the simulator: `lockstep-sim --seeds 500`.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

use lexopt::prelude::{Long, ValueExt};
use lockstep_sim::mutants::Mutant;
use lockstep_sim::plan::Wishes;
use lockstep_sim::run::{find, run, run_many};
use lockstep_sim::world::{Profile, Report, Tally};

const USAGE: &str = "\
lockstep-sim: a cluster in one thread, on a simulated world

  --seed N          run this seed and show how it ended
  --seeds N         run so many seeds, on all processors
  --from N          begin with this one (0)
  --nodes N         nodes of the cluster (drawn from the seed)
  --profile A,B     what goes wrong (drawn from the seed), some of
                    base kill killall net partial storm pause disk full eio
                    dur ambush cor rot mem upg clock
  --mutant NAME     with a mistake on purpose; `list` names them
  --mutants N       looks for each mistake on purpose with at most so many seeds
  --time MS         how long things go wrong (drawn from the seed)
  --threads N       at most so many at once
  --last N          how many of the last events are shown (60)
  --quiet           no line for runs that went well";

struct Asked {
    seed: Option<u64>,
    seeds: u64,
    from: u64,
    threads: usize,
    last: usize,
    quiet: bool,
    mutants: Option<u64>,
    wishes: Wishes,
}

fn main() -> ExitCode {
    match asked() {
        Ok(Some(asked)) => go(&asked),
        Ok(None) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn asked() -> Result<Option<Asked>, lexopt::Error> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut asked = Asked {
        seed: None,
        seeds: 0,
        from: 0,
        threads,
        last: 60,
        quiet: false,
        mutants: None,
        wishes: Wishes::default(),
    };
    let mut words = lexopt::Parser::from_env();
    while let Some(word) = words.next()? {
        match word {
            Long("seed") => asked.seed = Some(words.value()?.parse()?),
            Long("seeds") => asked.seeds = words.value()?.parse()?,
            Long("from") => asked.from = words.value()?.parse()?,
            Long("nodes") => asked.wishes.nodes = Some(words.value()?.parse()?),
            Long("time") => asked.wishes.faults_ms = Some(words.value()?.parse()?),
            Long("threads") => asked.threads = words.value()?.parse()?,
            Long("last") => asked.last = words.value()?.parse()?,
            Long("mutants") => asked.mutants = Some(words.value()?.parse()?),
            Long("quiet") => asked.quiet = true,
            Long("profile") => {
                let names: String = words.value()?.parse()?;
                for name in names.split(',') {
                    let known = Profile::named(name);
                    asked.wishes.profiles.push(known.ok_or(format!("no profile {name}"))?);
                }
            }
            Long("mutant") => {
                let name: String = words.value()?.parse()?;
                if name == "list" {
                    Mutant::ALL.iter().for_each(|mutant| println!("{}", mutant.name()));
                    return Ok(None);
                }
                let known = Mutant::named(&name).ok_or(format!("no mutant {name}"))?;
                asked.wishes.mutant = Some(known);
            }
            Long("help") => {
                println!("{USAGE}");
                return Ok(None);
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(asked))
}

fn go(asked: &Asked) -> ExitCode {
    if let Some(seeds_max) = asked.mutants {
        return find_mutants(seeds_max, asked.threads);
    }
    if let Some(seed) = asked.seed {
        let report = run(seed, &Wishes { shown: true, ..asked.wishes.clone() });
        show(&report);
        show_last(&report, asked.last);
        return code(report.violations.is_empty());
    }
    let begun = Instant::now();
    let (mut tally, mut copies) = (Tally::default(), BTreeMap::new());
    let (mut runs, mut bad, mut events, mut virtual_ms) = (0_u64, Vec::new(), 0, 0);
    run_many(asked.from..asked.from + asked.seeds, &asked.wishes, asked.threads, |report| {
        runs += 1;
        events += report.events;
        tally += report.tally;
        add(&mut copies, &report.copies);
        virtual_ms += report.took_ms;
        if !report.violations.is_empty() {
            bad.push(report.seed);
        }
        if !asked.quiet || !report.violations.is_empty() {
            show(&report);
        }
        true
    });
    let took = begun.elapsed().as_secs_f64();
    bad.sort_unstable();
    println!(
        "{runs} seeds in {took:.1} s ({:.1} per second), {} s of virtual time, {events} events, \
         {} failed{}",
        runs as f64 / took,
        virtual_ms / 1000,
        bad.len(),
        bad.iter().map(|seed| format!(" {seed}")).collect::<String>()
    );
    println!("queues: {tally}");
    println!("copies: {}", shown(&copies));
    if let Some(first) = bad.first() {
        let report = run(*first, &Wishes { shown: true, ..asked.wishes.clone() });
        show(&report);
        show_last(&report, asked.last);
    }
    code(bad.is_empty())
}

fn find_mutants(seeds_max: u64, threads: usize) -> ExitCode {
    let mut all = true;
    for mutant in Mutant::ALL {
        match find(mutant, seeds_max, threads) {
            Some((seeds, what)) => println!("{:26} {seeds:5} seeds: {what:.120}", mutant.name()),
            None => {
                println!("{:26} NOT FOUND with {seeds_max} seeds", mutant.name());
                all = false;
            }
        }
    }
    code(all)
}

fn code(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn show(report: &Report) {
    let Report { seed, hash, events, took_ms, counts, undecided, .. } = report;
    println!(
        "seed {seed} trace hash {hash:016x} events {events} virtual {took_ms} ms, answered {}, \
         refused {}, unknown {}, broken {}, undecided {undecided}",
        counts.done, counts.refused, counts.unknown, counts.broken
    );
    println!("seed {seed} queues: {}", report.tally);
    println!("seed {seed} copies: {}", shown(&report.copies));
    for what in &report.violations {
        println!("seed {seed} VIOLATION {what}");
    }
}

fn add(all: &mut BTreeMap<&'static str, u64>, more: &BTreeMap<&'static str, u64>) {
    more.iter().for_each(|(name, count)| *all.entry(name).or_default() += count);
}

/// What nodes counted of their copies.
fn shown(counts: &BTreeMap<&'static str, u64>) -> String {
    let counts = counts.iter().filter(|(_, count)| **count > 0);
    counts.map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}

fn show_last(report: &Report, last: usize) {
    if last > 0 {
        let from = report.last.len().saturating_sub(last);
        report.last[from..].iter().for_each(|event| println!("  {event}"));
    }
}
