//! What only larger values show: strings that count many elements, and many places.

use std::fmt::Write as _;

use lockstep_tests::{Client, Server, Value, tool};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// Asks both; the reply, which must be the same.
fn both(ends: &mut [Client; 2], words: &[&str]) -> Value {
    let [redis, lockstep] = ends.each_mut().map(|client| client.call_words(words));
    assert_eq!(lockstep, redis, "{words:?}");
    redis
}

fn pair(hello: &str) -> Option<([Server; 2], [Client; 2])> {
    if !tool("redis-server") {
        return None;
    }
    let servers = [Server::redis(&[]), Server::lockstep(&["--fsync", "never"])];
    let mut ends = servers.each_ref().map(Server::client);
    ends.iter_mut().for_each(|client| _ = client.call(hello));
    Some((servers, ends))
}

/// The same byte for byte, also where PFCOUNT has kept its answer.
#[test]
fn strings_that_count_many_elements_are_those_of_redis() {
    let Some((_servers, mut ends)) = pair("HELLO 3") else { return };
    let mut random = SmallRng::seed_from_u64(super::number("TEST_SEED", 1));
    for (key, many) in [("few", 30), ("some", 700), ("most", 1_400), ("dense", 12_000)] {
        for _ in 0..many / 10 {
            let elements: Vec<String> =
                (0..10).map(|_| random.random_range(0..many * 2).to_string()).collect();
            let mut words = vec!["PFADD", key];
            words.extend(elements.iter().map(String::as_str));
            both(&mut ends, &words);
        }
        both(&mut ends, &["GET", key]);
    }
    for keys in [&["few", "some"][..], &["to", "some", "most"], &["most", "dense", "none"]] {
        both(&mut ends, &[&["PFMERGE"], keys].concat());
        both(&mut ends, &["GET", keys[0]]);
    }
    for key in ["few", "some", "most", "dense", "to"] {
        both(&mut ends, &["PFCOUNT", key]);
        both(&mut ends, &["GET", key]);
        both(&mut ends, &["STRLEN", key]);
        both(&mut ends, &["OBJECT", "ENCODING", key]);
    }
    both(&mut ends, &["PFCOUNT", "few", "dense", "none", "to"]);
    // Another border between sparse and dense.
    both(&mut ends, &["CONFIG", "SET", "hll-sparse-max-bytes", "40"]);
    for number in 0..40 {
        both(&mut ends, &["PFADD", "short", &number.to_string()]);
        both(&mut ends, &["STRLEN", "short"]);
    }
    both(&mut ends, &["SET", "damaged", "HYLL\u{1}and no more than this"]);
    for words in
        [&["PFADD", "damaged", "a"][..], &["PFCOUNT", "damaged"], &["PFMERGE", "to", "damaged"]]
    {
        both(&mut ends, words);
    }
}

#[test]
fn places_are_found_in_the_order_of_redis() {
    for hello in ["HELLO 2", "HELLO 3"] {
        let Some((_servers, mut ends)) = pair(hello) else { return };
        let mut random = SmallRng::seed_from_u64(super::number("TEST_SEED", 1));
        for number in 0..600 {
            let (west, south, size) = match number % 3 {
                0 => (-180.0, -85.0, [360.0, 170.0]),
                1 => (10.0, 45.0, [1.0, 1.0]),
                _ => (-179.9, 80.0, [0.5, 5.0]),
            };
            let longitude: f64 = west + random.random_range(0.0..size[0]);
            let latitude: f64 = south + random.random_range(0.0..size[1]);
            let (longitude, latitude) = (longitude.to_string(), latitude.to_string());
            both(&mut ends, &["GEOADD", "k", &longitude, &latitude, &number.to_string()]);
        }
        for _ in 0..500 {
            let mut line = String::from("GEOSEARCH k ");
            match random.random_range(0..3) {
                0 => write!(line, "FROMMEMBER {} ", random.random_range(0..600)).unwrap(),
                _ => {
                    let place =
                        [random.random_range(-180.0..180.0), random.random_range(-85.0..85.0)];
                    write!(line, "FROMLONLAT {:.4} {:.4} ", place[0], place[1]).unwrap();
                }
            }
            let far = 10_f64.powf(random.random_range(0.0..4.5));
            match random.random_range(0..2) {
                0 => write!(line, "BYRADIUS {far:.3} km ").unwrap(),
                _ => {
                    let width = far * random.random_range(0.1..3.0);
                    write!(line, "BYBOX {width:.3} {far:.3} mi ").unwrap();
                }
            }
            line += ["", "ASC", "DESC", "COUNT 3 ANY", "COUNT 5"][random.random_range(0..5)];
            line += ["", " WITHDIST", " WITHHASH WITHCOORD"][random.random_range(0..3)];
            let words: Vec<&str> = line.split_whitespace().collect();
            both(&mut ends, &words);
            let stored = line.replacen("GEOSEARCH k", "GEOSEARCHSTORE to k", 1);
            if !stored.contains("WITH") {
                both(&mut ends, &stored.split_whitespace().collect::<Vec<_>>());
                both(&mut ends, &["ZRANGE", "to", "0", "-1", "WITHSCORES"]);
            }
        }
        let all: Vec<String> = (0..601).map(|number| number.to_string()).collect();
        for command in ["GEOPOS", "GEOHASH"] {
            let mut words = vec![command, "k"];
            words.extend(all.iter().map(String::as_str));
            both(&mut ends, &words);
        }
        for _ in 0..200 {
            let [one, two] = [(); 2].map(|()| random.random_range(0..600).to_string());
            both(&mut ends, &["GEODIST", "k", &one, &two, "FT"]);
        }
    }
}
