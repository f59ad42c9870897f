//! The addresses of the peers.

use std::path::Path;

use crate::{Disk, SimDisk, StorageError, peers};

const DIR: &str = "/data";

fn disk() -> SimDisk {
    let disk = SimDisk::new();
    disk.create_dir_all(Path::new(DIR)).unwrap();
    disk
}

fn save(disk: &SimDisk, addresses: &[&str]) -> Result<(), StorageError> {
    let addresses: Vec<String> = addresses.iter().map(|address| (*address).into()).collect();
    peers::save(disk, Path::new(DIR), &addresses)
}

fn load(disk: &SimDisk) -> Result<Vec<String>, StorageError> {
    peers::load(disk, Path::new(DIR))
}

#[test]
fn the_addresses_kept_last_are_known() {
    let disk = disk();
    assert_eq!(load(&disk).unwrap(), Vec::<String>::new());
    save(&disk, &["a:16379", "b:16379"]).unwrap();
    save(&disk, &["[::1]:16379"]).unwrap();
    disk.power_loss(3);
    assert_eq!(load(&disk).unwrap(), ["[::1]:16379"]);
    save(&disk, &[]).unwrap();
    assert_eq!(load(&disk).unwrap(), Vec::<String>::new());
}

#[test]
fn what_is_no_address_is_not_kept() {
    for odd in ["", "a\nb", "a\rb", "\0"] {
        assert!(save(&disk(), &["a:1", odd]).is_err(), "{odd:?}");
    }
    let long = "x".repeat(1 << 20);
    assert!(matches!(save(&disk(), &[&long]), Err(StorageError::TooLarge { .. })));
}

#[test]
fn the_loss_of_power_leaves_the_old_ones_or_the_new_ones() {
    for step in 0..6 {
        for seed in 0..20 {
            let disk = disk();
            save(&disk, &["old:1"]).unwrap();
            disk.power_off_after(step);
            let saved = save(&disk, &["new:1", "new:2"]).is_ok();
            disk.power_loss(seed);
            let found = load(&disk).unwrap();
            assert!(found == ["new:1", "new:2"] || found == ["old:1"] && !saved);
        }
    }
}

#[test]
fn every_flipped_byte_and_every_cut_is_found() {
    let disk = disk();
    save(&disk, &["a:16379", "b:16379"]).unwrap();
    let path = Path::new("/data/PEERS");
    let bytes = disk.bytes(path).unwrap();
    for at in 0..bytes.len() {
        let copy = disk.copy();
        copy.flip(path, at as u64, 1 << (at % 8));
        assert!(load(&copy).unwrap_err().is_damage(), "byte {at}");
        copy.put(path, &bytes[..at]);
        assert!(load(&copy).unwrap_err().is_damage(), "cut at {at}");
    }
}
