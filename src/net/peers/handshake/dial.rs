//! The side that dials.

use lockstep_core::NodeId;
use tokio::net::TcpStream;

use super::message::{self, Fields, Hello, Part, Purpose};
use super::proof::{self, Role};
use super::{Agreed, Failed, Identity, Refusal, receive, send};
use crate::peers::options::Leases;

/// What is asked of the other side.
#[derive(Clone, Copy, Debug)]
pub(in crate::peers) struct Wanted<'a> {
    pub(in crate::peers) purpose: Purpose,
    pub(in crate::peers) versions: (u16, u16),
    pub(in crate::peers) secret: Option<&'a [u8]>,
    pub(in crate::peers) leases: Option<Leases>,
    pub(in crate::peers) me: Identity,
    /// Who is expected to answer; 0: whoever does.
    pub(in crate::peers) to: NodeId,
}

/// Introduces this node; says what was agreed and who answered.
pub(in crate::peers) async fn dial(
    stream: &mut TcpStream,
    wanted: Wanted<'_>,
) -> Result<(Agreed, Identity), Failed> {
    let Wanted { purpose, versions, secret, leases, me, to } = wanted;
    let secured = secret.is_some();
    let secret = secret.unwrap_or_default();
    let nonce = proof::nonce();
    let hello = Hello { versions, purpose, secured, from: me, to, nonce, leases };
    let hello = message::hello(&hello);
    send(stream, &hello).await?;

    let challenge = expect(stream, Part::Challenge).await?;
    let asked = Fields::of(&challenge).challenge().ok_or(Failed::Nonsense)?;
    if asked.secured != secured {
        let refusal = if secured { Refusal::SecretUnknown } else { Refusal::SecretMissing };
        return Err(Failed::Refused(refusal));
    }
    if !(versions.0..=versions.1).contains(&asked.version) {
        return Err(Failed::Nonsense);
    }
    let proof = proof::code(secret, Role::Dials, &[&hello, &challenge]);
    let proof = message::Writer::new(Part::Proof).put(&proof).end();
    send(stream, &proof).await?;

    let welcome = expect(stream, Part::Welcome).await?;
    let mut fields = Fields::of(&welcome);
    let there = fields.identity().ok_or(Failed::Nonsense)?;
    let shown = fields.proof().ok_or(Failed::Nonsense)?;
    let ids = message::Writer::new(Part::Welcome).identity(there);
    let said: [&[u8]; 4] = [&hello, &challenge, &proof, ids.so_far()];
    if !proof::is_proof(&shown, secret, Role::IsDialled, &said) {
        return Err(Failed::Refused(Refusal::SecretWrong));
    }
    if purpose != Purpose::Knock {
        check(there, me, to)?;
    }
    let seals = proof::seals(secret, &[&hello, &challenge]);
    Ok((Agreed { version: asked.version, seals }, there))
}

/// Who is dialled has checked all this too; but it could be somebody else's software.
fn check(there: Identity, me: Identity, to: NodeId) -> Result<(), Failed> {
    let refusal = if there.cluster != me.cluster {
        Refusal::Cluster { dialled: there.cluster, dials: me.cluster }
    } else if to != NodeId(0) && there.node != to {
        Refusal::Node { here: there.node, expected: to }
    } else {
        return Ok(());
    };
    Err(Failed::Refused(refusal))
}

async fn expect(stream: &mut TcpStream, wanted: Part) -> Result<Vec<u8>, Failed> {
    let (part, message) = receive(stream).await?;
    if part == Part::Refusal {
        let refusal = Fields::of(&message).refusal().ok_or(Failed::Nonsense)?;
        return Err(Failed::Refused(refusal));
    }
    if part != wanted {
        return Err(Failed::Nonsense);
    }
    Ok(message)
}
