//! What happened in a queue since it began.

/// Something that is counted. The order is that of [`Counts::list`] and of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    Pushed,
    Delivered,
    /// Deliveries of messages that were delivered before.
    Redelivered,
    Acked,
    /// Settled with the delivery (NOACK).
    Unacked,
    Nacked,
    /// Leases that ran out.
    Expired,
    /// Acks that came after the lease, but before the next delivery.
    LateAcks,
    /// Acks that came after the next delivery.
    StaleAcks,
    /// Messages that were pushed once more.
    DedupHits,
    /// What had to make room before its time.
    DedupEvicted,
    DeadByFails,
    DeadByTtl,
    DeadByConsumer,
    DeadByOverflow,
    DroppedByTtl,
    DroppedByOverflow,
    /// Dead messages that were kept for long enough.
    DroppedDead,
    Purged,
    Deleted,
    /// To another queue.
    Moved,
}

const COUNTS: usize = Count::Moved as usize + 1;

/// How often each happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    list: [u64; COUNTS],
    /// How many messages were settled after less than 2 to the power of the place
    /// milliseconds.
    dwell: [u32; DWELLS],
    flow: Flow,
}

const DWELLS: usize = 32;

/// How much came and went in the last whole span of time, and in this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Flow {
    span: u64,
    now: (u64, u64),
    last: (u64, u64),
}

/// Over how long the rates are taken.
const SPAN_MS: u64 = 10_000;

/// How a message leaves.
const WAYS_OUT: [Count; 8] = [
    Count::Acked,
    Count::Unacked,
    Count::DroppedByTtl,
    Count::DroppedByOverflow,
    Count::DroppedDead,
    Count::Purged,
    Count::Deleted,
    Count::Moved,
];

impl Default for Counts {
    fn default() -> Self {
        Counts { list: [0; COUNTS], dwell: [0; DWELLS], flow: Flow::default() }
    }
}

impl Counts {
    /// How often it happened.
    pub fn of(&self, what: Count) -> u64 {
        self.list[what as usize]
    }

    /// It happened once more.
    pub fn up(&mut self, what: Count) {
        self.add(what, 1);
    }

    /// It happened some times more.
    pub fn add(&mut self, what: Count, times: u64) {
        self.list[what as usize] = self.list[what as usize].saturating_add(times);
    }

    /// A message came in.
    pub fn came(&mut self, now_ms: u64) {
        self.up(Count::Pushed);
        self.flow.roll(now_ms);
        self.flow.now.0 += 1;
    }

    /// A message was settled that had been pushed then.
    pub fn settled(&mut self, what: Count, now_ms: u64, pushed_ms: u64) {
        self.up(what);
        self.flow.roll(now_ms);
        self.flow.now.1 += 1;
        let ms = now_ms.saturating_sub(pushed_ms);
        let place = ((u64::BITS - ms.leading_zeros()) as usize).min(DWELLS - 1);
        self.dwell[place] = self.dwell[place].saturating_add(1);
    }

    /// How many messages left.
    pub fn gone(&self) -> u64 {
        WAYS_OUT.iter().map(|way| self.of(*way)).sum()
    }

    /// How many died.
    pub fn died(&self) -> u64 {
        let ways =
            [Count::DeadByFails, Count::DeadByTtl, Count::DeadByConsumer, Count::DeadByOverflow];
        ways.iter().map(|way| self.of(*way)).sum()
    }

    /// Messages that came, and that were settled, in a second.
    pub fn rates(&self, now_ms: u64) -> (u64, u64) {
        let mut flow = self.flow;
        flow.roll(now_ms);
        let per_second = |count: u64| count.div_ceil(SPAN_MS / 1000);
        (per_second(flow.last.0), per_second(flow.last.1))
    }

    /// In less than so many milliseconds this share, in percent, was settled; none:
    /// nothing was.
    pub fn dwell_ms(&self, percent: u64) -> Option<u64> {
        let all: u64 = self.dwell.iter().map(|count| u64::from(*count)).sum();
        let mut below = 0;
        let place = self.dwell.iter().position(|count| {
            below += u64::from(*count);
            below * 100 >= all * percent
        });
        place.filter(|_| all > 0).map(|place| 1 << place)
    }

    /// All numbers, for images.
    pub fn list(&self) -> Vec<u64> {
        let dwell = self.dwell.iter().map(|count| u64::from(*count));
        let Flow { span, now, last } = self.flow;
        let flow = [span, now.0, now.1, last.0, last.1];
        self.list.iter().copied().chain(dwell).chain(flow).collect()
    }

    /// What [`Counts::list`] gave, if it is that, with none of the messages that are
    /// kept.
    pub fn from_list(numbers: &[u64]) -> Option<Self> {
        let (list, rest) = numbers.split_first_chunk::<COUNTS>()?;
        let (dwell, flow) = rest.split_first_chunk::<DWELLS>()?;
        let &[span, in_now, out_now, in_last, out_last] = flow else { return None };
        let plain = numbers.iter().all(|number| *number < NUMBER_MAX);
        let mut counts = Counts { list: *list, ..Counts::default() };
        for (count, number) in counts.dwell.iter_mut().zip(dwell) {
            *count = u32::try_from(*number).ok()?;
        }
        counts.list[Count::Pushed as usize] = counts.gone();
        counts.flow = Flow { span, now: (in_now, out_now), last: (in_last, out_last) };
        plain.then_some(counts)
    }
}

/// No number of an image is so large; whatever is added to one stays in range.
pub(super) const NUMBER_MAX: u64 = 1 << 56;

impl Flow {
    fn roll(&mut self, now_ms: u64) {
        let span = (now_ms / SPAN_MS).min(NUMBER_MAX - 1);
        if span == self.span {
            return;
        }
        self.last = if span == self.span + 1 { self.now } else { (0, 0) };
        self.now = (0, 0);
        self.span = span;
    }
}
