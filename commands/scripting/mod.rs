//! Scripts and functions.

pub mod answer;
pub mod eval;
pub mod fcall;
pub mod function;
pub mod script;

use lockstep_core::scripts::{ALL_SLOTS, LFU, NO_REPLICAS, Terms};

use crate::{Args, BadArgs, Command, Context, ScriptContext, error};

/// The commands of this family.
pub static COMMANDS: &[Command] = &[
    eval::EVAL,
    eval::EVALSHA,
    eval::EVALSHA_RO,
    eval::EVAL_RO,
    fcall::FCALL,
    fcall::FCALL_RO,
    function::COMMAND,
    script::COMMAND,
];

/// Where there are scripts.
///
/// # Errors
/// There are none (`scripting no`).
fn enabled(ctx: &Context) -> Result<(), BadArgs> {
    if ctx.scripts.enabled { Ok(()) } else { Err(error::NO_SCRIPTS) }
}

/// The keys and the other arguments behind their number.
///
/// # Errors
/// It is negative, or there are fewer words.
fn keys_and_rest<'a>(args: &mut Args<'a>, keys: i64) -> Result<[Vec<&'a [u8]>; 2], BadArgs> {
    if keys > args.len() as i64 {
        return Err(error::TOO_FEW_KEYS);
    }
    let count = usize::try_from(keys).map_err(|_| error::NEGATIVE_NUMKEYS)?;
    let (keys, rest) = args.all().split_at(count);
    Ok([keys.to_vec(), rest.to_vec()])
}

fn notes(ctx: &Context) -> u8 {
    let note = |holds, note| if holds { note } else { 0 };
    let ScriptContext { spread, all_slots, no_replicas, .. } = ctx.scripts;
    note(ctx.lfu, LFU) | note(spread && all_slots, ALL_SLOTS) | note(no_replicas, NO_REPLICAS)
}

/// The conditions under which a script of this connection runs.
fn terms(ctx: &Context, read_only: bool) -> Terms {
    Terms::Of {
        db: ctx.db,
        read_only,
        spread: ctx.scripts.spread,
        steps_max: ctx.scripts.steps_max,
        memory_max: ctx.scripts.memory_max,
        cache_max: ctx.scripts.cache_max,
        string_bytes_max: ctx.string_bytes_max,
        block_entries_max: ctx.streams.block_entries_max,
        block_bytes_max: ctx.streams.block_bytes_max,
        notes: notes(ctx),
    }
}
