//! The first line of a script, which may say what it does: `#!lua flags=no-writes`.
//!
//! Source: the Redis documentation of script flags.

/// What a script says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    /// It says something, so that what it does not say does not hold.
    pub(crate) given: bool,
    /// It does not write.
    pub(crate) no_writes: bool,
    /// It does not run where keys are spread by slot.
    pub(crate) no_cluster: bool,
    /// It runs, and adds what it likes, where memory has no room.
    pub(crate) allow_oom: bool,
    /// Where keys are spread by slot it uses keys of several slots.
    pub(crate) cross_slot: bool,
}

/// The flags of a script, and the place where it begins: the first line stays as an empty
/// one, so that lines keep their numbers.
///
/// # Errors
/// What is wrong with the line.
pub(crate) fn read(body: &[u8]) -> Result<(Flags, usize), String> {
    if !body.starts_with(b"#!") {
        // Who says nothing may do what scripts could before they said anything.
        return Ok((Flags { cross_slot: true, ..Flags::default() }, 0));
    }
    let end = body.iter().position(|byte| *byte == b'\n').ok_or("Invalid script shebang")?;
    let line = String::from_utf8_lossy(&body[..end]).into_owned();
    let mut words = line.split_ascii_whitespace();
    let engine = words.next().unwrap_or_default();
    if engine != "#!lua" {
        return Err(format!("Unexpected engine in script shebang: {engine}"));
    }
    let mut flags = Flags { given: true, ..Flags::default() };
    for word in words {
        let list = word
            .strip_prefix("flags=")
            .ok_or_else(|| format!("Unknown lua shebang option: {word}"))?;
        for flag in list.split(',').filter(|flag| !flag.is_empty()) {
            match flag {
                "no-writes" => flags.no_writes = true,
                "no-cluster" => flags.no_cluster = true,
                "allow-oom" => flags.allow_oom = true,
                "allow-cross-slot-keys" => flags.cross_slot = true,
                // What is read is never old.
                "allow-stale" => {}
                other => return Err(format!("Unexpected flag in script shebang: {other}")),
            }
        }
    }
    Ok((flags, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_flags_is_read_and_skipped() {
        let silent = Flags { cross_slot: true, ..Flags::default() };
        assert_eq!(read(b"return 1"), Ok((silent, 0)));
        let (flags, at) = read(b"#!lua flags=no-writes,allow-stale\nreturn 1").unwrap();
        assert!(flags.given && flags.no_writes && !flags.no_cluster);
        assert_eq!(at, 33);
        assert_eq!(read(b"#!lua\n").map(|(flags, _)| flags.given), Ok(true));
    }

    #[test]
    fn a_line_that_says_something_else_is_refused() {
        let refusals: [(&[u8], &str); 4] = [
            (b"#!lua", "Invalid script shebang"),
            (b"#!not-lua\n", "Unexpected engine in script shebang: #!not-lua"),
            (b"#!lua name=x\n", "Unknown lua shebang option: name=x"),
            (b"#!lua flags=bad\n", "Unexpected flag in script shebang: bad"),
        ];
        for (body, text) in refusals {
            assert_eq!(read(body), Err(text.to_owned()));
        }
    }
}
