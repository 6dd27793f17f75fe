//! How the rollup stands now: what governor, guardian and users have made of it. Nothing of this is right or wrong by
//! the source; whoever brings money must know it.

use alloy::{
    primitives::{Address, U256},
    sol_types::SolEvent,
};

use super::{Findings, VerifyError, holders};
use crate::{
    deploy::manifest::Manifest,
    l1::{
        contracts::{ICustody, IRollupL1},
        data_modes::DataModes,
        reader::Reader,
    },
};

/// Tokens that are told.
const MOST_TOKENS: u16 = 50;

/// Tells everything.
pub(super) async fn describe(
    findings: &mut Findings,
    manifest: &Manifest,
    reader: &Reader,
    first_block: u64,
) -> Result<(), VerifyError> {
    let (head, rollup) = (reader.head(), reader.address());
    let finalized = if head.finalized { "finalized" } else { "not finalized" };
    findings.note(format!(
        "the rollup is {rollup}, its custody {}, on chain {}, at block {} (time {}, {finalized})",
        manifest.custody, manifest.chain_id, head.number, head.timestamp
    ));
    settlement(findings, reader).await?;
    committee(findings, manifest, reader, first_block).await?;
    tokens(findings, manifest, reader).await
}

async fn settlement(findings: &mut Findings, reader: &Reader) -> Result<(), VerifyError> {
    let what = "reading how the rollup stands";
    let rollup = IRollupL1::new(reader.address(), reader.provider());
    let frozen = reader.view(what, rollup.frozenAt()).await?;
    if frozen != 0 {
        findings.note(format!("FROZEN at {frozen}: all that is left to do is to leave"));
    }
    if reader.view(what, rollup.paused()).await? {
        findings.note("PAUSED by the guardian: no batch is committed or proven");
    }
    if reader.view(what, rollup.isOverdue()).await? {
        findings.note("OVERDUE: an operation of the queue has waited too long, anyone may freeze");
    }
    let open = reader.view(what, rollup.openProving()).await?;
    findings.note(format!("proving is {}", if open { "open to anyone" } else { "the prover's" }));
    findings.note(format!(
        "batches: {} committed, {} proven; operations of the queue: {} accepted, {} proven",
        reader.view(what, rollup.committedBatches()).await?,
        reader.view(what, rollup.provenBatches()).await?,
        reader.view(what, rollup.queueLength()).await?,
        reader.view(what, rollup.provenOperations()).await?,
    ));
    Ok(())
}

async fn committee(
    findings: &mut Findings,
    manifest: &Manifest,
    reader: &Reader,
    first_block: u64,
) -> Result<(), VerifyError> {
    let what = "reading the data committee";
    let rollup = IRollupL1::new(reader.address(), reader.provider());
    let modes: DataModes = manifest.terms.data_modes;
    findings.note(format!("data: {modes}"));
    let number = reader.view(what, rollup.committee()).await?;
    if number == 0 {
        if modes.is_validium() {
            findings.note("no data committee: no batch can have its data there yet");
        }
        return Ok(());
    }
    let threshold = reader.view(what, rollup.committeeThreshold()).await?;
    let topics = [IRollupL1::DataCommitteeSet::SIGNATURE_HASH];
    let logs = reader.logs(reader.address(), &topics, first_block, |_| ()).await?;
    let mut events =
        logs.iter().filter_map(|log| IRollupL1::DataCommitteeSet::decode_log(&log.inner).ok());
    let members = events.rfind(|event| event.committee == number).map(|event| event.data.members);
    let members = match &members {
        Some(members) => format!("{} members: {}", members.len(), list(members)),
        None => "members that the node does not tell".to_owned(),
    };
    findings.note(format!("data committee {number}: {threshold} must sign of {members}"));
    Ok(())
}

async fn tokens(
    findings: &mut Findings,
    manifest: &Manifest,
    reader: &Reader,
) -> Result<(), VerifyError> {
    let what = "reading the tokens";
    let custody = ICustody::new(manifest.custody, reader.provider());
    let count = reader.view(what, custody.tokenCount()).await?;
    let told = u16::try_from(count).unwrap_or(u16::MAX).min(MOST_TOKENS);
    for index in 0..told {
        let token = reader.view(what, custody.tokenAt(index)).await?;
        let cap = reader.view(what, custody.depositCap(index)).await?;
        let asset = match token.asset {
            Address::ZERO => "ether".to_owned(),
            asset => format!("{asset}, {}", holders::describe(reader, asset).await?),
        };
        findings.note(format!(
            "token {index}: {asset}; a quantum is 10^{} base units, {} quanta are owed, deposits up to {cap}",
            token.quantumExponent, token.owed
        ));
    }
    if count > U256::from(told) {
        findings.note(format!("tokens: {} more", count - U256::from(told)));
    }
    Ok(())
}

fn list(addresses: &[Address]) -> String {
    let names: Vec<_> = addresses.iter().take(100).map(ToString::to_string).collect();
    names.join(", ")
}
