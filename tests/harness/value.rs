//! A reply as a value, the same for both protocols.

use std::fmt;

use redis_protocol::resp2;
use redis_protocol::resp3;

/// A reply. Maps and sets are sorted: the protocol gives them no order.
#[derive(Clone, PartialEq, PartialOrd)]
#[expect(missing_docs, reason = "each is the type of that name")]
pub enum Value {
    Nil,
    Bool(bool),
    Int(i64),
    Double(f64),
    Simple(String),
    Error(String),
    Bulk(Vec<u8>),
    Verbatim(Vec<u8>),
    Array(Vec<Value>),
    Set(Vec<Value>),
    Map(Vec<(Value, Value)>),
    Push(Vec<Value>),
}

impl Value {
    /// Decodes a whole reply.
    ///
    /// # Panics
    /// On bytes that are no reply in either protocol.
    pub fn of(reply: &[u8]) -> Self {
        // Redis quotes the bytes of a wrong command as they are; the crate takes
        // only UTF-8.
        if let [b'-', text @ .., b'\r', b'\n'] = reply {
            return Value::Error(String::from_utf8_lossy(text).into_owned());
        }
        if let Ok(Some((frame, length))) = resp3::decode::complete::decode(reply)
            && length == reply.len()
        {
            return frame.into();
        }
        match resp2::decode::decode(reply) {
            Ok(Some((frame, length))) if length == reply.len() => frame.into(),
            other => panic!("{other:?} from {:?}", String::from_utf8_lossy(reply)),
        }
    }

    /// The elements of an array, set or push, or the text of nothing else.
    pub fn items(&self) -> &[Value] {
        match self {
            Value::Array(items) | Value::Set(items) | Value::Push(items) => items,
            _ => &[],
        }
    }

    /// The bytes of any kind of text.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Bulk(bytes) | Value::Verbatim(bytes) => Some(bytes),
            Value::Simple(text) | Value::Error(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// Any kind of text, or a number, as text.
    pub fn text(&self) -> String {
        match (self, self.bytes()) {
            (_, Some(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
            (Value::Int(number), _) => number.to_string(),
            (Value::Double(number), _) => number.to_string(),
            _ => String::new(),
        }
    }

    /// A number, also from digits in text.
    pub fn int(&self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(*number),
            _ => self.text().parse().ok(),
        }
    }

    /// The value of a key in a map, or in the flat array that RESP2 has instead.
    pub fn field(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Map(pairs) => {
                pairs.iter().find(|(key, _)| key.text() == name).map(|(_, value)| value)
            }
            Value::Array(flat) => {
                let pair = flat.chunks_exact(2).find(|pair| pair[0].text() == name);
                pair.map(|pair| &pair[1])
            }
            _ => None,
        }
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        matches!(self, Value::Error(_))
    }
}

fn sorted<T: PartialOrd>(mut items: Vec<T>) -> Vec<T> {
    items.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    items
}

fn all<T: Into<Value>>(items: impl IntoIterator<Item = T>) -> Vec<Value> {
    items.into_iter().map(Into::into).collect()
}

impl From<resp2::types::OwnedFrame> for Value {
    fn from(frame: resp2::types::OwnedFrame) -> Self {
        use resp2::types::OwnedFrame as F;
        match frame {
            F::Null => Value::Nil,
            F::Integer(number) => Value::Int(number),
            F::SimpleString(bytes) => Value::Simple(String::from_utf8_lossy(&bytes).into_owned()),
            F::Error(text) => Value::Error(text),
            F::BulkString(bytes) => Value::Bulk(bytes),
            F::Array(items) => Value::Array(all(items)),
        }
    }
}

impl From<resp3::types::OwnedFrame> for Value {
    fn from(frame: resp3::types::OwnedFrame) -> Self {
        use resp3::types::OwnedFrame as F;
        match frame {
            F::Null => Value::Nil,
            F::Boolean { data, .. } => Value::Bool(data),
            F::Number { data, .. } => Value::Int(data),
            F::Double { data, .. } => Value::Double(data),
            F::SimpleString { data, .. } => {
                Value::Simple(String::from_utf8_lossy(&data).into_owned())
            }
            F::SimpleError { data, .. } => Value::Error(data),
            F::BlobError { data, .. } => Value::Error(String::from_utf8_lossy(&data).into_owned()),
            F::BlobString { data, .. } | F::BigNumber { data, .. } | F::ChunkedString(data) => {
                Value::Bulk(data)
            }
            F::VerbatimString { data, .. } => Value::Verbatim(data),
            F::Array { data, .. } => Value::Array(all(data)),
            F::Set { data, .. } => Value::Set(sorted(all(data))),
            F::Push { data, .. } => Value::Push(all(data)),
            F::Map { data, .. } => {
                let pairs = data.into_iter().map(|(key, value)| (key.into(), value.into()));
                Value::Map(sorted(pairs.collect()))
            }
            F::Hello { .. } => Value::Nil,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        match self {
            Value::Nil => f.write_str("nil"),
            Value::Bool(truth) => write!(f, "{truth}"),
            Value::Int(number) => write!(f, "{number}"),
            Value::Double(number) => write!(f, "double {number}"),
            Value::Simple(line) => write!(f, "+{line}"),
            Value::Error(line) => write!(f, "-{line}"),
            Value::Bulk(bytes) => write!(f, "\"{}\"", text(bytes)),
            Value::Verbatim(bytes) => write!(f, "txt\"{}\"", text(bytes)),
            Value::Array(items) => f.debug_list().entries(items).finish(),
            Value::Set(items) => f.debug_set().entries(items).finish(),
            Value::Push(items) => write!(f, "push {items:?}"),
            Value::Map(pairs) => {
                f.debug_map().entries(pairs.iter().map(|(key, value)| (key, value))).finish()
            }
        }
    }
}
