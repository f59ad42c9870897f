//! The HELP subcommands, made from the specifications of a container's subcommands.

use crate::{Command, Reply};

/// The answer of `CONTAINER HELP`: simple strings, as in Redis.
pub fn reply(container: &str, subcommands: &[Command]) -> Reply {
    let name = container.to_ascii_uppercase();
    let mut lines =
        vec![format!("{name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")];
    for command in subcommands {
        let usage = command.spec.usage.strip_prefix(&name).unwrap_or(command.spec.usage);
        lines.push(usage.trim_start().to_owned());
        lines.push(format!("    {}", command.spec.summary));
    }
    Reply::Array(lines.into_iter().map(Reply::Line).collect())
}
