//! Values that are too large for one command: written element by element. Whoever looks
//! meanwhile sees a part of it.

use std::collections::BTreeMap;

use lockstep_core::keys::{Elements, elements};
use lockstep_net::client::Frame;

use super::super::ctl::ask::{Connection, Trouble};
use super::file::Value;

/// How many words, and how many bytes of more than one element, a command has at most: fewer
/// than the smallest limit that a target can have.
const WORDS_MAX: usize = 1000;
const BYTES_MAX: usize = 48 << 10;

/// What became of a value.
pub(super) enum Written {
    Whole,
    /// The key is there.
    Skipped,
    /// What refuses it. Nothing of it is left.
    Refused(String),
}

/// Writes a value in pieces. None: it has no elements.
pub(super) async fn write(
    connection: &mut Connection,
    value: &Value,
    replace: bool,
) -> Result<Option<Written>, Trouble> {
    let Some(elements) = elements(&value.payload) else { return Ok(None) };
    let key = &value.key[..];
    if replace {
        connection.insist(&[b"DEL", key]).await?;
    } else if !matches!(connection.insist(&[b"EXISTS", key]).await?, Frame::Number { data: 0, .. })
    {
        return Ok(Some(Written::Skipped));
    }
    match fill(connection, value, elements).await {
        Ok(()) => Ok(Some(Written::Whole)),
        Err(Trouble::Refused(why)) => {
            connection.insist(&[b"DEL", key]).await?;
            Ok(Some(Written::Refused(why)))
        }
        Err(trouble) => Err(trouble),
    }
}

async fn fill(connection: &mut Connection, value: &Value, all: Elements) -> Result<(), Trouble> {
    let (all, ends) = match all {
        Elements::Timed(pairs, ends) => (Elements::Hash(pairs), ends),
        other => (other, Vec::new()),
    };
    let (command, rows) = rows(all);
    let mut words: Vec<&[u8]> = vec![command, &value.key];
    let mut bytes = 0;
    for row in &rows {
        let more: usize = row.iter().map(Vec::len).sum();
        if words.len() > 2 && (words.len() >= WORDS_MAX || bytes + more > BYTES_MAX) {
            connection.insist(&words).await?;
            words.truncate(2);
            bytes = 0;
        }
        words.extend(row.iter().map(Vec::as_slice));
        bytes += more;
    }
    if words.len() > 2 {
        connection.insist(&words).await?;
    }
    for (end, fields) in by_end(&ends) {
        for some in fields.chunks(WORDS_MAX / 2) {
            let (end, count) = (end.to_string(), some.len().to_string());
            let head =
                [&b"HPEXPIREAT"[..], &value.key, end.as_bytes(), b"FIELDS", count.as_bytes()];
            connection.insist(&[&head[..], some].concat()).await?;
        }
    }
    if let Some(at) = value.expires_ms {
        connection.insist(&[b"PEXPIREAT", &value.key[..], at.to_string().as_bytes()]).await?;
    }
    Ok(())
}

/// The fields that end at the same time.
fn by_end(ends: &[(Vec<u8>, u64)]) -> BTreeMap<u64, Vec<&[u8]>> {
    let mut all: BTreeMap<u64, Vec<&[u8]>> = BTreeMap::new();
    for (field, end) in ends {
        all.entry(*end).or_default().push(field);
    }
    all
}

/// The command that adds elements, and the words of each.
fn rows(all: Elements) -> (&'static [u8], Vec<Vec<Vec<u8>>>) {
    let single = |all: Vec<Vec<u8>>| all.into_iter().map(|one| vec![one]).collect();
    match all {
        Elements::List(all) => (b"RPUSH", single(all)),
        Elements::Set(all) => (b"SADD", single(all)),
        Elements::Sorted(all) => {
            let row =
                |(member, score): (Vec<u8>, f64)| vec![score.to_string().into_bytes(), member];
            (b"ZADD", all.into_iter().map(row).collect())
        }
        Elements::Hash(all) | Elements::Timed(all, _) => {
            (b"HSET", all.into_iter().map(|(field, value)| vec![field, value]).collect())
        }
    }
}
