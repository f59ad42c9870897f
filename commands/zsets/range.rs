//! Ranges of members and the words behind them.

use lockstep_core::keys::zsets::{LexBound, ScoreBound, Span};

use crate::args::parse_integer;
use crate::{Args, BadArgs, error};
use lockstep_core::float::border;

/// What the ends of a range are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Rank,
    Score,
    Lex,
}

impl By {
    pub(super) fn span<'a>(self, min: &'a [u8], max: &'a [u8]) -> Result<Span<'a>, BadArgs> {
        Ok(match self {
            By::Rank => Span::Ranks { start: rank(min)?, end: rank(max)? },
            By::Score => Span::Scores { min: score_bound(min)?, max: score_bound(max)? },
            By::Lex => Span::Members { min: lex_bound(min)?, max: lex_bound(max)? },
        })
    }
}

/// What a command leaves open.
pub(super) struct Range {
    by: Option<By>,
    reverse: Option<bool>,
}

/// What is asked for.
pub(super) struct Asked<'a> {
    pub span: Span<'a>,
    pub reverse: bool,
    pub offset: i64,
    pub limit: i64,
    pub scores: bool,
}

impl Range {
    /// Words say what the ends are and where to begin.
    pub(super) fn open() -> Self {
        Range { by: None, reverse: None }
    }

    /// The command's name says so.
    pub(super) fn fixed(by: By, reverse: bool) -> Self {
        Range { by: Some(by), reverse: Some(reverse) }
    }

    pub(super) fn parse<'a>(
        mut self,
        args: &mut Args<'a>,
        may_have_scores: bool,
    ) -> Result<Asked<'a>, BadArgs> {
        let (first, second) = (args.word()?, args.word()?);
        let (mut offset, mut limit, mut scores) = (0, -1, false);
        while !args.is_empty() {
            if may_have_scores && args.token("WITHSCORES") {
                scores = true;
            } else if args.len() >= 3 && args.token("LIMIT") {
                (offset, limit) = (args.integer()?, args.integer()?);
            } else if self.reverse.is_none() && args.token("REV") {
                self.reverse = Some(true);
            } else if self.by.is_none() && args.token("BYLEX") {
                self.by = Some(By::Lex);
            } else if self.by.is_none() && args.token("BYSCORE") {
                self.by = Some(By::Score);
            } else {
                return Err(error::SYNTAX);
            }
        }
        let (by, reverse) = (self.by.unwrap_or(By::Rank), self.reverse.unwrap_or(false));
        match by {
            By::Rank if limit != -1 => return Err(error::LIMIT_OF_RANKS),
            By::Rank => offset = 0,
            By::Lex if scores => return Err(error::SCORES_BY_LEX),
            By::Lex | By::Score => {}
        }
        let swapped = reverse && by != By::Rank;
        let (min, max) = if swapped { (second, first) } else { (first, second) };
        Ok(Asked { span: by.span(min, max)?, reverse, offset, limit, scores })
    }
}

fn rank(word: &[u8]) -> Result<i64, BadArgs> {
    parse_integer(word).ok_or(error::NOT_INTEGER)
}

fn score_bound(word: &[u8]) -> Result<ScoreBound, BadArgs> {
    let bound = match word {
        [b'(', word @ ..] => border(word).map(|score| ScoreBound::Without { score }),
        word => border(word).map(|score| ScoreBound::With { score }),
    };
    bound.ok_or(error::BAD_SCORE_BOUND)
}

fn lex_bound(word: &[u8]) -> Result<LexBound<'_>, BadArgs> {
    match word {
        b"-" => Ok(LexBound::First {}),
        b"+" => Ok(LexBound::Last {}),
        [b'[', member @ ..] => Ok(LexBound::With { member }),
        [b'(', member @ ..] => Ok(LexBound::Without { member }),
        _ => Err(error::BAD_LEX_BOUND),
    }
}
