//! The code on L1 against the code that the source makes.

use alloy::primitives::{B256, keccak256};

use super::{Findings, Rebuilt, VerifyError, holders};
use crate::{deploy::manifest::Manifest, l1::reader::Reader};

/// Compares all code, and the manifest's hashes of it; whether the code on L1 is the source's.
pub(super) async fn compare(
    findings: &mut Findings,
    manifest: &Manifest,
    reader: &Reader,
    rebuilt: &Rebuilt,
) -> Result<bool, VerifyError> {
    let mut same = true;
    for contract in &rebuilt.contracts {
        let (name, address) = (&contract.name, contract.address);
        let code = reader.code(address).await?;
        let what = format!("code of {name} at {address}");
        findings.compare_code(&what, &contract.code, &code, &contract.immutables);
        let what = format!("manifest: code hash of {name}");
        findings.compare(&what, &keccak256(&code), &noted_hash(manifest, name));
        if contract.code != code {
            same = false;
            let found = holders::describe(reader, address).await?;
            findings.note(format!("at {address}, where {name} should be: {found}"));
        }
    }
    Ok(same)
}

fn noted_hash(manifest: &Manifest, name: &str) -> B256 {
    if name == "Custody" {
        return manifest.custody_code_hash;
    }
    let contract = manifest.contracts.iter().find(|contract| contract.name == name);
    contract.map_or(B256::ZERO, |contract| contract.code_hash)
}
