//! The section Memory.

use super::page::{Page, human};
use super::system;
use crate::Node;
use crate::config::Setting;

/// What a connection costs beside its buffers.
const CLIENT_BYTES: u64 = 4096;

/// Where the memory is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Memory {
    /// Of keys and values.
    pub dataset: u64,
    /// How many keys there are.
    pub keys: u64,
    /// Of clients and their buffers.
    pub clients: u64,
    /// Of the log: what was not written yet, and what is kept to be read again.
    pub log_buffers: u64,
    /// All of these.
    pub used: u64,
    /// The most that was ever used.
    pub peak: u64,
    /// What the operating system gave to the process.
    pub rss: u64,
    /// `maxmemory`; 0: none.
    pub limit: u64,
}

/// The bytes that are accounted for: data, clients and log.
pub fn used_memory(node: &Node) -> u64 {
    let dataset = node.shards.key_memory();
    let log = node.shards.log_stats();
    dataset + client_bytes(node) + log.in_flight_bytes as u64 + log.cache_bytes as u64
}

fn client_bytes(node: &Node) -> u64 {
    node.clients.buffer_bytes() + node.clients.len() as u64 * CLIENT_BYTES
}

impl Memory {
    /// As it is now.
    pub fn of(node: &Node) -> Self {
        let (dataset, keys) = (node.shards.key_memory(), node.shards.key_count());
        let log = node.shards.log_stats();
        let clients = client_bytes(node);
        let log_buffers = log.in_flight_bytes as u64 + log.cache_bytes as u64;
        let used = dataset + clients + log_buffers;
        node.stats.see_used_memory(used);
        Memory {
            dataset,
            keys,
            clients,
            log_buffers,
            used,
            peak: node.stats.used_memory_peak(),
            rss: system::resident_bytes(),
            limit: node.settings.number(Setting::Maxmemory),
        }
    }

    /// What is used beside the data.
    pub fn overhead(&self) -> u64 {
        self.used - self.dataset
    }

    /// The share of the data in what is used.
    pub fn dataset_percent(&self) -> f64 {
        percent(self.dataset, self.used)
    }

    /// What is used now, compared to the most.
    pub fn peak_percent(&self) -> f64 {
        percent(self.used, self.peak)
    }

    /// How much more the process takes than is used.
    pub fn fragmentation_ratio(&self) -> f64 {
        percent(self.rss, self.used) / 100.0
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}

pub(super) fn fill(node: &Node, page: &mut Page) {
    let memory = Memory::of(node);
    page.bytes("used_memory", memory.used);
    page.bytes("used_memory_rss", memory.rss);
    page.bytes("used_memory_peak", memory.peak);
    page.line("used_memory_peak_perc", format_args!("{:.2}%", memory.peak_percent()));
    page.line("used_memory_overhead", memory.overhead());
    page.line("used_memory_startup", 0);
    page.line("used_memory_dataset", memory.dataset);
    page.line("used_memory_dataset_perc", format_args!("{:.2}%", memory.dataset_percent()));
    page.line("allocator_allocated", memory.used);
    page.line("allocator_active", memory.rss);
    page.line("allocator_resident", memory.rss);
    page.line("allocator_muzzy", 0);
    page.bytes("total_system_memory", system::total_bytes());
    fill_scripts(node, page);
    page.bytes("maxmemory", memory.limit);
    page.line("maxmemory_policy", node.settings.print(Setting::MaxmemoryPolicy));
    fill_fragmentation(&memory, page);
    page.line("mem_overhead_db_hashtable_rehashing", 0);
    // `maxmemory` is about keys.
    page.line("mem_not_counted_for_evict", memory.overhead());
    page.zeros(&["mem_replication_backlog", "mem_total_replication_buffers", "mem_clients_slaves"]);
    page.line("mem_clients_normal", memory.clients);
    page.line("mem_cluster_links", 0);
    page.line("mem_aof_buffer", memory.log_buffers);
    page.line("mem_allocator", "mimalloc");
    page.zeros(&["active_defrag_running", "lazyfree_pending_objects"]);
    page.line("lazyfreed_objects", node.shards.key_stats().freed);
}

fn fill_scripts(node: &Node, page: &mut Page) {
    // All shards that keep scripts keep the same ones.
    let kept = node.shards.keys().into_iter().next();
    let (scripts, bytes, libraries) = kept.map_or_else(Default::default, |group| {
        let state = group.state();
        (state.scripts().len(), state.scripts().bytes(), state.libraries().clone())
    });
    page.zeros(&["used_memory_lua", "used_memory_vm_eval"]);
    page.line("used_memory_lua_human", human(0));
    page.line("used_memory_scripts_eval", bytes);
    page.line("number_of_cached_scripts", scripts);
    page.line("number_of_functions", libraries.functions());
    page.line("number_of_libraries", libraries.len());
    page.line("used_memory_vm_functions", 0);
    page.bytes("used_memory_vm_total", 0);
    page.line("used_memory_functions", libraries.bytes());
    page.bytes("used_memory_scripts", bytes + libraries.bytes());
}

fn fill_fragmentation(memory: &Memory, page: &mut Page) {
    let ratio = format!("{:.2}", memory.fragmentation_ratio());
    let bytes = memory.rss.saturating_sub(memory.used);
    page.line("allocator_frag_ratio", "1.00");
    page.line("allocator_frag_bytes", 0);
    page.line("allocator_rss_ratio", &ratio);
    page.line("allocator_rss_bytes", bytes);
    page.line("rss_overhead_ratio", "1.00");
    page.line("rss_overhead_bytes", 0);
    page.line("mem_fragmentation_ratio", &ratio);
    page.line("mem_fragmentation_bytes", bytes);
}
