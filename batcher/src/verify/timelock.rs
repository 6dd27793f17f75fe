//! The timelock between governor and contracts: its delay, and what waits in it. An operation that was scheduled
//! before anyone looked can be executed once its time has come, whoever holds which role by then.

use std::collections::BTreeMap;

use alloy::{
    primitives::{B256, U256, hex},
    sol_types::{SolEvent, SolInterface},
};

use super::{Findings, VerifyError, structure::TIMELOCK, time::Seconds};
use crate::{
    deploy::manifest::Manifest,
    l1::{
        contracts::{ICustody::ICustodyCalls, IRollupL1::IRollupL1Calls, ITimelock},
        error::rpc,
        http::quote,
        reader::Reader,
    },
};

/// Operations that the storage is asked for.
const MOST_OPERATIONS: usize = 4_096;

/// Calls of one operation that are told.
const MOST_CALLS: usize = 20;

/// Compares the delay; tells the operations that wait.
pub(super) async fn compare(
    findings: &mut Findings,
    manifest: &Manifest,
    reader: &Reader,
    first_block: u64,
) -> Result<(), VerifyError> {
    if manifest.roles.timelock_delay == 0 {
        return Ok(());
    }
    let address = manifest.contract(TIMELOCK)?.address;
    let timelock = ITimelock::new(address, reader.provider());
    let delay = reader.view("reading the timelock's delay", timelock.getMinDelay()).await?;
    let expected = Seconds::from(manifest.roles.timelock_delay);
    findings.compare("timelock: delay", &expected, &Seconds(delay));

    let what = "reading what waits in the timelock";
    let mut operations = BTreeMap::<B256, Vec<String>>::new();
    let topics = [ITimelock::CallScheduled::SIGNATURE_HASH];
    for log in reader.logs(address, &topics, first_block, |_| ()).await? {
        let event = ITimelock::CallScheduled::decode_log(&log.inner).map_err(|e| rpc(what, e))?;
        let ITimelock::CallScheduled { id, target, value, data, .. } = event.data;
        let call = format!("{target}, {value} wei, {}", describe(&data));
        operations.entry(id).or_default().push(call);
    }
    if operations.len() > MOST_OPERATIONS {
        let (most, got) = (MOST_OPERATIONS, operations.len());
        return Err(VerifyError::TooMany { what: "operations of the timelock", most, got });
    }
    let mut waiting = Vec::new();
    for (id, calls) in operations {
        // Cancelled or executed ones are known to the storage, not to these events.
        if !reader.view(what, timelock.isOperationPending(id)).await? {
            continue;
        }
        let time = reader.view(what, timelock.getTimestamp(id)).await?;
        let now = U256::from(reader.head().timestamp);
        let wait = time.saturating_sub(now);
        let ready = match wait.is_zero() {
            true => "can be executed now".to_owned(),
            false => format!("waits {}", Seconds(wait)),
        };
        let more = calls.len().saturating_sub(MOST_CALLS);
        let mut told: Vec<_> = calls.into_iter().take(MOST_CALLS).collect();
        told.extend((more > 0).then(|| format!("{more} more calls")));
        let calls = told.join("; ");
        waiting.push(format!("timelock: operation {id} {ready} (ready at {time}): {calls}"));
    }
    findings.note_all("operations that wait in the timelock", waiting);
    Ok(())
}

/// A call by its name and arguments, if it is one of the contracts' own; else its first bytes.
fn describe(data: &[u8]) -> String {
    let named = IRollupL1Calls::abi_decode(data)
        .map(|call| format!("{call:?}"))
        .or_else(|_| ICustodyCalls::abi_decode(data).map(|call| format!("{call:?}")));
    named.map_or_else(
        |_| {
            quote(&format!(
                "0x{}, {} bytes",
                hex::encode(data.get(..36).unwrap_or(data)),
                data.len()
            ))
        },
        |call| quote(&call),
    )
}

#[cfg(test)]
mod tests {
    use alloy::{
        primitives::{Address, keccak256},
        sol_types::SolCall,
    };

    use super::*;
    use crate::l1::contracts::IRollupL1::grantRoleCall;

    #[test]
    fn calls_of_the_contracts_are_named() {
        let (role, account) = (keccak256("COUNCIL_ROLE"), Address::with_last_byte(0x77));
        let call = describe(&grantRoleCall { role, account }.abi_encode());
        assert!(
            call.contains("grantRole") && call.contains(&account.to_string().to_lowercase()),
            "{call}"
        );
        assert_eq!(describe(&[1, 2, 3]), "0x010203, 3 bytes");
        assert_eq!(describe(&[]), "0x, 0 bytes");
    }
}
