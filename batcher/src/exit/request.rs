//! What owners ask for: a CSV file of `leaf,recipient[,signature]`.

use std::{collections::BTreeSet, path::Path};

use alloy::primitives::Address;
use cairn_prover::ExitRequest;
use cairn_state::{State, sign_exit, verify_exit};
use cairn_types::{AccountId, Signature, Word};
use eyre::{Result, bail, ensure};

use super::keys::Keys;
use crate::parse::{address, bytes, decimal, shown, table};

/// A line of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The leaf.
    pub leaf: AccountId,
    /// The L1 address that is credited.
    pub recipient: Address,
    /// The leaf's key's; where there is none, a key at hand must make it.
    pub signature: Option<Signature>,
}

/// The columns; the last need not be there.
const COLUMNS: [&str; 3] = ["leaf", "recipient", "signature"];

/// Reads the file; its first line names the columns.
///
/// # Errors
/// Where the file holds something else, with the line; a leaf that stands there twice.
pub fn read(path: &Path) -> Result<Vec<Row>> {
    let mut leaves = BTreeSet::new();
    let rows = table::read(path, COLUMNS, 1, |fields| {
        let row = Row::new(fields)?;
        if !leaves.insert(row.leaf) {
            return Err(format!("leaf {} stands there twice", row.leaf));
        }
        Ok(row)
    });
    Ok(rows?)
}

impl Row {
    fn new([leaf, recipient, signature]: [&str; 3]) -> Result<Self, String> {
        let not = |column, field, error| format!("{column}: {error}, got {}", shown(field));
        let leaf = decimal(leaf).map_err(|error| not("leaf", leaf, error))?;
        let recipient = address(recipient).map_err(|error| not("recipient", recipient, error))?;
        if recipient.is_zero() {
            return Err("recipient: the zero address would lose the money".to_owned());
        }
        let signature = match signature {
            "" => None,
            text => Some(parse_signature(text).map_err(|reason| format!("signature: {reason}"))?),
        };
        Ok(Self { leaf, recipient, signature })
    }

    /// The line of a file with signatures.
    #[must_use]
    pub fn line(request: &ExitRequest) -> String {
        let signature = hex::encode(request.signature.to_bytes());
        format!("{},{},0x{signature}\n", request.leaf, Address::from(request.recipient))
    }
}

/// First line of a file with signatures.
pub const HEADER: &str = "leaf,recipient,signature\n";

fn parse_signature(text: &str) -> Result<Signature, String> {
    let raw = bytes::<{ Signature::BYTES }>(text).map_err(|error| error.to_string())?;
    Signature::from_bytes(&raw).map_err(|error| error.to_string())
}

/// The requests, each of a leaf of `state` that its key lets go: signed in the file, or with one of `keys`.
///
/// # Errors
/// The first leaf that may not leave, with the reason and what to do.
pub fn sign_and_check(
    rows: &[Row],
    state: &State,
    domain: &Word,
    keys: &Keys,
) -> Result<Vec<ExitRequest>> {
    rows.iter()
        .map(|row| {
            let Row { leaf, recipient, signature } = *row;
            let key = state.account(leaf).key;
            if key.is_zero() {
                bail!("leaf {leaf} is empty in this state: see `cairn exit list` for the leaves");
            }
            let recipient = recipient.into_array();
            let signature = match (signature, keys.get(&key)) {
                (Some(signature), _) => {
                    ensure!(
                        verify_exit(&key, domain, leaf, &recipient, &signature),
                        "leaf {leaf}: the signature does not hold for this key, recipient and rollup: sign again with `cairn exit sign`"
                    );
                    signature
                }
                (None, Some(secret)) => sign_exit(secret, domain, leaf, &recipient),
                (None, None) => bail!(
                    "leaf {leaf} is not signed, and --keys has not its key: add the key, or get a signature made with `cairn exit sign`"
                ),
            };
            Ok(ExitRequest { leaf, recipient, signature })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use cairn_primitives::schnorr::SecretKey;
    use cairn_types::PriorityOperation;

    use super::*;

    const ALICE: AccountId = 1 << 16;

    fn parse(text: &str) -> Result<Vec<Row>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path())
    }

    fn refusal(text: &str) -> String {
        format!("{:#}", parse(text).unwrap_err())
    }

    #[test]
    fn malformed_lines_are_named() {
        let one = format!("leaf,recipient\n7,0x{}\n", "11".repeat(20));
        let rows = parse(&one).unwrap();
        let recipient = Address::repeat_byte(0x11);
        assert_eq!(rows, [Row { leaf: 7, recipient, signature: None }]);
        assert!(refusal("leaf,recipient\n").contains("holds no rows"));
        let twice = format!("{one}\r\n7,0x{}\n", "22".repeat(20));
        assert!(refusal(&twice).contains("line 4: leaf 7 stands there twice"));
        let good = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        let mistyped = good.replace("eAed", "eaed");
        for (line, reason) in [
            ("4294967296,0x11", "line 2: leaf: expected a decimal number below 2^32"),
            (&format!("+7,{good}"), "leaf: expected a decimal number"),
            (&format!("007,{good}"), "leaf: expected a decimal number"),
            ("7,0x11", "line 2: recipient: expected an address"),
            (&format!("7,{}", &good[2..]), "recipient: expected an address"),
            (&format!("7,{mistyped}"), "recipient: expected an address with its EIP-55 checksum"),
            ("7,0x0000000000000000000000000000000000000000", "would lose the money"),
            ("7", "line 2: expected 2 fields, got 1"),
        ] {
            let text = refusal(&format!("leaf,recipient\n{line}\n"));
            assert!(text.contains(reason), "{text}");
        }
        for text in [good, &good.to_lowercase(), &good.to_uppercase().replace('X', "x")] {
            let rows = parse(&format!("leaf,recipient\n7,{text}\n")).unwrap();
            assert_eq!(rows[0].recipient.to_string(), good);
        }
        for signature in ["0xzz", "0x11"] {
            let line = format!("7,0x{},{signature}", "11".repeat(20));
            let text = refusal(&format!("leaf,recipient,signature\n{line}\n"));
            assert!(text.contains("signature: expected 0x and 112 hex digits, got 4"), "{text}");
        }
    }

    #[test]
    fn a_leaf_is_signed_in_the_file_or_with_a_key_at_hand() {
        let secret = SecretKey::from_seed(&[1; 32]);
        let key = secret.public().into();
        let operations = [
            PriorityOperation::RegisterToken { token: 0, quantum_exponent: 1, key },
            PriorityOperation::Deposit { leaf: u32::MAX, token: 0, amount: 5, key },
        ];
        let words: Vec<_> = operations.iter().flat_map(|o| o.words().unwrap()).collect();
        let mut state = State::genesis();
        state.replay(&Word::default(), &words, &[]).unwrap();

        let domain = Word::new([3; 31]);
        let row = Row { leaf: ALICE, recipient: Address::repeat_byte(9), signature: None };
        let mut keys = Keys::default();
        let refused = |row: Row, keys: &Keys| {
            sign_and_check(&[row], &state, &domain, keys).unwrap_err().to_string()
        };
        assert!(refused(row, &keys).contains("is not signed"));
        keys.add(secret);
        let [signed] = sign_and_check(&[row], &state, &domain, &keys).unwrap()[..] else {
            panic!()
        };

        // What `sign` writes, `prove` reads.
        let rows = parse(&format!("{HEADER}{}", Row::line(&signed))).unwrap();
        let requests = sign_and_check(&rows, &state, &domain, &Keys::default()).unwrap();
        assert_eq!(requests, [signed]);
        let stolen = Row { recipient: Address::repeat_byte(8), ..rows[0] };
        assert!(refused(stolen, &keys).contains("the signature does not hold"));
        assert!(refused(Row { leaf: ALICE + 1, ..row }, &keys).contains("is empty"));
    }
}
