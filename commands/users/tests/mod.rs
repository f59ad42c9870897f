//! What users may do: rules, texts, and a random comparison with a second reading of them.

#![allow(clippy::unwrap_used)]

mod oracle;
mod random;
mod rules;

use super::{User, merge_selectors};
use crate::table;

/// A user made by the words of a line.
pub(super) fn user(line: &str) -> User {
    changed(&User::new(false), line).unwrap_or_else(|why| panic!("{line}: {why}"))
}

/// A user changed by the words of a line, or why not.
pub(super) fn changed(user: &User, line: &str) -> Result<User, String> {
    let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    let rules = merge_selectors(&words).map_err(|bad| bad.0.into_owned())?;
    user.changed(&rules, false).map_err(|bad| bad.0.into_owned())
}

/// The line of ACL LIST without the name.
pub(super) fn shown(user: &User) -> String {
    let line = String::from_utf8(user.line(b"u")).unwrap();
    line.strip_prefix("user u ").unwrap().to_owned()
}

/// What a user is told who runs a line; empty: nothing stands against it.
pub(super) fn told(user: &User, line: &str) -> String {
    let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    let (command, _) = table::name(&words).unwrap();
    match user.check(command.spec, &words) {
        Ok(()) => String::new(),
        Err(denied) => {
            let object = String::from_utf8_lossy(denied.object(command.spec, &words)).into_owned();
            format!("{} [{object}]", denied.text(command.spec).0)
        }
    }
}
