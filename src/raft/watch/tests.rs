#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use parking_lot::Mutex;

use super::{Closed, channel};

#[tokio::test]
async fn a_change_is_seen_once_and_the_newest_value_counts() {
    let (sender, mut receiver) = channel(1);
    assert_eq!(receiver.has_changed(), Ok(false));
    sender.send(2).unwrap();
    sender.send(3).unwrap();
    receiver.changed().await.unwrap();
    assert_eq!(*receiver.borrow(), 3);
    assert_eq!(receiver.has_changed(), Ok(false));
    assert!(!sender.send_if_modified(|value| {
        *value = 4;
        false
    }));
    assert_eq!(receiver.has_changed(), Ok(false));
    assert_eq!(sender.send_replace(5), 4);
    assert_eq!(*receiver.borrow_and_update(), 5);
    assert_eq!(receiver.has_changed(), Ok(false));
}

#[tokio::test]
async fn without_senders_there_is_nothing_to_wait_for() {
    let (sender, mut receiver) = channel(1);
    let waits = tokio::spawn(async move { (receiver.changed().await, receiver) });
    tokio::task::yield_now().await;
    drop(sender);
    let (ended, mut receiver) = waits.await.unwrap();
    assert_eq!(ended, Err(Closed));
    assert!(receiver.wait_for(|value| *value == 1).await.is_ok());
    assert!(receiver.wait_for(|value| *value == 2).await.is_err());
}

#[tokio::test]
async fn a_value_without_receivers_is_not_sent() {
    let (sender, receiver) = channel(1);
    drop(receiver);
    assert_eq!(sender.send(2), Err(2));
    let mut late = sender.subscribe();
    sender.send(3).unwrap();
    assert_eq!(*late.wait_for(|value| *value == 3).await.unwrap(), 3);
}

#[tokio::test]
async fn those_who_wait_are_woken_in_the_order_in_which_they_began_to_watch() {
    let (sender, _first) = channel(0);
    let order = Arc::new(Mutex::new(Vec::new()));
    let tasks: Vec<_> = (0..40)
        .map(|number| {
            let (mut receiver, order) = (sender.subscribe(), order.clone());
            tokio::spawn(async move {
                receiver.changed().await.unwrap();
                order.lock().push(number);
            })
        })
        .collect();
    tokio::task::yield_now().await;
    sender.send(1).unwrap();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*order.lock(), (0..40).collect::<Vec<_>>());
}
