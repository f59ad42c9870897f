//! Questions to whoever is at an address.

use std::time::Duration;

use bytes::Bytes;

use super::node::{Node, Start};
use crate::peers::CallError;

const TIME: Duration = Duration::from_secs(5);

async fn knock(a: &Node, b: &Node, request: impl Into<Bytes>) -> Result<Bytes, CallError> {
    a.links.knock(&b.address().to_string(), request.into(), TIME).await
}

#[tokio::test]
async fn a_knock_is_heard_across_clusters_and_without_one() {
    for (here, there) in [(0, 0), (0, 7), (7, 0), (7, 8)] {
        let a = Start { cluster: here, ..Start::default() }.node(1).await;
        let b = Start { cluster: there, ..Start::default() }.node(2).await;
        assert_eq!(knock(&a, &b, "who").await, Ok("heard who".into()));
    }
}

#[tokio::test]
async fn a_node_hears_its_own_knock() {
    let a = Node::new(1).await;
    assert_eq!(knock(&a, &a, "who").await, Ok("heard who".into()));
}

#[tokio::test]
async fn a_knock_needs_the_secret() {
    let a = Start { secret: Some(b"apples"), ..Start::default() }.node(1).await;
    let b = Start { secret: Some(b"pears"), ..Start::default() }.node(2).await;
    let c = Node::new(3).await;
    assert_eq!(knock(&a, &b, "who").await, Err(CallError::NotSent));
    assert_eq!(knock(&c, &b, "who").await, Err(CallError::NotSent));
    assert_eq!(knock(&b, &c, "who").await, Err(CallError::NotSent));
    assert_eq!(knock(&b, &b, "who").await, Ok("heard who".into()));
}

#[tokio::test]
async fn a_knock_where_nobody_is_was_not_sent() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    b.links.stop().await;
    assert_eq!(knock(&a, &b, "who").await, Err(CallError::NotSent));
    let nowhere = a.links.knock("no-such-host.invalid:1", "who".into(), TIME).await;
    assert_eq!(nowhere, Err(CallError::NotSent));
}

#[tokio::test]
async fn a_knock_has_a_deadline_and_a_length() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    // The system connects, and nobody answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let there = silent.local_addr().unwrap().to_string();
    let late = a.links.knock(&there, "who".into(), Duration::from_millis(20)).await;
    assert_eq!(late, Err(CallError::NotSent));
    assert_eq!(knock(&a, &b, vec![0; (1 << 20) + 1]).await, Err(CallError::NotSent));
    assert_eq!(knock(&a, &b, vec![0; 900_000]).await.map(|reply| reply.len()), Ok(900_006));
}

#[tokio::test]
async fn many_can_knock_at_the_same_time() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    let knocks: Vec<_> =
        (0..50).map(|_| a.links.knock(&b.address().to_string(), "who".into(), TIME)).collect();
    for knock in knocks {
        assert_eq!(knock.await, Ok("heard who".into()));
    }
}
