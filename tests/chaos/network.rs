//! A network of its own for the nodes of a test: each stands in a network
//! namespace, and all packets between them pass a router that drops those it is
//! told to drop, in each direction by itself.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};

use lockstep_tests::{Place, needed};

/// The places of some nodes. It is taken away when it is dropped.
#[derive(Debug)]
pub struct Network {
    name: String,
    subnet: [u8; 2],
    nodes: usize,
}

/// From one node to another.
pub type Way = (usize, usize);

impl Network {
    /// Whether this process may make networks at all; says so when it may not.
    pub fn possible() -> bool {
        let root = run("id", &["-u"]).is_ok_and(|id| id.trim() == "0");
        needed(root && run("iptables", &["--version"]).is_ok(), "iptables as root")
    }

    /// A network for so many nodes.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn new(nodes: usize) -> Network {
        static NEXT: AtomicU8 = AtomicU8::new(0);
        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let subnet = [100 + (process % 100) as u8, number];
        let network = Network { name: format!("ls{process}x{number}"), subnet, nodes };
        network.make();
        network
    }

    /// Where the nodes run.
    pub fn places(&self) -> Vec<Place> {
        let enter = |node| ["ip", "netns", "exec", &self.space(node)].map(str::to_owned).to_vec();
        let place = |node| Place { host: self.host(node), enter: enter(node) };
        (0..self.nodes).map(place).collect()
    }

    /// Cuts these ways and mends all others. Clients reach every node always.
    ///
    /// # Panics
    /// When the rules cannot be set.
    pub fn cut(&self, ways: &[Way]) {
        let mut rules = "*filter\n:FORWARD ACCEPT [0:0]\n".to_owned();
        for (from, to) in ways {
            let (from, to) = (self.host(*from), self.host(*to));
            rules.push_str(&format!("-A FORWARD -s {from} -d {to} -j DROP\n"));
        }
        rules.push_str("COMMIT\n");
        let mut child = Command::new("ip")
            .args(["netns", "exec", &self.router(), "iptables-restore"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(rules.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "iptables-restore refuses\n{rules}");
    }

    fn make(&self) {
        let (router, gate, subnet) = (self.router(), self.address(1), self.address(0));
        ip(&format!("netns add {router}"));
        let forward = ["netns", "exec", &router, "sysctl", "-qw", "net.ipv4.ip_forward=1"];
        run("ip", &forward).unwrap();
        ip(&format!("-n {router} link set lo up"));
        let ours = format!("ls{}r{}", self.subnet[0], self.subnet[1]);
        ip(&format!("link add {ours} type veth peer name clients netns {router}"));
        ip(&format!("-n {router} addr add {gate}/32 dev clients"));
        ip(&format!("-n {router} link set clients up"));
        let us = self.address(2);
        ip(&format!("addr add {us}/32 dev {ours}"));
        ip(&format!("link set {ours} up"));
        ip(&format!("route add {subnet}/24 via {gate} dev {ours} onlink src {us}"));
        ip(&format!("-n {router} route add {us}/32 dev clients"));
        for node in 0..self.nodes {
            let (space, host) = (self.space(node), self.host(node));
            ip(&format!("netns add {space}"));
            ip(&format!("-n {space} link set lo up"));
            ip(&format!("link add eth0 netns {space} type veth peer name n{node} netns {router}"));
            ip(&format!("-n {router} addr add {gate}/32 dev n{node}"));
            ip(&format!("-n {router} link set n{node} up"));
            ip(&format!("-n {router} route add {host}/32 dev n{node}"));
            ip(&format!("-n {space} addr add {host}/32 dev eth0"));
            ip(&format!("-n {space} link set eth0 up"));
            ip(&format!("-n {space} route add default via {gate} dev eth0 onlink"));
        }
    }

    fn address(&self, last: u8) -> IpAddr {
        Ipv4Addr::new(10, self.subnet[0], self.subnet[1], last).into()
    }

    fn host(&self, node: usize) -> IpAddr {
        self.address(10 + node as u8)
    }

    fn router(&self) -> String {
        format!("{}r", self.name)
    }

    fn space(&self, node: usize) -> String {
        format!("{}n{node}", self.name)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let spaces = (0..self.nodes).map(|node| self.space(node)).chain([self.router()]);
        for space in spaces {
            // It may not have been made; with it go its links and rules.
            let _ = run("ip", &["netns", "del", &space]);
        }
    }
}

fn ip(arguments: &str) {
    let words: Vec<&str> = arguments.split(' ').collect();
    run("ip", &words).unwrap_or_else(|problem| panic!("ip {arguments}: {problem}"));
}

fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output().map_err(|why| why.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

#[test]
fn each_direction_can_be_cut_by_itself() {
    use std::time::{Duration, Instant};

    if !Network::possible() {
        return;
    }
    let network = Network::new(3);
    // Nobody listens there, so an answer is a refusal at once.
    let reaches = |from: usize, to: usize| {
        let dial = format!("exec 3<>/dev/tcp/{}/9", network.host(to));
        let began = Instant::now();
        let space = network.space(from);
        let _refused = run("ip", &["netns", "exec", &space, "timeout", "1", "bash", "-c", &dial]);
        began.elapsed() < Duration::from_millis(900)
    };
    assert!(reaches(0, 1) && reaches(1, 2) && reaches(2, 0));
    network.cut(&[(0, 1)]);
    assert!(!reaches(0, 1) && !reaches(1, 0), "an answer needs both ways");
    assert!(reaches(1, 2) && reaches(2, 0));
    network.cut(&[]);
    assert!(reaches(0, 1));
}
