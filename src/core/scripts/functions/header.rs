//! The first line of a library: `#!lua name=mylib`.

use crate::quoted;

/// The engine that there is, as it is listed.
const ENGINE: &str = "LUA";

const BAD_NAME: &str = "Library names can only contain letters, numbers, or underscores(_) and \
                        must be at least one character long";

/// The name of a library.
///
/// # Errors
/// What is wrong with its first line, in the words of Redis.
pub(super) fn name(code: &[u8]) -> Result<String, String> {
    if !code.starts_with(b"#!") {
        return Err("Missing library metadata".to_owned());
    }
    let words = code.iter().position(|byte| *byte == b'\n').and_then(|end| {
        let words = quoted::split(&code[..end])?;
        (!words.is_empty()).then_some(words)
    });
    let words = words.ok_or("Invalid library metadata")?;
    let name = named(&words[1..])?.ok_or("Library name was not given")?;
    let name = checked(&name)?;
    let engine = String::from_utf8_lossy(words[0].get(2..).unwrap_or_default());
    if !engine.eq_ignore_ascii_case(ENGINE) {
        return Err(format!("Engine '{engine}' not found"));
    }
    Ok(name)
}

fn named(words: &[Vec<u8>]) -> Result<Option<Vec<u8>>, String> {
    let mut name = None;
    for word in words {
        let value = word.split_at_checked(5).filter(|(key, _)| key.eq_ignore_ascii_case(b"name="));
        let Some((_, value)) = value else {
            let word = String::from_utf8_lossy(word);
            return Err(format!("Invalid metadata value given: {word}"));
        };
        if name.replace(value.to_vec()).is_some() {
            return Err("Invalid metadata value, name argument was given multiple times".to_owned());
        }
    }
    Ok(name)
}

/// The name of a library or of a function, if it may be one.
///
/// # Errors
/// The words of Redis, which speak of libraries for both.
pub(super) fn checked(name: &[u8]) -> Result<String, String> {
    let fine = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    match std::str::from_utf8(name) {
        Ok(text) if !text.is_empty() && name.iter().all(fine) => Ok(text.to_owned()),
        _ => Err(BAD_NAME.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_library_says_its_name_and_its_engine() {
        for line in ["#!lua name=a_1\nx", "#!LUA NAME=a_1\n", "#!lua \"name=a_1\"\r\nx"] {
            assert_eq!(name(line.as_bytes()), Ok("a_1".to_owned()), "{line}");
        }
    }

    #[test]
    fn what_says_something_else_is_refused_in_the_words_of_redis() {
        for (code, why) in [
            ("", "Missing library metadata"),
            ("return 1", "Missing library metadata"),
            ("#!lua name=a", "Invalid library metadata"),
            ("#!lua name=a\"b\nx", "Invalid library metadata"),
            ("#!\nx", "Library name was not given"),
            ("#!lua\nx", "Library name was not given"),
            ("#!lua name=\nx", super::BAD_NAME),
            ("#!lua name=a-b\nx", super::BAD_NAME),
            ("#!lua foo\nx", "Invalid metadata value given: foo"),
            ("#! lua name=a\nx", "Invalid metadata value given: lua"),
            (
                "#!lua name=a name=b\nx",
                "Invalid metadata value, name argument was given multiple times",
            ),
            ("#!js name=a\nx", "Engine 'js' not found"),
        ] {
            assert_eq!(name(code.as_bytes()), Err(why.to_owned()), "{code}");
        }
    }
}
