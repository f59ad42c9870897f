//! Leaves out of a stream what a finding does not need.

use super::pair::{Finding, Pair};
use super::stream::Stream;

const RUNS_MAX: usize = 300;

/// The shortest stream found that still shows the same command's difference.
pub fn shrink(pair: &mut Pair, stream: Stream, finding: Finding) -> (Stream, Finding) {
    let (mut least, mut finding) = (cut(stream, &finding), finding);
    let mut size = (least.steps.len() / 2).max(1);
    let mut runs = 0;
    while runs < RUNS_MAX {
        let mut at = 0;
        let mut shorter = false;
        while at < least.steps.len() && runs < RUNS_MAX {
            let mut trial = least.clone();
            trial.steps.drain(at..(at + size).min(least.steps.len()));
            runs += 1;
            match pair.run(&trial) {
                Some(found) if found.command_name() == finding.command_name() => {
                    least = cut(trial, &found);
                    finding = found;
                    shorter = true;
                }
                _ => at += size,
            }
        }
        if size == 1 && !shorter {
            break;
        }
        size = (size / 2).max(1);
    }
    (least, finding)
}

/// Nothing behind the finding is needed.
fn cut(mut stream: Stream, finding: &Finding) -> Stream {
    stream.steps.truncate(finding.step + 1);
    stream
}
