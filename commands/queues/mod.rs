//! Queues.

pub mod qack;
pub mod qconfig;
pub mod qconsumers;
pub mod qcreate;
pub mod qdel;
pub mod qdestroy;
pub mod qextend;
pub mod qget;
pub mod qinfo;
pub mod qlen;
pub mod qlist;
pub mod qmove;
pub mod qmpop;
pub mod qmpush;
pub mod qmsgs;
pub mod qnack;
pub mod qpause;
pub mod qpeek;
pub mod qpending;
pub mod qpop;
pub mod qpurge;
pub mod qpush;
pub mod qredrive;
pub mod qreschedule;
pub mod qresume;
pub mod qscan;
pub mod qsession;

mod disque;
mod manner;
pub(crate) mod settings;
mod shown;
mod wanted;
mod words;

#[cfg(test)]
mod keys;
#[cfg(test)]
mod stories;

use crate::Command;

/// The commands of this family.
pub static COMMANDS: &[Command] = &[
    disque::ACKJOB,
    disque::ADDJOB,
    disque::FASTACK,
    disque::GETJOB,
    disque::NACK,
    disque::QSTAT,
    disque::SHOW,
    disque::WORKING,
    qack::COMMAND,
    qconfig::COMMAND,
    qconsumers::COMMAND,
    qcreate::COMMAND,
    qdel::COMMAND,
    qdestroy::COMMAND,
    qextend::QEXTEND,
    qextend::QTOUCH,
    qget::COMMAND,
    qinfo::COMMAND,
    qlen::COMMAND,
    qlist::COMMAND,
    qmove::COMMAND,
    qmpop::COMMAND,
    qmpush::COMMAND,
    qmsgs::COMMAND,
    qnack::COMMAND,
    qpause::COMMAND,
    qpeek::COMMAND,
    qpending::COMMAND,
    qpop::COMMAND,
    qpurge::COMMAND,
    qpush::COMMAND,
    qredrive::COMMAND,
    qreschedule::COMMAND,
    qresume::COMMAND,
    qscan::COMMAND,
    qsession::COMMAND,
];
