//! A client's line in CLIENT LIST.

use std::fmt::Write;

use super::{Client, Flag};

/// The line, without a line end. The order of the fields is Redis'.
pub fn line(client: &Client) -> String {
    line_with(client, 0)
}

/// The same of the client that asks: the command by which it does, which has so many bytes, is
/// not done with.
pub fn line_with(client: &Client, asked_bytes: u64) -> String {
    let link = client.link();
    let names = client.names();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let relaxed = std::sync::atomic::Ordering::Relaxed;
    let query_bytes = link.query_bytes.load(relaxed) as u64 + asked_bytes;
    let output_bytes = (link.output_bytes.load(relaxed) + client.outbox_bytes()) as u64;
    let argument_bytes = client.argument_bytes();
    let total = link.bytes() as u64 + asked_bytes + client.outbox_bytes() as u64 + argument_bytes;
    let queued = client.queued().map_or_else(|| "-1".to_owned(), |count| count.to_string());
    let command = client.last_command().map_or("NULL", |command| command.spec.name);
    let [channels, patterns, shards] = client.subscriptions();
    let user = client.user().map_or_else(|| "default".to_owned(), |user| text(user.name()));
    let mut line = String::with_capacity(320);
    let fields: [(&str, &dyn std::fmt::Display); 32] = [
        ("id", &client.id()),
        ("addr", &link.peer),
        ("laddr", &link.local),
        ("fd", &-1),
        ("name", &text(&names.name)),
        ("age", &client.age_seconds()),
        ("idle", &client.idle_seconds()),
        ("flags", &flags(client)),
        ("db", &client.db().0),
        ("sub", &channels),
        ("psub", &patterns),
        ("ssub", &shards),
        ("multi", &queued),
        ("qbuf", &query_bytes),
        ("qbuf-free", &0),
        ("argv-mem", &argument_bytes),
        ("multi-mem", &0),
        ("rbs", &0),
        ("rbp", &0),
        ("obl", &output_bytes),
        ("oll", &0),
        ("omem", &output_bytes),
        ("tot-mem", &total),
        ("events", &"r"),
        ("cmd", &command),
        ("user", &user),
        ("redir", &client.redirect()),
        ("resp", &client.protocol()),
        ("lib-name", &text(&names.library)),
        ("lib-ver", &text(&names.library_version)),
        ("tot-net-in", &link.traffic.bytes_in.load(relaxed)),
        ("tot-net-out", &link.traffic.bytes_out.load(relaxed)),
    ];
    for (at, (name, value)) in fields.iter().enumerate() {
        let blank = if at == 0 { "" } else { " " };
        // Writing to a String cannot fail.
        let _ = write!(line, "{blank}{name}={value}");
    }
    line
}

fn flags(client: &Client) -> String {
    let letters = [
        (client.has(Flag::Monitor), 'O'),
        (client.has(Flag::PubSub), 'P'),
        (client.queued().is_some(), 'x'),
        (client.waits(), 'b'),
        (client.has(Flag::Tracking), 't'),
        (client.has(Flag::BrokenRedirect), 'R'),
        (client.has(Flag::Broadcast), 'B'),
        (client.has(Flag::Closing), 'A'),
        (client.has(Flag::NoEvict), 'e'),
        (client.has(Flag::NoTouch), 'T'),
    ];
    let flags: String = letters.iter().filter(|(on, _)| *on).map(|(_, letter)| letter).collect();
    if flags.is_empty() { "N".to_owned() } else { flags }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use lockstep_commands::{Protocol, index, table};
    use lockstep_core::Db;
    use lockstep_net::Connections;

    use super::*;

    #[test]
    fn a_line_has_the_fields_of_redis_in_its_order() {
        let connections = Arc::new(Connections::default());
        let link =
            connections.open("10.0.0.1:99".parse().unwrap(), "127.0.0.1:6379".parse().unwrap());
        let client = Client::new(link, connections);
        client.rename(|names| {
            names.name = b"me".to_vec();
            names.library = b"redis-py".to_vec();
            names.library_version = b"5.0".to_vec();
        });
        client.set(Flag::NoEvict, true);
        client.set_subscriptions([2, 3, 4]);
        client.set_queued(Some(2));
        client.set_db(Db(3));
        client.set_protocol(Protocol::Resp3);
        let spec = table::by_name(b"client|list").unwrap().spec;
        client.set_last_command(index::of(spec), 10);
        assert_eq!(
            line(&client),
            "id=1 addr=10.0.0.1:99 laddr=127.0.0.1:6379 fd=-1 name=me age=0 idle=0 flags=Pxe db=3 \
             sub=2 psub=3 ssub=4 multi=2 qbuf=0 qbuf-free=0 argv-mem=10 multi-mem=0 rbs=0 rbp=0 \
             obl=0 oll=0 omem=0 tot-mem=1034 events=r cmd=client|list user=default redir=-1 resp=3 \
             lib-name=redis-py lib-ver=5.0 tot-net-in=0 tot-net-out=0"
        );
    }

    #[test]
    fn a_fresh_client_has_no_command_and_no_flags() {
        let connections = Arc::new(Connections::default());
        let address = "[::1]:5".parse().unwrap();
        let link = connections.open(address, address);
        connections.tick(7);
        let line = line(&Client::new(link, connections));
        assert!(line.contains("addr=[::1]:5 "), "{line}");
        assert!(line.contains(" age=7 idle=7 flags=N "), "{line}");
        assert!(line.contains(" multi=-1 "), "{line}");
        assert!(line.contains(" cmd=NULL "), "{line}");
    }
}
