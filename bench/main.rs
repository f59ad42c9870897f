//! Runs one workload and prints what was measured.

use std::process::ExitCode;

use lockstep_bench::flags::{Asked, HELP};
use lockstep_bench::{Flags, report, run};

fn main() -> ExitCode {
    let flags = match Flags::parse(std::env::args_os().skip(1)) {
        Ok(Asked::Run(flags)) => flags,
        Ok(Asked::Help) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(problem) => return fail(&problem.to_string()),
    };
    precise_sleep();
    let report = match run(&flags) {
        Ok(report) => report,
        Err(problem) => return fail(&problem.to_string()),
    };
    print!("{report}");
    if let Some(path) = &flags.json
        && let Err(problem) = report::write_json(&report, path)
    {
        return fail(&format!("cannot write {}: {problem}", path.display()));
    }
    if report.sound() { ExitCode::SUCCESS } else { ExitCode::from(2) }
}

/// Asks the kernel to end sleeps on time and not up to 50 us later.
fn precise_sleep() {
    // Where it is refused the lag is larger; the report shows it.
    let _ = std::fs::write("/proc/self/timerslack_ns", "1000");
}

fn fail(problem: &str) -> ExitCode {
    eprintln!("lockstep-bench: {problem}");
    ExitCode::FAILURE
}
