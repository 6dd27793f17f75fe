//! What users are promised: the manifest's terms against the immutables on L1, and the two contracts against each
//! other. Terms that are as promised and worth nothing are warned of.

use alloy::primitives::{B256, U256, utils::format_ether};

use super::{
    Findings, VerifyError,
    time::{DAY, HOUR, Seconds, YEAR},
};
use crate::{
    deploy::{
        config::{Roles, Terms},
        manifest::Manifest,
    },
    l1::{
        contracts::{ICustody, IRollupL1},
        data_modes::DataModes,
        reader::Reader,
    },
};

/// With less time than this, anyone freezes a rollup whose operator does all it can: a batch, its proof and both
/// transactions must fit, also while L1 is full.
const LEAST_DEADLINE: u64 = HOUR;
/// Four times the default. For so long an operator can let nobody go: an escape after a season is none to whoever needs
/// the money.
const MOST_DEADLINE: u64 = 60 * DAY;
/// What is left to leave in is time to notice. Whoever looks once a week must learn of new circuits before they count.
const LEAST_WINDOW: u64 = 7 * DAY;
/// For so long nobody but the council could mend a fault in the circuits.
const MOST_DELAY: u64 = YEAR;
/// What the governor does at once, such as another data committee, is seen when it is done.
const LEAST_TIMELOCK: u64 = DAY;
/// A governor whose first act counts after a year is none.
const MOST_TIMELOCK: u64 = YEAR;
/// Wei: a hundredth of an ether, and a hundred times the default. Whoever has less than what it costs to be let out is
/// locked in.
const MOST_FEE: u64 = 10_000_000_000_000_000;

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
    for (name, got) in [
        ("priority fee", reader.view(what, rollup.PRIORITY_FEE()).await?),
        ("priority fee, by custody", reader.view(what, custody.PRIORITY_FEE()).await?),
    ] {
        findings.compare(&format!("terms: {name}"), &terms.priority_fee, &got);
    }
    for (name, expected, got) in [
        (
            "priority deadline",
            terms.priority_deadline,
            reader.view(what, rollup.PRIORITY_DEADLINE()).await?,
        ),
        ("upgrade delay", terms.upgrade_delay, reader.view(what, rollup.UPGRADE_DELAY()).await?),
    ] {
        findings.compare(&format!("terms: {name}"), &Seconds::from(expected), &Seconds(got));
    }
    let modes = reader.view(what, rollup.DATA_MODES()).await?;
    let what_modes = format!("terms: data modes ({})", DataModes::from(modes));
    findings.compare(&what_modes, &U256::from(terms.data_modes.bits()), &modes);
    let forced = reader.view(what, custody.FORCED_TRANSACTIONS()).await?;
    findings.compare("terms: forced transactions", &terms.forced_transactions, &forced);
    let window = terms.upgrade_delay.saturating_sub(terms.priority_deadline);
    findings.note(format!(
        "{} are left to leave before new circuits of the governor count: {} until then, \
         {} until anyone may freeze",
        Seconds::from(window),
        Seconds::from(terms.upgrade_delay),
        Seconds::from(terms.priority_deadline)
    ));
    if !forced {
        findings.note(
            "no forced transactions: an operator that leaves out some, and not all, cannot be made \
             to let them go",
        );
    }
    for warning in warnings(&manifest.roles, terms) {
        findings.note(warning);
    }
    Ok(())
}

/// Terms beyond reason, each with what it means. `cairn deploy` takes them: they are no difference, and nobody should
/// accept them without a thought.
fn warnings(roles: &Roles, terms: &Terms) -> Vec<String> {
    let [deadline, delay] = [terms.priority_deadline, terms.upgrade_delay].map(u64::from);
    let (window, timelock) = (delay.saturating_sub(deadline), roles.timelock_delay);
    let all = [
        (
            deadline < LEAST_DEADLINE,
            format!(
                "an operation of the queue must be proven within {}: an honest operator that is \
                 late is frozen by anyone",
                Seconds::from(deadline)
            ),
        ),
        (
            deadline > MOST_DEADLINE,
            format!(
                "an operator can hold back everyone's money for {}: only then anyone may freeze",
                Seconds::from(deadline)
            ),
        ),
        (
            window < LEAST_WINDOW,
            format!(
                "who does not see new circuits within {} cannot leave before",
                Seconds::from(window)
            ),
        ),
        (
            delay > MOST_DELAY,
            format!(
                "new circuits of the governor count after {}: until then a fault in the circuits \
                 is the council's alone to mend",
                Seconds::from(delay)
            ),
        ),
        (timelock == 0, "no timelock: the governor acts at once, but for circuit sets".to_owned()),
        (
            timelock != 0 && !(LEAST_TIMELOCK..=MOST_TIMELOCK).contains(&timelock),
            format!(
                "the governor's acts count {} after they are announced",
                Seconds::from(timelock)
            ),
        ),
        (
            terms.priority_fee > U256::from(MOST_FEE),
            format!(
                "each deposit and each forced withdrawal costs {} ether besides its gas",
                format_ether(terms.priority_fee)
            ),
        ),
    ];
    let warned = all.into_iter().filter(|(is_beyond, _)| *is_beyond);
    warned.map(|(_, meaning)| format!("WARNING: {meaning}")).collect()
}

#[cfg(test)]
mod tests {
    use alloy::primitives::Address;

    use super::*;

    /// A change of the terms.
    type Change = fn(&mut Roles, &mut Terms);

    #[test]
    fn terms_beyond_reason_are_warned_of() {
        let holder = Address::repeat_byte(1);
        let roles = Roles {
            governor: holder,
            timelock_delay: 7 * DAY,
            committer: holder,
            prover: holder,
            guardian: holder,
            council: holder,
        };
        assert_eq!(warnings(&roles, &Terms::default()), Vec::<String>::new());
        let changes: [(Change, &str); 9] = [
            (|_, t| t.priority_deadline = 1, "proven within 1 s: an honest"),
            (|_, t| t.priority_deadline = u32::MAX - 1, "money for 4294967294 s (about 136 years"),
            (|_, t| t.upgrade_delay = t.priority_deadline + 1, "new circuits within 1 s cannot"),
            (
                |_, t| t.upgrade_delay = u32::MAX,
                "count after 4294967295 s (about 136 years 70 days)",
            ),
            (|r, _| r.timelock_delay = 0, "no timelock: the governor acts at once"),
            (|r, _| r.timelock_delay = 60, "acts count 60 s (1 minute) after"),
            (|r, _| r.timelock_delay = u64::MAX, "acts count 18446744073709551615 s (about "),
            (|_, t| t.priority_fee = U256::from(2 * MOST_FEE), "costs 0.020000000000000000 ether"),
            (|_, t| t.priority_fee = U256::MAX, " ether besides its gas"),
        ];
        for (change, words) in changes {
            let (mut roles, mut terms) = (roles, Terms::default());
            change(&mut roles, &mut terms);
            let said = warnings(&roles, &terms);
            let is_said =
                |warning: &String| warning.starts_with("WARNING: ") && warning.contains(words);
            assert!(said.iter().any(is_said), "{words}: {said:?}");
        }
    }
}
