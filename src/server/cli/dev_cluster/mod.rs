//! `lockstep dev-cluster`: a cluster on this machine, to try things. Each node is a
//! process of its own, so that one can be killed and the others watched.

mod nodes;
mod ports;
mod ready;
mod words;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::{print, tell};
use nodes::Nodes;
use words::{Line, Plan};

/// The code for a command line that means nothing.
const WRONG_USAGE: u8 = 2;
/// How often the processes are looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

const HELP: &str = "\
usage: lockstep dev-cluster [COUNT] [--dir DIR] [--port FIRST] [--SETTING VALUE]...

Runs COUNT nodes (3) as processes of this machine, prints where they are, and
stops them with Ctrl-C. What was written is there again the next time.

  --dir DIR      where the data and the logs are (./lockstep-dev)
  --port FIRST   port of the first node; the others follow (7001, or the next
                 that are free). Ports 1000 and 10000 above are used as well.

All other settings go to every node, for example --cluster-enabled yes.
";

/// Does what the words behind `dev-cluster` say.
pub(super) fn run(words: &[OsString]) -> ExitCode {
    let plan = match words::parse(words) {
        Ok(Line::Help) => return print(HELP),
        Ok(Line::Run(plan)) => plan,
        Err(wrong) => {
            tell(&format!("lockstep dev-cluster: {wrong}\nTry 'lockstep dev-cluster --help'."));
            return ExitCode::from(WRONG_USAGE);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(serve(&plan)),
        Err(why) => Err(why.to_string()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            tell(&format!("lockstep dev-cluster: {why}"));
            ExitCode::FAILURE
        }
    }
}

async fn serve(plan: &Plan) -> Result<(), String> {
    // Before any process is there, so that none is left behind.
    let watch = |kind| signal(kind).map_err(|why| format!("signals cannot be watched: {why}"));
    let (mut interrupt, mut terminate) =
        (watch(SignalKind::interrupt())?, watch(SignalKind::terminate())?);
    let ports = ports::choose(plan.count, plan.port)?;
    let mut nodes = Nodes::start(plan, &ports)?;
    let ended = tokio::select! {
        ended = live(plan, &ports, &mut nodes) => ended,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    };
    print("stopping\n");
    nodes.stop().await;
    ended
}

/// Until the last node has ended.
async fn live(plan: &Plan, ports: &[u16], nodes: &mut Nodes) -> Result<(), String> {
    let mut told = false;
    loop {
        for end in nodes.ended() {
            print(&format!("{end}\n"));
            if !told {
                return Err(format!("a node did not start; its log is in {}", plan.dir.display()));
            }
        }
        if nodes.running() == 0 {
            return Err("all nodes have ended".to_owned());
        }
        if !told && ready::all(ports).await {
            told = true;
            print(&nodes.described(plan));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
