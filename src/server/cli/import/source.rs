//! A server that keys come from: SCAN, and DUMP with PEXPIRETIME of what that names, or
//! with PTTL where it does not know that yet (before Redis 7).

use lockstep_net::client::Frame;

use super::super::ctl::ask::{Connection, Trouble, items, text};
use super::Stop;
use super::file::Value;
use super::report::Report;
use super::target::{Target, now_ms};
use super::values::Kind;
use super::words::Address;

/// How many keys are asked for at once. Their values wait at the source meanwhile.
const KEYS_PER_TURN: &str = "64";
/// What FUNCTION DUMP gives where there are no libraries has so many bytes.
const FOOTER_BYTES: usize = 10;

/// Carries all there is to the target.
pub(super) async fn carry(
    address: &Address,
    mut target: Target,
    report: &mut Report,
) -> Result<(), Stop> {
    let mut source = Connection::connect(&address.place).await?;
    source.show(address.user.as_deref(), address.password.as_deref()).await?;
    let known = databases(&mut source).await.map_err(|trouble| named(trouble, address))?;
    let dbs: Vec<(u64, u64)> = match address.db {
        Some(db) => vec![known.into_iter().find(|(known, _)| *known == db).unwrap_or((db, 0))],
        None => known,
    };
    libraries(&mut source, &mut target, report).await?;
    let exact = source.ask(&["PEXPIRETIME", "a key"]).await.is_ok();
    let of = dbs.iter().map(|(_, keys)| keys).sum();
    let mut at = 0;
    for (db, _) in dbs {
        source.ask(&["SELECT", &db.to_string()]).await?;
        let mut cursor = "0".to_owned();
        loop {
            let answer = source.ask(&["SCAN", &cursor, "COUNT", KEYS_PER_TURN]).await?;
            let [next, keys] = items(&answer) else { return Err(strange("SCAN").into()) };
            let keys: Vec<&[u8]> = items(keys).iter().filter_map(bytes).collect();
            at += keys.len() as u64;
            let turn = Turn { db, keys: &keys, exact };
            values(&mut source, &mut target, &turn, report).await?;
            report.tell_progress(at, of);
            cursor = text(next);
            if cursor == "0" {
                break;
            }
        }
    }
    Ok(target.settle(report).await?)
}

/// Says of a refusal whose it is.
fn named(trouble: Trouble, address: &Address) -> Trouble {
    match trouble {
        Trouble::Refused(why) => {
            Trouble::Refused(format!("the source {} refuses: {why}", address.place))
        }
        other => other,
    }
}

/// The databases that have keys, and how many.
async fn databases(source: &mut Connection) -> Result<Vec<(u64, u64)>, Trouble> {
    let info = text(&source.ask(&["INFO", "keyspace"]).await?);
    let line = |line: &str| {
        let (db, rest) = line.strip_prefix("db")?.split_once(":keys=")?;
        Some((db.parse().ok()?, rest.split(',').next()?.parse().ok()?))
    };
    Ok(info.lines().filter_map(line).collect())
}

/// What is asked for at once.
struct Turn<'a> {
    db: u64,
    keys: &'a [&'a [u8]],
    /// The source tells when a key ends, and not only how long it has left.
    exact: bool,
}

/// All values of a turn, each as it comes.
async fn values(
    source: &mut Connection,
    target: &mut Target,
    turn: &Turn<'_>,
    report: &mut Report,
) -> Result<(), Stop> {
    let end: &[u8] = if turn.exact { b"PEXPIRETIME" } else { b"PTTL" };
    for key in turn.keys {
        source.send(&[b"DUMP", *key]);
        source.send(&[end, *key]);
    }
    source.flush().await?;
    for key in turn.keys {
        let (dumped, end) = (source.answer().await?, source.answer().await?);
        let payload = match dumped {
            Frame::BlobString { data, .. } => data.to_vec(),
            Frame::SimpleError { data, .. } => {
                report.lost(Kind::Unknown, key, &data);
                continue;
            }
            // It is gone since it was named.
            _ => {
                report.of(Kind::Unknown).expired += 1;
                continue;
            }
        };
        let Frame::Number { data, .. } = end else { return Err(strange("PTTL").into()) };
        let since = if turn.exact { 0 } else { now_ms() };
        let expires_ms = u64::try_from(data).ok().map(|end| since + end);
        let value = Value { db: turn.db, key: key.to_vec(), payload, expires_ms };
        if value.kind() == Kind::Module {
            report.lost(Kind::Module, key, "a value of a module");
            continue;
        }
        target.put(value, report).await?;
    }
    Ok(())
}

/// The libraries of functions, if the source knows such.
async fn libraries(
    source: &mut Connection,
    target: &mut Target,
    report: &mut Report,
) -> Result<(), Stop> {
    match source.ask(&["FUNCTION", "DUMP"]).await {
        Ok(Frame::BlobString { data, .. }) if data.len() > FOOTER_BYTES => {}
        // Before Redis 7 there are none.
        Ok(_) | Err(Trouble::Refused(_)) => return Ok(()),
        Err(trouble) => return Err(trouble.into()),
    }
    let listed = source.ask(&["FUNCTION", "LIST", "WITHCODE"]).await?;
    for library in items(&listed) {
        let mut fields = items(library).chunks_exact(2);
        let code = fields.find(|pair| text(&pair[0]) == "library_code");
        let code = code.and_then(|pair| bytes(&pair[1])).ok_or_else(|| strange("FUNCTION LIST"))?;
        target.load(code.to_vec(), report).await?;
    }
    Ok(())
}

fn bytes(frame: &Frame) -> Option<&[u8]> {
    match frame {
        Frame::BlobString { data, .. } => Some(data),
        _ => None,
    }
}

fn strange(command: &str) -> Trouble {
    Trouble::Refused(format!("the source answers {command} in a way that is not known"))
}
