//! `lockstep ctl`: looks after a running cluster, over the port that clients use.
//! Everything it does is a command of the server as well.

pub(super) mod ask;
pub(super) mod show;
mod words;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use ask::{Connection, Trouble};
use words::{Asked, Form, Line};

use super::{print, tell};

/// The code when the server has refused.
const REFUSED: u8 = 1;
/// The code for a command line that means nothing.
const WRONG_USAGE: u8 = 2;
/// The code when no server answers.
const NO_ANSWER: u8 = 3;

/// How often a wait looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

const HELP: &str = "\
usage: lockstep ctl [OPTION]... node COMMAND

  node list                  the nodes of the cluster and what each of them does
  node add HOST:PORT         take the empty node at this address into the cluster
                             (HOST:PORT@PEER-PORT where that is not port + 10000)
  node drain ID              move leaderships and replicas off a node
  node remove ID [--force]   take a drained node out of the cluster for good, or with
                             --force one that is lost
  node promote ID            make a node the preferred leader of the shards it keeps

An ID may be cut short as long as only one node's begins so.

options:
  --addr HOST:PORT    any node of the cluster (127.0.0.1:6379)
  --password TEXT     password of clients (the environment's REDISCLI_AUTH)
  -o table|json       how answers are printed (table)
  --wait SECONDS      drain: come back when the node is empty, at most so much later

exit codes: 0 done, 1 refused, 2 wrong usage, 3 no node answers
";

/// Does what the words behind `ctl` say.
pub(super) fn run(words: &[OsString]) -> ExitCode {
    let line = match words::parse(words) {
        Ok(Line::Help) => return print(HELP),
        Ok(Line::Ask(asked)) => asked,
        Err(wrong) => {
            tell(&format!("lockstep ctl: {wrong}\nTry 'lockstep ctl --help'."));
            return ExitCode::from(WRONG_USAGE);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(carry_out(&line)),
        Err(why) => Err(Trouble::NoAnswer(why.to_string())),
    };
    match done {
        Ok(text) => print(&text),
        Err(trouble) => {
            tell(&format!("lockstep ctl: {trouble}"));
            ExitCode::from(match trouble {
                Trouble::Refused(_) => REFUSED,
                Trouble::NoAnswer(_) => NO_ANSWER,
            })
        }
    }
}

async fn carry_out(asked: &Asked) -> Result<String, Trouble> {
    let mut server = Connection::open(&asked.address, asked.password.as_deref()).await?;
    let answer = server.insist(&asked.words).await?;
    if asked.is_list() {
        let rows = show::rows(&answer);
        return Ok(match asked.form {
            Form::Table => show::table(&rows),
            Form::Json => show::json(&rows),
        });
    }
    if let (Some(wait), Some(node)) = (asked.wait, asked.words.last()) {
        until_empty(&mut server, node, wait).await?;
    }
    let text = ask::text(&answer);
    Ok(match asked.form {
        Form::Table => format!("{text}\n"),
        Form::Json => format!("{}\n", serde_json::json!({ "done": text })),
    })
}

/// Waits until a node neither leads nor keeps anything.
async fn until_empty(server: &mut Connection, node: &str, wait: Duration) -> Result<(), Trouble> {
    let begun = Instant::now();
    loop {
        let rows = show::rows(&server.ask(&["NODE", "LIST"]).await?);
        match rows.iter().find(|row| row.id.starts_with(&node.to_ascii_lowercase())) {
            Some(row) if !row.is_empty() && begun.elapsed() >= wait => {
                return Err(Trouble::Refused(format!(
                    "after {} s the node is not empty: it keeps {} replicas and leads {} of them",
                    wait.as_secs(),
                    row.replicas.len(),
                    row.leads.len()
                )));
            }
            Some(row) if !row.is_empty() => tokio::time::sleep(LOOK_AGAIN).await,
            _ => return Ok(()),
        }
    }
}
