//! Who came first is served first.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;

use crate::server::{Server, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn commands_that_come_while_the_thread_is_busy_are_executed_in_their_order() {
    let server = Server::start().await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        let mut client = TcpStream::connect(server.address).unwrap();
        client.write_all(b"PING\r\n").unwrap();
        client.read_exact(&mut [0; "$4\r\nPONG\r\n".len()]).unwrap();
        clients.push(client);
    }
    let (release, released) = mpsc::channel::<()>();
    let (begin, begun) = tokio::sync::oneshot::channel();
    let busy = tokio::spawn(async move {
        // Comes back when the sockets were looked at: an event of one that is new would
        // be first among those below.
        tokio::task::yield_now().await;
        begin.send(()).unwrap();
        // Blocks the only thread: nobody looks at the sockets.
        released.recv().unwrap();
    });
    begun.await.unwrap();
    for (number, client) in clients.iter_mut().enumerate() {
        client.write_all(format!("NOTE {number}\r\n").as_bytes()).unwrap();
    }
    release.send(()).unwrap();
    busy.await.unwrap();
    let noted = until(|| {
        let noted = server.stage.noted.lock().unwrap().clone();
        (noted.len() == clients.len()).then_some(noted)
    });
    assert_eq!(noted.await, ["0", "1", "2", "3", "4"]);
}
