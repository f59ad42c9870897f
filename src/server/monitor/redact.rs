//! Which words of a command nobody else may see.

/// The settings whose values are secrets.
const SECRET_SETTINGS: &[&str] =
    &["requirepass", "masterauth", "masteruser", "tls-key-file-pass", "tls-client-key-file-pass"];

/// The places of the secret words of a command: passwords, and user names that
/// come with them.
pub fn secrets(words: &[&[u8]]) -> Vec<usize> {
    let Some(name) = words.first() else { return Vec::new() };
    let is = |word: &[u8], name: &str| word.eq_ignore_ascii_case(name.as_bytes());
    let sub = |name: &str| words.get(1).is_some_and(|word| is(word, name));
    if is(name, "auth") {
        return (1..words.len()).collect();
    }
    if is(name, "hello") {
        return hello(words);
    }
    if is(name, "config") && sub("set") {
        let values = (3..words.len()).step_by(2);
        return values.filter(|at| is_secret_setting(words[at - 1])).collect();
    }
    if is(name, "acl") && (sub("setuser") || sub("getuser") || sub("deluser")) {
        return (2..words.len()).collect();
    }
    if is(name, "migrate") {
        return migrate(words);
    }
    Vec::new()
}

fn is_secret_setting(name: &[u8]) -> bool {
    SECRET_SETTINGS.iter().any(|secret| name.eq_ignore_ascii_case(secret.as_bytes()))
}

/// What follows AUTH, wherever it stands: two words.
fn hello(words: &[&[u8]]) -> Vec<usize> {
    let auth = words.iter().skip(2).position(|word| word.eq_ignore_ascii_case(b"auth"));
    let Some(auth) = auth.map(|at| at + 2) else { return Vec::new() };
    (auth + 1..words.len().min(auth + 3)).collect()
}

/// What follows AUTH (one word) or AUTH2 (two).
fn migrate(words: &[&[u8]]) -> Vec<usize> {
    let mut secrets = Vec::new();
    for (at, word) in words.iter().enumerate().skip(6) {
        let count = match word.to_ascii_lowercase().as_slice() {
            b"auth" => 1,
            b"auth2" => 2,
            b"keys" => break,
            _ => 0,
        };
        secrets.extend((at + 1..words.len()).take(count));
    }
    secrets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(line: &str) -> Vec<&str> {
        let words: Vec<&str> = line.split(' ').collect();
        let bytes: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        secrets(&bytes).into_iter().map(|at| words[at]).collect()
    }

    #[test]
    fn passwords_are_secret_wherever_they_stand() {
        assert_eq!(hidden("AUTH pw"), ["pw"]);
        assert_eq!(hidden("auth me pw"), ["me", "pw"]);
        assert_eq!(hidden("HELLO 3 SETNAME x AUTH me pw"), ["me", "pw"]);
        assert_eq!(hidden("HELLO 3 AUTH me"), ["me"]);
        assert_eq!(hidden("CONFIG SET hz 10 RequirePass pw maxmemory 1"), ["pw"]);
        assert_eq!(hidden("ACL SETUSER me >pw on"), ["me", ">pw", "on"]);
        assert_eq!(hidden("MIGRATE h 1 k 0 9 AUTH pw KEYS a auth b"), ["pw"]);
        assert_eq!(hidden("MIGRATE h 1 k 0 9 COPY AUTH2 me pw"), ["me", "pw"]);
    }

    #[test]
    fn other_words_are_not() {
        for line in
            ["GET auth x", "CONFIG GET requirepass", "SET requirepass pw", "HELLO 3", "ACL LIST"]
        {
            assert!(hidden(line).is_empty(), "{line}");
        }
    }
}
