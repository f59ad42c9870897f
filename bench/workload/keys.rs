//! PING, GET, SET.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Zipf};

use super::{Command, Counters, Next, Step, Workload};
use crate::Flags;
use crate::wire::request;

const DIGITS: usize = 12;
const NO_KEY: &[u8] = b"key:000000000000";

/// What one connection asks for.
#[derive(Debug)]
pub struct Script {
    workload: Workload,
    reads: f64,
    keys: u64,
    /// How keys are drawn, if not evenly.
    zipf: Option<Zipf<f64>>,
    /// The keys still to be set (`load`).
    rest: std::iter::StepBy<std::ops::Range<u64>>,
    random: SmallRng,
    ping: Vec<u8>,
    get: Template,
    set: Template,
}

impl Script {
    /// For connection number `index`.
    pub fn new(flags: &Flags, index: usize) -> Self {
        let mut random = SmallRng::seed_from_u64(flags.seed.wrapping_add(index as u64));
        let value: Vec<u8> =
            (0..flags.value_bytes).map(|_| random.random_range(b'!'..=b'~')).collect();
        Self {
            workload: flags.workload,
            reads: flags.reads,
            keys: flags.keys,
            zipf: (flags.zipf > 0.0).then(|| zipf(flags.keys, flags.zipf)),
            rest: (index as u64..flags.keys).step_by(flags.clients),
            random,
            ping: request(&[b"PING"]),
            get: Template::new(&[b"GET", NO_KEY]),
            set: Template::new(&[b"SET", NO_KEY, &value]),
        }
    }

    pub(super) fn begin(&mut self, out: &mut Vec<u8>) -> Option<Step> {
        let command = match self.workload {
            Workload::Ping => Command::Ping,
            Workload::Get => Command::Get,
            Workload::Mix if self.random.random_bool(self.reads) => Command::Get,
            _ => Command::Set,
        };
        let number = match self.workload {
            Workload::Load => self.rest.next()?,
            _ => self.draw(),
        };
        match command {
            Command::Ping => out.extend_from_slice(&self.ping),
            Command::Get => self.get.push(out, number),
            _ => self.set.push(out, number),
        }
        Some(Step { command, item: 0, number, work: 0, first: None })
    }

    /// Which key comes next; by Zipf's law the first ones are the most frequent.
    fn draw(&mut self) -> u64 {
        match &self.zipf {
            // From 1 on, and whole.
            Some(zipf) => (zipf.sample(&mut self.random) as u64).clamp(1, self.keys) - 1,
            None => self.random.random_range(0..self.keys),
        }
    }

    pub(super) fn reply(&mut self, step: Step, reply: &[u8], counters: &mut Counters) -> Next {
        match (step.command, reply) {
            (Command::Get, [b'$', b'-', ..]) => counters.misses += 1,
            (Command::Get, [b'$', ..]) => counters.hits += 1,
            (Command::Set, b"+OK\r\n") | (Command::Ping, b"+PONG\r\n") => {}
            _ => counters.odd_replies += 1,
        }
        Next::Done
    }
}

fn zipf(keys: u64, exponent: f64) -> Zipf<f64> {
    Zipf::new(keys as f64, exponent).expect("the flags were checked")
}

/// A request whose key differs only in its twelve digits.
#[derive(Debug)]
pub struct Template {
    bytes: Vec<u8>,
    digits_at: usize,
}

impl Template {
    /// The first word with the digits `000000000000` is the one that changes.
    pub fn new(words: &[&[u8]]) -> Self {
        let bytes = request(words);
        let digits_at = bytes
            .windows(DIGITS)
            .position(|window| window == [b'0'; DIGITS])
            .expect("the words hold twelve zeros");
        Self { bytes, digits_at }
    }

    /// Appends the request with this number.
    pub fn push(&self, out: &mut Vec<u8>, number: u64) {
        let start = out.len() + self.digits_at;
        out.extend_from_slice(&self.bytes);
        let mut rest = number;
        for digit in out[start..start + DIGITS].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_zipfs_law_the_second_key_comes_half_as_often_as_the_first() {
        let mut flags = Flags::new(Workload::Get);
        (flags.keys, flags.zipf) = (100, 1.0);
        let mut script = Script::new(&flags, 0);
        let mut counts = [0_u32; 100];
        (0..200_000).for_each(|_| counts[script.draw() as usize] += 1);
        // The harmonic number of 100 is 5.187.
        let due = 200_000.0 / 5.187;
        for (place, count) in counts[..4].iter().enumerate() {
            let ratio = f64::from(*count) * (place + 1) as f64 / due;
            assert!((0.95..1.05).contains(&ratio), "{place}: {count}");
        }
        assert!(counts.iter().all(|count| *count > 0));
    }

    #[test]
    fn a_template_changes_only_the_digits() {
        let template = Template::new(&[b"GET", NO_KEY]);
        let mut out = Vec::new();
        template.push(&mut out, 907);
        assert_eq!(out, request(&[b"GET", b"key:000000000907"]));
    }
}
