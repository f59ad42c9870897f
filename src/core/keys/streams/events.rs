//! What those who listen are told of operations on streams.

use super::Op;
use crate::keys::Event;
use crate::keys::store::{Stream, Value};
use crate::keys::write::Writer;
use crate::{Db, Outcome};

/// What has to be known of a stream before an operation, to tell what it did.
pub(super) struct Told {
    len: u64,
    has_consumer: bool,
}

impl Told {
    /// None: nobody listens.
    pub fn before(writer: &mut Writer<'_>, db: Db, key: &[u8], op: &Op<'_>) -> Option<Told> {
        writer.space.hears_any().then(|| Told::of(writer, db, key, op))
    }

    fn of(writer: &Writer<'_>, db: Db, key: &[u8], op: &Op<'_>) -> Told {
        let len = stream(writer, db, key).map_or(0, Stream::len);
        let (Op::Claim { group, consumer, .. }
        | Op::AutoClaim { group, consumer, .. }
        | Op::CreateConsumer { group, consumer }
        | Op::DeleteConsumer { group, consumer }) = op
        else {
            return Told { len, has_consumer: false };
        };
        Told { len, has_consumer: has_consumer(writer, db, key, group, consumer) }
    }

    /// Tells of an operation that was carried out.
    pub fn behind(
        self,
        writer: &mut Writer<'_>,
        db: Db,
        key: &[u8],
        op: &Op<'_>,
        outcome: &Outcome,
    ) {
        let now = Told::of(writer, db, key, op);
        let some = !matches!(outcome, Outcome::Int(0));
        let event = match op {
            Op::Add { .. } if matches!(outcome, Outcome::Bytes(_)) => Event::XAdd {},
            Op::Delete { .. } if some => Event::XDel {},
            Op::Trim { .. } if some => Event::XTrim {},
            Op::SetId { .. } => Event::XSetId {},
            Op::CreateGroup { .. } => Event::XGroupCreate {},
            Op::SetGroup { .. } if *outcome == Outcome::Ok => Event::XGroupSetId {},
            Op::DestroyGroup { .. } if some => Event::XGroupDestroy {},
            _ if now.has_consumer && !self.has_consumer => Event::XGroupCreateConsumer {},
            _ if self.has_consumer && !now.has_consumer => Event::XGroupDelConsumer {},
            _ => return,
        };
        writer.tell(db, key, event);
        // One was added, and some went.
        if event == (Event::XAdd {}) && now.len <= self.len {
            writer.tell(db, key, Event::XTrim {});
        }
    }
}

/// Whether a group knows a consumer.
pub(super) fn has_consumer(
    writer: &Writer<'_>,
    db: Db,
    key: &[u8],
    group: &[u8],
    consumer: &[u8],
) -> bool {
    let group = stream(writer, db, key).and_then(|stream| stream.group(group));
    group.is_some_and(|group| group.consumer(consumer).is_some())
}

fn stream<'a>(writer: &'a Writer<'_>, db: Db, key: &[u8]) -> Option<&'a Stream> {
    let item = writer.space.database(db)?.get(&writer.space.hasher.name(key))?;
    if item.is_due(writer.at.now_ms) {
        return None;
    }
    let Value::Stream(stream) = &item.value else { return None };
    Some(stream)
}
