//! What a run did, and how long the clients waited: a table.

use std::collections::BTreeMap;
use std::fmt;

use super::history::{Class, History, Kind, Mark};
use super::stage::{Fault, NODES};
use super::verdict::Found;

/// How long after the beginning of a fault a node that is cut off may still answer.
const GRACE: u64 = 500_000_000;

/// Figures of a run; times in milliseconds.
#[derive(Debug)]
pub struct Report {
    lines: Vec<(String, String)>,
    row: &'static str,
    /// Answers that something was refused, to whomever; but requests that wait are
    /// sent away by a node that stops.
    pub refused: usize,
    /// Answers that nobody knows.
    pub uncertain: usize,
    /// What nodes that were cut off did nevertheless.
    pub served_cut_off: usize,
}

impl Report {
    /// The figures of this run, the faults of which were between `span`.
    pub fn new(
        row: &'static str,
        seed: u64,
        history: &History,
        faults: &[Fault],
        found: &Found,
        span: (u64, u64),
    ) -> Report {
        let marks = &history.marks;
        let of = |class| marks.iter().filter(|mark| mark.class == class).count();
        let (uncertain, broken) = (of(Class::Uncertain), of(Class::Broken));
        let waits = |mark: &&Mark| mark.class == Class::Refused && mark.kind == Kind::Wait;
        let sent_away = marks.iter().filter(waits).count();
        let refused = of(Class::Refused) - sent_away;
        let gaps: Vec<(bool, f64)> = faults
            .iter()
            .map(|fault| (fault.leader, silence(marks, fault, faults, span.1)))
            .collect();
        let (late, served_cut_off) = cut_off(marks, faults);
        let mut report = Report { lines: Vec::new(), row, refused, uncertain, served_cut_off };
        let seconds = (span.1 - span.0) as f64 / 1e9;
        let done = marks.iter().filter(|mark| mark.class == Class::Done);
        let within = done.clone().filter(|mark| mark.ended > span.0 && mark.ended < span.1);
        report.line("seed", seed);
        report.line("faults", kinds(faults));
        report.line("seconds with faults", format!("{seconds:.0}"));
        report.line("commands done", done.clone().count());
        report.line("done per second", format!("{:.0}", within.count() as f64 / seconds));
        report.line("refused (not applied)", refused);
        report.line("requests that wait, refused or sent away", sent_away);
        report.line("UNCERTAIN", uncertain);
        let waited = |mark: &&Mark| mark.class == Class::Broken && mark.kind == Kind::Wait;
        let waited = marks.iter().filter(waited).count();
        report.line(
            "connections ended with a command under way",
            format!("{broken}, {waited} of them with one that waited"),
        );
        let leaders = gaps.iter().filter(|(leader, _)| *leader).map(|(_, gap)| *gap).collect();
        report.times("time without a write when the leader was struck, ms", leaders);
        let others = gaps.iter().filter(|(leader, _)| !leader).map(|(_, gap)| *gap).collect();
        report.times("time without a write at the other faults, ms", others);
        report.line("longest command that was done, ms", format!("{:.0}", longest(done)));
        report.times("time to be refused where no majority was reached, ms", late);
        report.line("commands done where no majority was reached", served_cut_off);
        for (what, count) in &found.checked {
            report.line(&format!("checked: {what}"), count);
        }
        report.line("keys too hard to decide", found.undecided);
        report.line("violations", found.flaws.len());
        for (text, count) in &history.texts {
            report.line(&format!("`{text}`"), count);
        }
        report
    }

    fn line(&mut self, what: &str, value: impl fmt::Display) {
        self.lines.push((what.to_owned(), value.to_string()));
    }

    fn times(&mut self, what: &str, mut times: Vec<f64>) {
        times.sort_by(f64::total_cmp);
        let Some(longest) = times.last() else { return };
        let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
        let text = format!(
            "{} times: p50 {:.0}, p99 {:.0}, longest {longest:.0}",
            times.len(),
            at(0.5),
            at(0.99)
        );
        self.line(what, text);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| row {} | |\n| --- | --- |", self.row)?;
        self.lines.iter().try_for_each(|(what, value)| writeln!(f, "| {what} | {value} |"))
    }
}

fn kinds(faults: &[Fault]) -> String {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for fault in faults {
        *kinds.entry(fault.what).or_default() += 1;
    }
    let texts = kinds.iter().map(|(what, count)| format!("{what}: {count}"));
    texts.collect::<Vec<_>>().join(", ")
}

/// The longest time without a write that ended well on a node that was not
/// struck, from the fault to the next one. When all are struck they all count.
fn silence(marks: &[Mark], fault: &Fault, faults: &[Fault], end: u64) -> f64 {
    let next = faults.iter().map(|other| other.at).find(|at| *at > fault.at).unwrap_or(end);
    let all = fault.struck.len() == NODES;
    let mut ends: Vec<u64> = marks
        .iter()
        .filter(|mark| mark.kind == Kind::Write && mark.class == Class::Done)
        .filter(|mark| all || !fault.struck.contains(&mark.node))
        .map(|mark| mark.ended)
        .filter(|ended| *ended > fault.at && *ended < next)
        .collect();
    ends.extend([fault.at, next]);
    ends.sort_unstable();
    let longest = ends.windows(2).map(|pair| pair[1] - pair[0]).max();
    longest.unwrap_or(0) as f64 / 1e6
}

/// How long nodes that were cut off took to refuse, and what they did not refuse.
fn cut_off(marks: &[Mark], faults: &[Fault]) -> (Vec<f64>, usize) {
    let (mut late, mut served) = (Vec::new(), 0);
    for fault in faults.iter().filter(|fault| fault.cut_off && fault.over > 0) {
        let within = marks.iter().filter(|mark| {
            fault.struck.contains(&mark.node)
                && mark.began > fault.at + GRACE
                && mark.ended < fault.over
        });
        for mark in within {
            match mark.class {
                Class::Done => served += 1,
                _ => late.push((mark.ended - mark.began) as f64 / 1e6),
            }
        }
    }
    (late, served)
}

fn longest<'a>(marks: impl Iterator<Item = &'a Mark>) -> f64 {
    let times = marks.filter(|mark| mark.kind != Kind::Wait).map(|mark| mark.ended - mark.began);
    times.max().unwrap_or(0) as f64 / 1e6
}
