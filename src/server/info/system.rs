//! What the operating system knows of this process. On systems without `/proc`
//! all of it is zero.

use std::fs;

use super::page::Page;
use crate::Node;

/// `/proc` counts processor time in hundredths of a second, on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// Bytes of memory that are really in use.
pub(super) fn resident_bytes() -> u64 {
    kilobytes("/proc/self/status", "VmRSS:") << 10
}

/// Bytes of memory of the machine.
pub(super) fn total_bytes() -> u64 {
    kilobytes("/proc/meminfo", "MemTotal:") << 10
}

/// The operating system, its version and the kind of processor.
pub(super) fn name() -> String {
    let word = |path| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let kind = word("/proc/sys/kernel/ostype");
    let release = word("/proc/sys/kernel/osrelease");
    let kind = if kind.is_empty() { std::env::consts::OS.to_owned() } else { kind };
    format!("{kind} {release} {}", std::env::consts::ARCH)
}

/// The section CPU.
pub(super) fn fill_cpu(_: &Node, page: &mut Page) {
    let own = Times::of("/proc/self/stat");
    let main = Times::of(&format!("/proc/self/task/{}/stat", std::process::id()));
    page.lines([
        ("used_cpu_sys", seconds(own.system)),
        ("used_cpu_user", seconds(own.user)),
        ("used_cpu_sys_children", seconds(own.children_system)),
        ("used_cpu_user_children", seconds(own.children_user)),
        ("used_cpu_sys_main_thread", seconds(main.system)),
        ("used_cpu_user_main_thread", seconds(main.user)),
    ]);
}

fn seconds(ticks: u64) -> String {
    format!("{:.6}", ticks as f64 / TICKS_PER_SECOND)
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Times {
    user: u64,
    system: u64,
    children_user: u64,
    children_system: u64,
}

impl Times {
    fn of(path: &str) -> Times {
        Times::read(&fs::read_to_string(path).unwrap_or_default())
    }

    /// The name of the process stands in brackets and may hold anything, so the
    /// fields are counted behind the last bracket.
    fn read(stat: &str) -> Times {
        let behind = stat.rsplit(')').next().unwrap_or_default();
        let fields: Vec<&str> = behind.split_ascii_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|it| it.parse().ok()).unwrap_or_default();
        Times {
            user: ticks(11),
            system: ticks(12),
            children_user: ticks(13),
            children_system: ticks(14),
        }
    }
}

fn kilobytes(path: &str, name: &str) -> u64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_ascii_whitespace().next()?.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_times_are_found_whatever_the_process_is_called() {
        let stat = "7 (a) b) R 1 2 3 4 5 6 7 8 9 10 111 222 333 444 20 0";
        let times = Times { user: 111, system: 222, children_user: 333, children_system: 444 };
        assert_eq!(Times::read(stat), times);
        assert_eq!(Times::read(""), Times::default());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_takes_memory() {
        assert!(resident_bytes() > 0);
        assert!(total_bytes() > resident_bytes());
    }
}
