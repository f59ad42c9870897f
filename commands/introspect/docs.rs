//! COMMAND DOCS: what people and redis-cli's hints read.

use super::{chosen, words};
use crate::usage::{self, Argument, Kind};
use crate::{Command, Reply};

/// COMMAND DOCS for these names without those that are unknown; all commands for none.
pub fn docs(names: &[&[u8]]) -> Reply {
    let commands: Vec<&Command> = chosen(names).into_iter().flatten().collect();
    Reply::Map(commands.into_iter().map(entry).collect())
}

fn entry(command: &Command) -> (Reply, Reply) {
    let spec = command.spec;
    let mut fields = Fields::default();
    fields.text("summary", spec.summary);
    fields.text("since", spec.since);
    fields.text("group", spec.group.name());
    if !spec.complexity.is_empty() {
        fields.text("complexity", spec.complexity);
    }
    let arguments = usage::arguments(spec).unwrap_or_default();
    if !arguments.is_empty() {
        fields.add("arguments", Reply::Array(arguments.iter().map(argument).collect()));
    }
    if !command.subcommands.is_empty() {
        fields.add("subcommands", Reply::Map(command.subcommands.iter().map(entry).collect()));
    }
    (Reply::bulk(spec.name), Reply::Map(fields.0))
}

fn argument(argument: &Argument) -> Reply {
    let mut fields = Fields::default();
    fields.text("name", &argument.name);
    fields.text("type", argument.kind.name());
    if !matches!(argument.kind, Kind::OneOf | Kind::Block) {
        fields.text("display_text", &argument.name);
    }
    if let Some(index) = argument.key_spec {
        fields.add("key_spec_index", Reply::Int(index as i64));
    }
    if let Some(token) = argument.token {
        fields.text("token", token);
    }
    let flags = flags(argument);
    if !flags.is_empty() {
        fields.add("flags", words(&flags));
    }
    if !argument.arguments.is_empty() {
        let parts = argument.arguments.iter().map(self::argument).collect();
        fields.add("arguments", Reply::Array(parts));
    }
    Reply::Map(fields.0)
}

fn flags(argument: &Argument) -> Vec<&'static str> {
    let flags = [
        (argument.optional, "optional"),
        (argument.multiple, "multiple"),
        (argument.multiple_token, "multiple_token"),
    ];
    flags.into_iter().filter(|(set, _)| *set).map(|(_, name)| name).collect()
}

/// The fields of a map, in order.
#[derive(Default)]
struct Fields(Vec<(Reply, Reply)>);

impl Fields {
    fn text(&mut self, name: &str, text: &str) {
        self.add(name, Reply::bulk(text));
    }

    fn add(&mut self, name: &str, value: Reply) {
        self.0.push((Reply::bulk(name), value));
    }
}
