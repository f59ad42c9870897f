//! The proxy does to the bytes what it is told to.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use lockstep_tests::{Faults, Proxy, Way, wait_for};

const PATIENCE: Duration = Duration::from_secs(10);

/// A port that sends back whatever comes.
fn echo() -> SocketAddr {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in socket.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut buf = [0; 4096];
                while let Ok(read @ 1..) = stream.read(&mut buf) {
                    if stream.write_all(&buf[..read]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

fn dial(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.address()).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends some bytes and reads as many; says how long that took.
fn round_trip(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<(Vec<u8>, Duration)> {
    let start = Instant::now();
    stream.write_all(bytes)?;
    let mut back = vec![0; bytes.len()];
    stream.read_exact(&mut back)?;
    Ok((back, start.elapsed()))
}

fn echoes(stream: &mut TcpStream) -> Duration {
    let (back, time) = round_trip(stream, b"hello").unwrap();
    assert_eq!(back, b"hello");
    time
}

#[test]
fn without_faults_everything_arrives() {
    let proxy = Proxy::to(echo());
    let mut stream = dial(&proxy);
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|at| (at % 251) as u8).collect();
    let mut writer = stream.try_clone().unwrap();
    let sent = bytes.clone();
    let writing = std::thread::spawn(move || writer.write_all(&sent).unwrap());
    let mut back = vec![0; bytes.len()];
    stream.read_exact(&mut back).unwrap();
    writing.join().unwrap();
    assert!(back == bytes);
    assert_eq!(proxy.connections(), 1);
    wait_for("all is counted", || proxy.bytes(Way::Both) == 2_000_000);
    assert_eq!(proxy.corrupted(Way::Both), 0);
    drop(stream);
    wait_for("the end gets through", || proxy.connections() == 0);
}

#[test]
fn a_cut_closes_what_is_there_and_what_comes_until_it_is_mended() {
    let proxy = Proxy::to(echo());
    let mut stream = dial(&proxy);
    echoes(&mut stream);
    let start = Instant::now();
    proxy.cut();
    assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(round_trip(&mut dial(&proxy), b"hello").is_err());
    proxy.mend();
    echoes(&mut dial(&proxy));
}

#[test]
fn what_is_held_arrives_when_it_is_mended() {
    for way in [Way::There, Way::Back, Way::Both] {
        let proxy = Proxy::to(echo());
        let mut stream = dial(&proxy);
        echoes(&mut stream);
        proxy.set(way, Faults { held: true, ..Faults::default() });
        stream.write_all(b"late").unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(150))).unwrap();
        assert!(stream.read(&mut [0; 4]).is_err(), "{way:?}");
        proxy.mend();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut late = [0; 4];
        stream.read_exact(&mut late).unwrap();
        assert_eq!(&late, b"late");
    }
}

#[test]
fn one_way_is_held_and_the_other_is_not() {
    let proxy = Proxy::to(echo());
    let mut stream = dial(&proxy);
    echoes(&mut stream);
    // What has passed is counted a moment later.
    wait_for("the echo is counted", || proxy.bytes(Way::Back) == proxy.bytes(Way::There));
    proxy.set(Way::Back, Faults { held: true, ..Faults::default() });
    let (there, back) = (proxy.bytes(Way::There), proxy.bytes(Way::Back));
    stream.write_all(b"hello").unwrap();
    wait_for("it gets there", || proxy.bytes(Way::There) == there + 5);
    assert_eq!(proxy.bytes(Way::Back), back);
}

#[test]
fn a_line_that_holds_tells_nobody_of_an_end() {
    let proxy = Proxy::to(echo());
    let mut stream = dial(&proxy);
    echoes(&mut stream);
    proxy.hold();
    drop(stream);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(proxy.connections(), 1);
    proxy.mend();
    wait_for("the end gets through", || proxy.connections() == 0);
}

#[test]
fn a_delay_counts_in_each_direction_and_jitter_differs() {
    let proxy = Proxy::to(echo());
    let mut stream = dial(&proxy);
    let faults = Faults {
        delay: Duration::from_millis(40),
        jitter: Duration::from_millis(20),
        ..Faults::default()
    };
    proxy.set(Way::Both, faults);
    let times: Vec<Duration> = (0..10).map(|_| echoes(&mut stream)).collect();
    assert!(times.iter().all(|time| *time >= Duration::from_millis(40)), "{times:?}");
    let (least, most) = (times.iter().min().unwrap(), times.iter().max().unwrap());
    assert!(*most - *least > Duration::from_millis(3), "{times:?}");
}

#[test]
fn pieces_travel_at_the_same_time_however_long_they_take() {
    let proxy = Proxy::to(echo());
    let mut stream = dial(&proxy);
    proxy.set(Way::Both, Faults { delay: Duration::from_millis(100), ..Faults::default() });
    let start = Instant::now();
    for _ in 0..20 {
        stream.write_all(b"hello").unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    stream.read_exact(&mut [0; 100]).unwrap();
    let time = start.elapsed();
    assert!(time >= Duration::from_millis(200) && time < Duration::from_secs(2), "{time:?}");
}

#[test]
fn a_narrow_line_takes_its_time() {
    let proxy = Proxy::to(echo());
    let mut stream = dial(&proxy);
    echoes(&mut stream);
    proxy.set(Way::There, Faults { bytes_per_second: Some(1_000_000), ..Faults::default() });
    let mut writer = stream.try_clone().unwrap();
    let start = Instant::now();
    let writing = std::thread::spawn(move || writer.write_all(&vec![1; 300_000]).unwrap());
    stream.read_exact(&mut vec![0; 300_000]).unwrap();
    writing.join().unwrap();
    let time = start.elapsed();
    assert!(time > Duration::from_millis(200) && time < Duration::from_secs(3), "{time:?}");
}

#[test]
fn bytes_are_changed_as_often_as_it_is_told() {
    let proxy = Proxy::to(echo());
    let mut stream = dial(&proxy);
    proxy.set(Way::There, Faults { corrupt_one_in: Some(100), ..Faults::default() });
    let mut changed = 0;
    for _ in 0..100 {
        let (back, _) = round_trip(&mut stream, &[0; 1000]).unwrap();
        changed += back.iter().filter(|byte| **byte != 0).count() as u64;
        assert!(back.iter().all(|byte| byte.count_ones() <= 1));
    }
    assert!((600..1500).contains(&changed), "{changed} of 100000");
    wait_for("all is counted", || proxy.corrupted(Way::There) == changed);
    assert_eq!(proxy.corrupted(Way::Back), 0);
}

#[test]
fn flapping_comes_and_goes_until_it_is_mended() {
    let proxy = Proxy::to(echo());
    proxy.flap(Duration::from_millis(60), Duration::from_millis(60));
    let works = || round_trip(&mut dial(&proxy), b"hello").is_ok();
    for _ in 0..3 {
        wait_for("it is down", || !works());
        wait_for("it is up", works);
    }
    proxy.mend();
    for _ in 0..5 {
        echoes(&mut dial(&proxy));
    }
}

#[test]
fn the_target_can_move() {
    let proxy = Proxy::to(TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    assert!(round_trip(&mut dial(&proxy), b"hello").is_err(), "nobody is there");
    proxy.leads_to(echo());
    echoes(&mut dial(&proxy));
}

#[test]
fn a_node_is_known_by_its_first_words_and_can_be_cut_off_alone() {
    use lockstep_core::NodeId;
    use lockstep_net::peers::{Lane, Listen, PeerLinks, PeerOptions, Served, Service};

    struct Echo;

    impl Service for Echo {
        fn serve(&self, _: NodeId, request: bytes::Bytes) -> Served {
            Served::Now(request)
        }
        fn told(&self, _: NodeId, _: bytes::Bytes) {}
        fn knocked(&self, request: bytes::Bytes) -> Served {
            Served::Now(request)
        }
        fn link_lost(&self, _: NodeId, _: bool) {}
    }

    async fn node(id: u64) -> Arc<PeerLinks> {
        let listen = Listen::At { addresses: vec!["127.0.0.1".into()], port: 0 };
        let options = PeerOptions::new(listen, NodeId(id), 1, Arc::new(AtomicU64::new(1)));
        PeerLinks::start(options, Arc::new(Echo)).await.unwrap()
    }

    async fn until(holds: impl Fn() -> bool) {
        let start = Instant::now();
        while !holds() {
            assert!(start.elapsed() < PATIENCE);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (one, two, three) = (node(0xA1).await, node(0xA2).await, node(0xA3).await);
        let proxy = Proxy::to(three.addresses()[0]);
        for from in [&one, &two] {
            from.know(NodeId(0xA3), &proxy.address().to_string());
            until(|| from.reaches(NodeId(0xA3))).await;
        }
        assert_eq!(proxy.nodes(), [0xA1, 0xA2]);
        proxy.cut_from(0xA1);
        until(|| !one.reaches(NodeId(0xA3))).await;
        let time = Duration::from_secs(5);
        assert!(two.call(NodeId(0xA3), Lane::Data, "x".into(), time).await.is_ok());
        assert!(two.reaches(NodeId(0xA3)));
        proxy.mend();
        until(|| one.reaches(NodeId(0xA3))).await;
        proxy.set_from(0xA2, Way::Back, Faults { held: true, ..Faults::default() });
        until(|| !two.reaches(NodeId(0xA3))).await;
        assert!(one.reaches(NodeId(0xA3)));
    });
}
