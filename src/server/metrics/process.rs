//! What the system knows of the process, under the names every exporter uses.

use std::time::{SystemTime, UNIX_EPOCH};

use super::text::single;

/// Ticks per second in `/proc/self/stat`, the same on every Linux.
const TICKS: f64 = 100.0;
/// The numbers behind the name in `/proc/self/stat` start with field 3.
const FIRST_FIELD: usize = 3;
const USER_TICKS: usize = 14;
const SYSTEM_TICKS: usize = 15;
const THREADS: usize = 20;

/// Appends the metrics of the process.
pub(super) fn publish(page: &mut String, started_at: SystemTime) {
    let started = started_at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let values = [
        (
            "process_start_time_seconds",
            "gauge",
            "When the process started, since 1970.",
            Some(started),
        ),
        ("process_cpu_seconds_total", "counter", "Time on all processors.", cpu_seconds()),
        ("process_threads", "gauge", "Threads.", field(THREADS)),
        ("process_resident_memory_bytes", "gauge", "Memory in RAM.", memory("VmRSS:")),
        ("process_virtual_memory_bytes", "gauge", "Memory that is mapped.", memory("VmSize:")),
        ("process_open_fds", "gauge", "Open files and sockets.", open_files()),
        ("process_max_fds", "gauge", "Files and sockets that may be open.", files_max()),
    ];
    for (name, kind, meaning, value) in values {
        if let Some(value) = value {
            single(page, name, kind, meaning, value);
        }
    }
}

fn cpu_seconds() -> Option<f64> {
    Some((field(USER_TICKS)? + field(SYSTEM_TICKS)?) / TICKS)
}

/// A number of `/proc/self/stat`. The name before it may hold blanks and brackets.
fn field(number: usize) -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    fields.split_whitespace().nth(number - FIRST_FIELD)?.parse().ok()
}

/// A line of `/proc/self/status`, in bytes.
fn memory(name: &str) -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0)
}

fn open_files() -> Option<f64> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count() as f64)
}

/// How many files the process may have open; none where there is no limit.
pub(crate) fn files_max() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_the_process_is_found() {
        let mut page = String::new();
        publish(&mut page, SystemTime::now());
        for name in ["start_time", "cpu", "threads", "resident", "virtual", "open_fds", "max_fds"] {
            assert!(page.contains(&format!("\nprocess_{name}")), "{name}: {page}");
        }
    }
}
