//! The pieces of an image, one after the other.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Frozen;
use super::message::Kept;
use super::record::{Acked, Place, Record, TaskForm, Thing};
use crate::image::CHUNK_BYTES;
use crate::image::paged::Page;
use crate::queues::body::BodyKey;
use crate::queues::message::Message;
use crate::queues::mutant::{Mutant, is_broken};
use crate::queues::queue::Queue;
use crate::queues::redrive::{Progress, Task};
use crate::queues::waiter::{Before, Waiter};
use crate::wire::Wire;

type Pages<T> = Box<dyn Iterator<Item = (u64, Arc<Page<T>>)> + Send>;

/// The pieces; `body` gives the body of a message, or none for a reference.
pub(super) struct Pieces<F> {
    ready: VecDeque<Vec<u8>>,
    queues: VecDeque<Arc<Queue>>,
    open: Option<Open>,
    line: Pages<Waiter>,
    body: F,
}

/// A queue whose messages are being written.
struct Open {
    number: u64,
    pages: Pages<Message>,
    page: Option<(u64, Arc<Page<Message>>)>,
    /// How many of the page were written.
    done: usize,
}

impl<F> Pieces<F> {
    pub(super) fn new(frozen: Frozen, body: F) -> Self {
        let head = Record::Head {
            first_seq: frozen.first_seq,
            last_number: frozen.last_number,
            last_place: frozen.last_place,
            lives: frozen.lives.list(),
        };
        Pieces {
            ready: VecDeque::from([bytes(&head)]),
            queues: frozen.queues.iter().map(|(_, queue)| queue.clone()).collect(),
            open: None,
            line: Box::new(frozen.waiters.into_pages()),
            body,
        }
    }

    fn begin(&mut self, queue: &Queue) {
        self.ready.push_back(begin(queue));
        self.ready.extend(things(queue));
        let pages = Box::new(queue.messages.clone().into_pages());
        self.open = Some(Open { number: queue.number, pages, page: None, done: 0 });
    }
}

impl<E, F> Iterator for Pieces<F>
where
    F: FnMut(&BodyKey, &Message) -> Result<Option<Arc<[u8]>>, E>,
{
    type Item = Result<Vec<u8>, E>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Some(Ok(piece));
            }
            if let Some(open) = &mut self.open {
                match open.next(&mut self.body) {
                    Some(piece) => return Some(piece),
                    None => self.open = None,
                }
            } else if let Some(queue) = self.queues.pop_front() {
                self.begin(&queue);
            } else {
                let (base, page) = self.line.next()?;
                return Some(Ok(line(base, &page)));
            }
        }
    }
}

impl Open {
    /// The next messages, in records of bounded size.
    fn next<E>(
        &mut self,
        body: &mut impl FnMut(&BodyKey, &Message) -> Result<Option<Arc<[u8]>>, E>,
    ) -> Option<Result<Vec<u8>, E>> {
        let (base, page) = match self.page.take() {
            Some(page) => page,
            None => {
                self.done = 0;
                self.pages.next()?
            }
        };
        let mut size = 0;
        let mut taken = Vec::new();
        let mut rest = page.iter().skip(self.done).peekable();
        while size < CHUNK_BYTES
            && let Some((slot, message)) = rest.next()
        {
            let seq = base + slot;
            match body(&message.key(self.number, seq), message) {
                Ok(body) => {
                    size += body.as_ref().map_or(64, |body| body.len());
                    taken.push((seq, message, body));
                }
                Err(error) => return Some(Err(error)),
            }
        }
        let over = rest.next().is_none();
        self.done += taken.len();
        let list =
            taken.iter().map(|(seq, message, body)| Kept::new(*seq, message, body.as_deref()));
        let record = bytes(&Record::Messages { number: self.number, list: list.collect() });
        if !over {
            self.page = Some((base, page.clone()));
        }
        Some(Ok(record))
    }
}

fn begin(queue: &Queue) -> Vec<u8> {
    let settings = match &queue.set {
        Some(rules) => rules.settings().to_vec(),
        None => Vec::new(),
    };
    bytes(&Record::Begin {
        number: queue.number,
        name: &queue.name,
        part: queue.part,
        made: queue.made,
        numbers: numbers_of(queue),
        counts: queue.counts.list(),
        settings,
        window: queue.window,
        task: queue.task.as_ref().map(task),
    })
}

/// The plain numbers of a queue.
fn numbers_of(queue: &Queue) -> Vec<u64> {
    vec![
        queue.made_ms,
        queue.used_ms,
        queue.next_seq,
        queue.last_number,
        queue.closed_until_ms,
        queue.held_until_ms,
    ]
}

fn task(task: &Task) -> TaskForm<'_> {
    TaskForm::Of {
        state: match task.state {
            Progress::Running => 0,
            Progress::Done => 1,
            Progress::Cancelled => 2,
        },
        numbers: vec![
            task.begun_ms,
            task.moved,
            task.left,
            task.upto_death,
            task.from_death,
            task.rate,
            task.delay_ms,
            task.step_ms,
            task.base.0,
            task.base.1,
        ],
        seqs: task.seqs.clone(),
        reason: task.reason,
        to: task.to.as_deref(),
        part: task.part,
        reset: task.reset,
        head: task.head,
    }
}

fn things(queue: &Queue) -> Vec<Vec<u8>> {
    let groups = queue.groups.iter().map(|(number, group)| Thing::Group {
        number,
        name: &group.name,
        turn: if is_broken(Mutant::TurnsNotInImage) { (0, number) } else { group.turn },
        gap: group.gap,
    });
    let all_known = queue.known.iter().filter(|_| !is_broken(Mutant::CopiesNotInImage));
    let known = all_known.map(|(number, known)| Thing::Known {
        number,
        hash: ((known.hash >> 64) as u64, known.hash as u64),
        seq: known.seq,
        until_ms: known.until_ms,
    });
    let consumers = queue.consumers.iter().map(|(number, consumer)| Thing::Consumer {
        number,
        name: &consumer.name,
        seen_ms: consumer.seen_ms,
    });
    let asked = queue.asked.iter().map(|(number, asked)| Thing::Asked {
        number,
        name: &asked.name,
        list: asked.list.clone(),
    });
    let all: Vec<Thing<'_>> = groups.chain(known).chain(consumers).chain(asked).collect();
    let mut pieces = Vec::new();
    let mut rest = all.into_iter().peekable();
    while rest.peek().is_some() {
        let list = rest.by_ref().take(THINGS_PER_PIECE).collect();
        pieces.push(bytes(&Record::Things { number: queue.number, list }));
    }
    pieces
}

const THINGS_PER_PIECE: usize = 256;

fn line(base: u64, page: &Page<Waiter>) -> Vec<u8> {
    let list = page.iter().map(|(slot, waiter)| Place::Taken {
        place: base + slot,
        origin: waiter.origin,
        request: waiter.request,
        deadline_ms: waiter.deadline_ms,
        queues: waiter.queues.to_vec(),
        want: waiter.ask.want(),
        named: waiter.named,
        before: waiter.before.as_ref().map(|before| match before {
            Before::Count(count) => Acked::Count { count: *count },
            Before::Each(list) => Acked::Each { list: list.clone() },
        }),
    });
    bytes(&Record::Line { list: list.collect() })
}

fn bytes(record: &Record<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    record.put(&mut out);
    out
}
