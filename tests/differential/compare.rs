//! Whether two replies say the same.

use lockstep_tests::Value;

use super::allowed::ALLOWED;

/// What was asked, and the commands of the transaction that EXEC ends.
pub struct Question<'a> {
    /// The words.
    pub words: &'a [Vec<u8>],
    /// The queued commands before.
    pub queued: &'a [Vec<Vec<u8>>],
}

impl Question<'_> {
    /// Whether this is the command of this name.
    pub fn is(&self, name: &str) -> bool {
        let mut words = self.words.iter();
        name.split(' ')
            .all(|part| words.next().is_some_and(|word| word.eq_ignore_ascii_case(part.as_bytes())))
    }
}

/// Says what differs, if it matters.
///
/// # Errors
/// Both replies, in words.
pub fn compare(question: &Question<'_>, redis: &[u8], lockstep: &[u8]) -> Result<(), String> {
    if redis == lockstep {
        return Ok(());
    }
    let (redis_value, lockstep_value) = (Value::of(redis), Value::of(lockstep));
    // The texts of Lockstep's errors are UTF-8, with the usual stand-in for other bytes.
    let same_text = redis_value.is_error() && redis_value == lockstep_value;
    if same_text || same(question, &redis_value, &lockstep_value) {
        return Ok(());
    }
    if redis_value == lockstep_value {
        let (redis, lockstep) = (redis.escape_ascii(), lockstep.escape_ascii());
        return Err(format!("other types of reply\n  redis    {redis}\n  lockstep {lockstep}"));
    }
    Err(format!("\n  redis    {redis_value:?}\n  lockstep {lockstep_value:?}"))
}

fn same(question: &Question<'_>, redis: &Value, lockstep: &Value) -> bool {
    if question.is("EXEC") {
        return same_transaction(question.queued, redis, lockstep);
    }
    ALLOWED.iter().any(|allowed| {
        allowed.commands.iter().any(|name| question.is(name)) && (allowed.same)(redis, lockstep)
    })
}

/// Each reply of an EXEC is judged as that of its command.
fn same_transaction(queued: &[Vec<Vec<u8>>], redis: &Value, lockstep: &Value) -> bool {
    let (Value::Array(redis), Value::Array(lockstep)) = (redis, lockstep) else { return false };
    redis.len() == queued.len()
        && lockstep.len() == queued.len()
        && queued.iter().zip(redis.iter().zip(lockstep)).all(|(words, (redis, lockstep))| {
            let question = Question { words, queued: &[] };
            redis == lockstep || same(&question, redis, lockstep)
        })
}
