//! Bytes of somebody who is no node.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::node::{CLUSTER, Node, Start};
use crate::fuzz::Random;
use crate::peers::Lane;
use crate::peers::handshake::{Identity, Purpose, Wanted, dial};
use lockstep_core::NodeId;

async fn is_closed(mut stream: TcpStream) {
    let mut buf = vec![0; 4096];
    let closed = async { while let Ok(1..) = stream.read(&mut buf).await {} };
    tokio::time::timeout(Duration::from_secs(10), closed).await.expect("it is closed");
}

async fn dialled(node: &Node) -> TcpStream {
    let mut stream = TcpStream::connect(node.address()).await.unwrap();
    let me = Identity { node: NodeId(9), boot: 1, cluster: CLUSTER };
    let to = node.id;
    let (purpose, versions) = (Purpose::Rest, (1, 1));
    let wanted = Wanted { purpose, versions, secret: None, leases: None, me, to };
    dial(&mut stream, wanted).await.unwrap();
    stream
}

#[tokio::test]
async fn any_bytes_instead_of_a_handshake_close_the_connection() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    let mut random = Random::new(3);
    for round in 0..300 {
        let mut bytes: Vec<u8> = (0..random.below(600)).map(|_| random.below(256) as u8).collect();
        if round % 2 == 0 {
            let head = [b'L', b'K', b'S', b'P', 1 + random.below(6) as u8];
            bytes.splice(0..0, head);
        }
        let mut stream = TcpStream::connect(b.address()).await.unwrap();
        // It may be closed before all is written.
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
        is_closed(stream).await;
    }
    let mut stream = TcpStream::connect(b.address()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    is_closed(stream).await;
    a.links_to(&b).await;
    assert_eq!(a.asks(&b, Lane::Data, "x").await, Ok("x".into()));
    assert_eq!((a.losses(), b.losses()), (vec![], vec![]));
}

#[tokio::test]
async fn any_bytes_behind_the_handshake_close_the_connection() {
    let b = Node::new(2).await;
    let mut random = Random::new(4);
    for _ in 0..100 {
        let mut stream = dialled(&b).await;
        let bytes: Vec<u8> = (0..24 + random.below(600)).map(|_| random.below(256) as u8).collect();
        // It may be closed before all is written.
        let _ = stream.write_all(&bytes).await;
        is_closed(stream).await;
    }
    assert_eq!(b.served(), 0);
    let a = Node::new(1).await;
    a.links_to(&b).await;
    assert_eq!(a.asks(&b, Lane::Data, "x").await, Ok("x".into()));
}

#[tokio::test]
async fn without_the_secret_nothing_is_learnt_of_the_node() {
    let secret: &[u8] = b"apples";
    let b = Start { secret: Some(secret), cluster: 0xABCD_EF01_2345, ..Start::default() };
    let b = b.node(0x0102_0304).await;
    for (mine, purpose) in [(None, Purpose::Rest), (Some(&b"pears"[..]), Purpose::Knock)] {
        let mut stream = TcpStream::connect(b.address()).await.unwrap();
        let me = Identity { node: NodeId(9), boot: 1, cluster: 5 };
        let (versions, to) = ((1, 1), NodeId(0));
        let wanted = Wanted { purpose, versions, secret: mine, leases: None, me, to };
        let failed = dial(&mut stream, wanted).await.unwrap_err().to_string();
        assert!(failed.contains("secret"), "{failed}");
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert_eq!(rest, b"");
    }
}
