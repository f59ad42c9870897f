//! The words of XADD and XTRIM that say which entries stay.

use lockstep_core::keys::streams::{Id, Trim};

use super::id;
use crate::{Args, BadArgs, Context, error};

/// What LIMIT is without it, for each entry that a block may have.
const BLOCKS_AT_ONCE: u64 = 100;

/// The same where a block may have any number.
const LIMIT_OF_ANY: u64 = 10_000;

/// What it is at most.
const LIMIT_MAX: u64 = 1_000_000;

/// The words.
#[derive(Default)]
pub(super) struct Words {
    keep: Option<Keep>,
    /// `~`.
    blocks: bool,
    limit: Option<u64>,
}

#[derive(Clone, Copy)]
enum Keep {
    Count(u64),
    From(Id),
}

impl Words {
    /// Whether there was a word for it.
    pub(super) fn take(&mut self, args: &mut Args<'_>) -> Result<bool, BadArgs> {
        let more = args.len() > 1;
        if more && args.token("MAXLEN") {
            self.take_border(args)?;
            let count = u64::try_from(args.integer()?).map_err(|_| error::NEGATIVE_MAXLEN)?;
            self.keep = Some(Keep::Count(count));
        } else if more && args.token("MINID") {
            self.take_border(args)?;
            self.keep = Some(Keep::From(id::exact(args.word()?)?));
        } else if more && args.token("LIMIT") {
            let limit = args.integer()?;
            self.limit = Some(u64::try_from(limit).map_err(|_| error::NEGATIVE_TRIM_LIMIT)?);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// What they ask for.
    pub(super) fn trim(&self, ctx: &Context) -> Result<Trim, BadArgs> {
        let Some(keep) = self.keep else {
            return match self.limit {
                None | Some(0) => Ok(Trim::Never {}),
                Some(_) => Err(error::LIMIT_WITHOUT_TRIM),
            };
        };
        let limit = match self.limit {
            Some(_) if !self.blocks => return Err(error::LIMIT_OF_EXACT_TRIM),
            Some(limit) => limit,
            None if self.blocks => limit_of(ctx.streams.block_entries_max),
            None => 0,
        };
        let blocks = self.blocks;
        Ok(match keep {
            Keep::Count(count) => Trim::MaxLen { count, blocks, limit },
            Keep::From(id) => Trim::MinId { id, blocks, limit },
        })
    }

    /// `=` or `~` before the border.
    fn take_border(&mut self, args: &mut Args<'_>) -> Result<(), BadArgs> {
        if self.keep.is_some() {
            return Err(error::MAXLEN_AND_MINID);
        }
        let several = args.len() > 1;
        self.blocks = several && args.token("~");
        if several && !self.blocks {
            args.token("=");
        }
        Ok(())
    }
}

fn limit_of(block_entries_max: u64) -> u64 {
    match block_entries_max.saturating_mul(BLOCKS_AT_ONCE) {
        0 => LIMIT_OF_ANY,
        limit => limit.min(LIMIT_MAX),
    }
}
