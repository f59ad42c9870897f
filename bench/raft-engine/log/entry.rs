//! An entry as the engine takes it: a Protocol Buffers message.

use std::any::Any;

use bytes::Bytes;
use protobuf::reflect::MessageDescriptor;
use protobuf::rt;
use protobuf::wire_format::WireType;
use protobuf::{
    Clear, CodedInputStream, CodedOutputStream, Message, ProtobufResult, UnknownFields,
};
use raft_engine::MessageExt;

use super::EntryId;

const TERM: u32 = 1;
const NODE: u32 = 2;
const INDEX: u32 = 3;
const PAYLOAD: u32 = 4;

/// An entry on its way to or from the engine.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Entry {
    pub(super) id: EntryId,
    pub(super) payload: Bytes,
    unknown: UnknownFields,
}

/// Tells the engine where an entry's index is.
pub(super) struct Entries;

impl MessageExt for Entries {
    type Entry = Entry;

    fn index(entry: &Entry) -> u64 {
        entry.id.index
    }
}

impl Entry {
    pub(super) fn new(id: EntryId, payload: Bytes) -> Entry {
        Entry { id, payload, unknown: UnknownFields::default() }
    }
}

impl Clear for Entry {
    fn clear(&mut self) {
        *self = Entry::default();
    }
}

impl Message for Entry {
    fn descriptor(&self) -> &'static MessageDescriptor {
        unreachable!("the engine does not look at the shape of entries")
    }

    fn is_initialized(&self) -> bool {
        true
    }

    fn merge_from(&mut self, from: &mut CodedInputStream<'_>) -> ProtobufResult<()> {
        while !from.eof()? {
            match from.read_tag_unpack()? {
                (TERM, WireType::WireTypeVarint) => self.id.term = from.read_uint64()?,
                (NODE, WireType::WireTypeVarint) => self.id.node = from.read_uint64()?,
                (INDEX, WireType::WireTypeVarint) => self.id.index = from.read_uint64()?,
                (PAYLOAD, WireType::WireTypeLengthDelimited) => {
                    self.payload = from.read_bytes()?.into();
                }
                (_, wire_type) => return Err(rt::unexpected_wire_type(wire_type)),
            }
        }
        Ok(())
    }

    fn write_to_with_cached_sizes(&self, to: &mut CodedOutputStream<'_>) -> ProtobufResult<()> {
        to.write_uint64(TERM, self.id.term)?;
        to.write_uint64(NODE, self.id.node)?;
        to.write_uint64(INDEX, self.id.index)?;
        to.write_bytes(PAYLOAD, &self.payload)
    }

    fn compute_size(&self) -> u32 {
        let varint = |field, value| rt::value_size::<u64>(field, value, WireType::WireTypeVarint);
        varint(TERM, self.id.term)
            + varint(NODE, self.id.node)
            + varint(INDEX, self.id.index)
            + rt::bytes_size(PAYLOAD, &self.payload)
    }

    fn get_cached_size(&self) -> u32 {
        self.compute_size()
    }

    fn get_unknown_fields(&self) -> &UnknownFields {
        &self.unknown
    }

    fn mut_unknown_fields(&mut self) -> &mut UnknownFields {
        &mut self.unknown
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn new() -> Entry {
        Entry::default()
    }

    fn default_instance() -> &'static Entry {
        unreachable!("the engine makes entries with new")
    }
}
