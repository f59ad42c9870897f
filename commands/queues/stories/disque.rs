//! A client of Disque.

use super::{queues, text};
use crate::Reply;

#[test]
fn a_job_is_settled_by_the_id_that_came_with_it() {
    let mut q = queues();
    q.tell(&[
        ("addjob q hello 0", "D-0-1-0-q"),
        ("getjob nohang from q", "[[q D-0-1-1-q hello]]"),
        ("getjob nohang from q", "nil"),
        ("ackjob D-0-1-1-q", "1"),
        ("fastack D-0-1-1-q", "0"),
    ]);
}

#[test]
fn a_job_that_is_given_back_is_counted() {
    let mut q = queues();
    q.tell(&[
        ("addjob q hello 0 retry 5", "D-0-1-0-q"),
        ("getjob from q", "[[q D-0-1-1-q hello]]"),
        ("nack D-0-1-1-q", "1"),
        ("getjob withcounters from q", "[[q D-0-1-2-q hello nacks 1 additional-deliveries 1]]"),
        ("nack D-0-1-1-q D-0-1-1-q", "0"),
        ("working D-0-1-1-q", "0"),
        ("ackjob D-0-1-0-q", "1"),
        ("getjob nohang from q", "nil"),
    ]);
}

#[test]
fn retry_0_delivers_once() {
    let mut q = queues();
    q.tell(&[
        ("addjob q hello 0 retry 0", "D-0-1-0-q"),
        ("getjob from q", "[[q D-0-1-1-q hello]]"),
    ]);
    q.pass(40_000);
    q.tell(&[("getjob nohang from q", "nil"), ("qlen q dead", "1")]);
}

#[test]
fn a_job_and_a_queue_are_shown() {
    let mut q = queues();
    q.call("addjob q hello 0");
    let shown = "[id D-0-1-0-q queue q state queued ctime 1000000000000 nacks 0 \
                 additional-deliveries 0 body hello]";
    q.tell(&[
        ("show D-0-1-0-q", shown),
        ("show D-0-9-0-q", "nil"),
        ("qstat q", "[name q len 1 blocked 0 jobs-in 1 jobs-out 0]"),
        ("qstat other", "nil"),
    ]);
}

#[test]
fn whoever_says_nothing_else_waits() {
    let mut q = queues();
    let Reply::Silence = q.reply("getjob from q") else { panic!("it does not wait") };
    assert_eq!(text(&q.reply("addjob q hello 0")), "D-0-1-0-q");
    assert_eq!(q.answers("getjob from q"), ["[[q D-0-1-1-q hello]]"]);
}
