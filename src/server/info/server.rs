//! The section Server.

use std::time::{SystemTime, UNIX_EPOCH};

use super::page::Page;
use super::{REDIS_VERSION, system};
use crate::Node;
use crate::config::{Origin, Setting};

pub(super) fn fill(node: &Node, page: &mut Page) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let uptime = node.identity.started.elapsed().as_secs();
    let executable = std::env::current_exe().unwrap_or_default();
    let cluster = node.settings.flag(Setting::ClusterEnabled);
    page.line("redis_version", REDIS_VERSION);
    page.line("server_name", "lockstep");
    page.line("lockstep_version", env!("CARGO_PKG_VERSION"));
    page.line("redis_git_sha1", "00000000");
    page.line("redis_git_dirty", 0);
    page.line("redis_build_id", build_id());
    page.line("redis_mode", if cluster { "cluster" } else { "standalone" });
    page.line("os", system::name());
    page.line("arch_bits", usize::BITS);
    page.line("monotonic_clock", "POSIX clock_gettime");
    page.line("multiplexing_api", "epoll");
    page.line("atomicvar_api", "rust-std");
    page.line("gcc_version", "0.0.0");
    page.line("process_id", std::process::id());
    page.line("process_supervised", "no");
    page.line("run_id", &node.identity.run_id);
    page.line("tcp_port", node.settings.port(Setting::Port));
    page.line("server_time_usec", now.as_micros());
    page.line("uptime_in_seconds", uptime);
    page.line("uptime_in_days", uptime / 86_400);
    page.line("hz", node.settings.print(Setting::Hz));
    page.line("configured_hz", node.settings.print(Setting::Hz));
    // 24 bits of the clock in seconds.
    page.line("lru_clock", now.as_secs() & 0x00ff_ffff);
    page.line("executable", executable.display());
    page.line("config_file", config_file(node));
    page.line("io_threads_active", 0);
    let bind = node.settings.print(Setting::Bind);
    let listener = format!("name=tcp,bind={bind},port={}", node.settings.port(Setting::Port));
    page.line("listener0", listener.replace(' ', ",bind="));
}

fn build_id() -> String {
    let text = concat!(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:x}")
}

/// The file that any of the settings came from.
fn config_file(node: &Node) -> String {
    let file = Setting::all().find_map(|setting| match node.settings.origin(setting) {
        Origin::File { path, .. } => Some(path.display().to_string()),
        _ => None,
    });
    file.unwrap_or_default()
}
