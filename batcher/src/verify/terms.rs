//! What users are promised: the manifest's terms against the immutables on L1, and the two contracts against each
//! other.

use alloy::primitives::{B256, U256};

use super::{Findings, VerifyError};
use crate::{
    deploy::manifest::Manifest,
    l1::{
        contracts::{ICustody, IRollupL1},
        data_modes::DataModes,
        reader::Reader,
    },
};

/// Compares them. The code has been compared before, so the answers are the constructor's arguments.
pub(super) async fn compare(
    findings: &mut Findings,
    manifest: &Manifest,
    reader: &Reader,
) -> Result<(), VerifyError> {
    let what = "reading the rollup's terms";
    let rollup = IRollupL1::new(reader.address(), reader.provider());
    let custody = reader.view(what, rollup.CUSTODY()).await?;
    findings.compare("custody", &manifest.custody, &custody);
    let custody = ICustody::new(custody, reader.provider());
    let partner = reader.view(what, custody.ROLLUP()).await?;
    findings.compare("custody: its rollup", &reader.address(), &partner);
    let domain = reader.view(what, rollup.DOMAIN()).await?;
    let expected = B256::left_padding_from(&reader.domain().bytes());
    findings.compare("domain", &expected, &domain);

    let terms = &manifest.terms;
    for (name, expected, got) in [
        ("priority fee", terms.priority_fee, reader.view(what, rollup.PRIORITY_FEE()).await?),
        (
            "priority fee, by custody",
            terms.priority_fee,
            reader.view(what, custody.PRIORITY_FEE()).await?,
        ),
        (
            "priority deadline",
            U256::from(terms.priority_deadline),
            reader.view(what, rollup.PRIORITY_DEADLINE()).await?,
        ),
        (
            "upgrade delay",
            U256::from(terms.upgrade_delay),
            reader.view(what, rollup.UPGRADE_DELAY()).await?,
        ),
    ] {
        findings.compare(&format!("terms: {name}"), &expected, &got);
    }
    let modes = reader.view(what, rollup.DATA_MODES()).await?;
    let what_modes = format!("terms: data modes ({})", DataModes::from(modes));
    findings.compare(&what_modes, &U256::from(terms.data_modes.bits()), &modes);
    let forced = reader.view(what, custody.FORCED_TRANSACTIONS()).await?;
    findings.compare("terms: forced transactions", &terms.forced_transactions, &forced);
    let window = terms.upgrade_delay.saturating_sub(terms.priority_deadline);
    findings.note(format!(
        "{window} s are left to leave before new circuits of the governor count: {} s until then, \
         {} s until anyone may freeze",
        terms.upgrade_delay, terms.priority_deadline
    ));
    if !forced {
        findings.note(
            "no forced transactions: an operator that leaves out some, and not all, cannot be made \
             to let them go",
        );
    }
    Ok(())
}
