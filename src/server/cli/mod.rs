//! The command line.

pub mod startup;

mod args;
mod check;
mod ctl;
mod dev_cluster;
mod health;
mod help;
mod import;
mod serve;
mod show;
mod signals;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::config::{ConfigError, Layers};

/// The code for a command line that means nothing.
const WRONG_USAGE: u8 = 2;

/// Does what the command line says. `args` starts with the name of the program.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    match args.get(1).and_then(|word| word.to_str()) {
        Some("ctl") => return ctl::run(&args[2..]),
        Some("import") => return import::run(&args[2..]),
        Some("dev-cluster") => return dev_cluster::run(&args[2..]),
        _ => {}
    }
    match args::parse(args) {
        Ok(command) => carry_out(command),
        Err(wrong) => {
            tell(&format!("lockstep: {wrong}\nTry 'lockstep --help'."));
            ExitCode::from(WRONG_USAGE)
        }
    }
}

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Command {
    /// Run a node.
    Serve(Given),
    /// Say whether the settings are right.
    CheckConfig(Given),
    /// Ask a running node whether it is ready.
    Healthcheck(Given),
    /// Print the settings.
    ConfigShow { given: Given, origin: bool },
    /// Print the reference page.
    Reference,
    /// Print the help.
    Help { long: bool },
    /// Print the version.
    Version,
}

/// Where the command line takes settings from.
#[derive(Debug, Default, PartialEq, Eq)]
struct Given {
    file: Option<PathBuf>,
    flags: Vec<(String, String)>,
}

fn carry_out(command: Command) -> ExitCode {
    match command {
        Command::Serve(given) => serve::serve(&given),
        Command::CheckConfig(given) => check::check(&given),
        Command::Healthcheck(given) => health::check(&given),
        Command::ConfigShow { given, origin } => show::show(&given, origin),
        Command::Reference => print(&crate::config::reference::markdown()),
        Command::Help { long: true } => print(&help::long()),
        Command::Help { long: false } => print(&help::short()),
        Command::Version => print(&format!("lockstep {}\n", env!("CARGO_PKG_VERSION"))),
    }
}

impl Given {
    /// The layers: the file, the environment and the flags.
    fn layers(&self) -> Layers {
        let mut layers = Layers::default();
        let named = std::env::var_os(crate::config::layers::CONFIG_FILE).map(PathBuf::from);
        if let Some(file) = self.file.as_ref().or(named.as_ref()) {
            layers.file(file);
        }
        layers.environment(std::env::vars_os());
        for (name, value) in &self.flags {
            layers.flag(name, value);
        }
        layers
    }

    /// The layers, with what CONFIG REWRITE kept.
    fn all_layers(&self) -> Layers {
        let mut layers = self.layers();
        layers.overrides();
        layers
    }
}

/// Prints `text`; a reader that went away is no failure.
fn print(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Tells the user what is wrong.
fn tell(text: &str) {
    // Where nobody reads standard error there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn tell_all(errors: &[ConfigError]) -> ExitCode {
    for error in errors {
        tell(&format!("lockstep: {error}"));
    }
    ExitCode::FAILURE
}
