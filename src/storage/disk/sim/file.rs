//! A file that is open on the disk in memory.

use std::io;

use parking_lot::MutexGuard;

use super::{Inode, SimDisk, SimOp, State, gone};
use crate::disk::DiskFile;

#[derive(Debug)]
pub(super) struct SimFile {
    pub(super) disk: SimDisk,
    pub(super) life: u64,
    pub(super) inode: u64,
}

impl SimFile {
    pub(super) fn enter(&self, op: SimOp) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.disk.state();
        if state.life != self.life {
            return Err(gone());
        }
        state.pass(op)?;
        Ok(state)
    }

    pub(super) fn inode<'a>(&self, state: &'a mut State) -> &'a mut Inode {
        state.inodes.get_mut(&self.inode).expect("an open file keeps its bytes")
    }
}

impl DiskFile for SimFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.enter(SimOp::Read)?;
        let live = &self.inode(&mut state).live;
        let start = (offset as usize).min(live.len());
        let count = buf.len().min(live.len() - start);
        buf[..count].copy_from_slice(&live[start..start + count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.enter(SimOp::Write)?;
        state.room_for(self.inode, offset + bytes.len() as u64)?;
        self.inode(&mut state).write(offset as usize, bytes);
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        let mut state = self.enter(SimOp::Read)?;
        Ok(self.inode(&mut state).live.len() as u64)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.enter(SimOp::Write)?;
        state.room_for(self.inode, len)?;
        self.inode(&mut state).set_len(len as usize);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync_with(Inode::sync)
    }
}

impl SimFile {
    pub(super) fn sync_with(&self, sync: fn(&mut Inode)) -> io::Result<()> {
        let hook = {
            let state = self.disk.state();
            state.on_sync.clone().map(|hook| (hook, state.syncs + 1))
        };
        // Without the lock: it may want to know something of the disk.
        if let Some((hook, number)) = hook {
            hook(number);
        }
        let mut state = self.disk.state();
        state.held_up += 1;
        while state.syncs_held && state.life == self.life {
            self.disk.shared.released.wait(&mut state);
        }
        state.held_up -= 1;
        if state.life != self.life {
            return Err(gone());
        }
        let off = state.power_off_at.is_some_and(|at| state.steps >= at);
        let passed = state.pass(SimOp::Sync);
        state.syncs += 1;
        let inode = self.inode(&mut state);
        match &passed {
            Ok(()) => sync(inode),
            Err(_) if off => {}
            Err(_) => inode.lose_unsynced(),
        }
        passed
    }
}
