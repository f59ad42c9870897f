//! The side that is dialled.

use lockstep_core::NodeId;
use tokio::net::TcpStream;

use super::message::{self, Challenge, Fields, Hello, Part, Purpose};
use super::proof::{self, Role};
use super::{Agreed, Failed, Identity, Refusal, receive, send};
use crate::peers::options::Leases;

/// What is asked of who dials.
#[derive(Clone, Copy, Debug)]
pub(in crate::peers) struct Door<'a> {
    pub(in crate::peers) versions: (u16, u16),
    pub(in crate::peers) secret: Option<&'a [u8]>,
    pub(in crate::peers) leases: Option<Leases>,
    pub(in crate::peers) me: Identity,
}

/// Who was let in, and for what.
#[derive(Clone, Copy, Debug)]
pub(in crate::peers) struct Accepted {
    pub(in crate::peers) agreed: Agreed,
    pub(in crate::peers) purpose: Purpose,
    pub(in crate::peers) from: Identity,
}

/// Lets somebody in, or tells why not. `may_enter` has the last word on who has shown
/// that it belongs to the cluster.
pub(in crate::peers) async fn accept(
    stream: &mut TcpStream,
    door: Door<'_>,
    may_enter: impl FnOnce(Identity) -> Result<(), Refusal>,
) -> Result<Accepted, Failed> {
    let (part, hello) = receive(stream).await?;
    let said = Fields::of(&hello).hello().filter(|_| part == Part::Hello);
    let said = said.ok_or(Failed::Nonsense)?;
    let version = match before_proof(&said, door) {
        Ok(version) => version,
        Err(refusal) => return refuse(stream, refusal).await,
    };
    let secret = door.secret.unwrap_or_default();
    let secured = door.secret.is_some();
    let challenge = message::challenge(&Challenge { version, secured, nonce: proof::nonce() });
    send(stream, &challenge).await?;

    let (part, proof) = receive(stream).await?;
    let shown = Fields::of(&proof).proof().filter(|_| part == Part::Proof);
    let shown = shown.ok_or(Failed::Nonsense)?;
    if !proof::is_proof(&shown, secret, Role::Dials, &[&hello, &challenge]) {
        return refuse(stream, Refusal::SecretWrong).await;
    }
    if said.purpose != Purpose::Knock
        && let Err(refusal) = after_proof(&said, door).and_then(|()| may_enter(said.from))
    {
        return refuse(stream, refusal).await;
    }
    let ids = message::Writer::new(Part::Welcome).identity(door.me);
    let told: [&[u8]; 4] = [&hello, &challenge, &proof, ids.so_far()];
    let code = proof::code(secret, Role::IsDialled, &told);
    send(stream, &ids.put(&code).end()).await?;

    let (theirs, mine) = proof::seals(secret, &[&hello, &challenge]);
    let agreed = Agreed { version, seals: (mine, theirs) };
    Ok(Accepted { agreed, purpose: said.purpose, from: said.from })
}

/// The version to speak.
fn before_proof(hello: &Hello, door: Door<'_>) -> Result<u16, Refusal> {
    let (from, to) = door.versions;
    let version = to.min(hello.versions.1);
    if version < from || version < hello.versions.0 {
        return Err(Refusal::Version { from, to });
    }
    match (door.secret.is_some(), hello.secured) {
        (true, false) => Err(Refusal::SecretMissing),
        (false, true) => Err(Refusal::SecretUnknown),
        _ => Ok(version),
    }
}

fn after_proof(hello: &Hello, door: Door<'_>) -> Result<(), Refusal> {
    let Door { me, .. } = door;
    if me.cluster == 0 {
        Err(Refusal::NoCluster)
    } else if hello.from.cluster != me.cluster {
        Err(Refusal::Cluster { dialled: me.cluster, dials: hello.from.cluster })
    } else if hello.to != NodeId(0) && hello.to != me.node {
        Err(Refusal::Node { here: me.node, expected: hello.to })
    } else if hello.from.node == me.node {
        Err(Refusal::Myself)
    } else if let (Some(dialled), Some(dials)) = (door.leases, hello.leases)
        && dialled != dials
    {
        Err(Refusal::Leases { dialled, dials })
    } else {
        Ok(())
    }
}

async fn refuse(stream: &mut TcpStream, refusal: Refusal) -> Result<Accepted, Failed> {
    // Who dials may have gone already: then nobody needs to be told.
    let _ = send(stream, &message::refusal(refusal)).await;
    Err(Failed::Refused(refusal))
}
