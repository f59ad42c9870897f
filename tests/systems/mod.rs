//! Systems that others built on Redis: job queues, libraries of locks, sessions of web
//! servers. Each has a session with a node alone, and one with a cluster whose leader is
//! killed while they work: no job that was acknowledged may be lost, and what `failover`
//! asks of the others must hold. The README beside this says how they find a node that
//! lives.
//!
//! `TEST_SYSTEMS_JOBS` says how many jobs are sent (40), `TEST_SYSTEMS_KILLS` how many
//! clusters lose their leader (1). `.ci/run` puts the libraries under `target/clients`.

mod failover;
mod pipelines;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

use lockstep_tests::{Cluster, Server, needed, tool, workspace};

use crate::clients::{installed, python};

/// What the scripts say when a part of the jobs is on its way.
const UNDER_WAY: &str = "under way";
/// Rounds of what locks are counted with.
const ROUNDS: &str = "10";

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |value| value.parse().expect("it is a number"))
}

/// How a script is started, if what it needs is there.
fn command(script: &str, needs: &[&str]) -> Option<Command> {
    let file = workspace().join("tests/systems").join(script);
    if script.ends_with(".py") {
        let python = python()?;
        for module in needs {
            let imports = Command::new(&python).args(["-c", &format!("import {module}")]).output();
            if !needed(imports.is_ok_and(|output| output.status.success()), module) {
                return None;
            }
        }
        let mut command = Command::new(python);
        command.arg("-B").arg(file);
        return Some(command);
    }
    let modules = installed().join("node_modules");
    let there = |module: &&str| needed(modules.join(module).exists(), module);
    if !tool("node") || !needs.iter().all(there) {
        return None;
    }
    let mut command = Command::new("node");
    command.arg(file).env("NODE_PATH", modules);
    Some(command)
}

/// A script that runs, with what it has said so far.
struct Running {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    said: String,
}

impl Running {
    fn start(mut command: Command, words: &[String]) -> Running {
        let piped = command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.spawn().expect("the script can be started");
        let out = BufReader::new(child.stdout.take().expect("it is piped"));
        Running { child, out, said: String::new() }
    }

    /// Until it says that jobs are on their way.
    fn wait_under_way(&mut self) {
        let mut line = String::new();
        while line.trim() != UNDER_WAY {
            line.clear();
            let read = self.out.read_line(&mut line).expect("what it says can be read");
            self.said.push_str(&line);
            assert!(read > 0, "it ended before its jobs were under way:\n{}", self.said);
        }
    }

    /// Says that the leader was killed.
    fn tell_killed(&mut self) {
        let input = self.child.stdin.as_mut().expect("it is piped");
        input.write_all(b"killed\n").expect("the script listens");
    }

    fn must_succeed(mut self) {
        self.out.read_to_string(&mut self.said).expect("what it says can be read");
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{status}\n{}", self.said);
        println!("{}", self.said.trim_end());
    }
}

/// So many times: what `TEST_SYSTEMS_KILLS` says.
fn kills() -> usize {
    number("TEST_SYSTEMS_KILLS", 1)
}

fn alone(script: &str, needs: &[&str], words: &[String]) {
    let Some(command) = command(script, needs) else { return };
    let server = Server::lockstep(&["--fsync", "never"]);
    let words = [&[server.port().to_string()], words].concat();
    Running::start(command, &words).must_succeed();
}

/// Through a node that stays while the one that leads is killed.
fn without_its_leader(script: &str, needs: &[&str]) {
    for _ in 0..kills() {
        let Some(command) = command(script, needs) else { return };
        let mut cluster = Cluster::start(3, &[]);
        let leader = cluster.wait_leader(0);
        let port = cluster.port((leader + 1) % 3).to_string();
        let mut running = Running::start(command, &[port, jobs()]);
        running.wait_under_way();
        cluster.kill(leader);
        running.must_succeed();
    }
}

fn jobs() -> String {
    number("TEST_SYSTEMS_JOBS", 40).to_string()
}

/// What is done again and again is done less often than jobs.
fn rounds() -> usize {
    number("TEST_SYSTEMS_JOBS", 40) / 4
}

fn job_queue(script: &str, needs: &[&str]) {
    alone(script, needs, &[jobs()]);
    without_its_leader(script, needs);
}

#[test]
fn bullmq_does_all_jobs() {
    job_queue("bullmq_jobs.js", &["bullmq"]);
}

#[test]
fn rq_does_all_jobs() {
    job_queue("rq_jobs.py", &["rq"]);
}

#[test]
fn celery_does_all_jobs() {
    job_queue("celery_jobs.py", &["celery", "packaging"]);
}

#[test]
fn huey_does_all_jobs() {
    job_queue("huey_jobs.py", &["huey"]);
}

#[test]
fn dramatiq_does_all_jobs() {
    job_queue("dramatiq_jobs.py", &["dramatiq"]);
}

#[test]
fn locks_of_python_redis_lock_and_redlock_py_hold() {
    alone("python_locks.py", &["redis_lock", "redlock"], &[ROUNDS.to_owned()]);
}

#[test]
fn locks_of_redlock_and_redis_semaphore_hold() {
    let needs = ["ioredis", "redlock4", "redlock5", "redis-semaphore"];
    alone("node_locks.js", &needs, &[ROUNDS.to_owned()]);
}

#[test]
fn sessions_of_connect_redis_are_kept() {
    alone("sessions.js", &["connect-redis", "redis"], &[]);
}
