//! Writes a snapshot.

use std::io::{self, Write};

use cairn_types::Account;
use sha2::{Digest, Sha256};

use super::{MAGIC, Snapshot, VERSION};

pub(super) fn encode(snapshot: &mut Snapshot, mut writer: impl Write) -> io::Result<()> {
    let commitment = snapshot.commitment();
    let mut hashed = Hashed { hasher: Sha256::new(), writer: &mut writer };
    hashed.write_all(&MAGIC)?;
    hashed.write_all(&VERSION.to_be_bytes())?;
    hashed.write_all(&snapshot.chain_id.to_be_bytes())?;
    hashed.write_all(snapshot.rollup.as_slice())?;
    hashed.write_all(&snapshot.batch.to_be_bytes())?;
    hashed.write_all(&commitment.to_bytes())?;
    hashed.write_all(&snapshot.state.next_id().to_be_bytes())?;
    hashed.write_all(&snapshot.state.next_token().to_be_bytes())?;
    let mut bytes = Vec::new();
    for (_, account) in snapshot.state.accounts() {
        bytes.clear();
        leaf(&account, &mut bytes);
        hashed.write_all(&bytes)?;
    }
    let checksum = hashed.hasher.finalize();
    writer.write_all(&checksum)?;
    writer.flush()
}

fn leaf(account: &Account, bytes: &mut Vec<u8>) {
    for element in account.key.elements() {
        bytes.extend(element.to_be_bytes());
    }
    varint(account.token.into(), bytes);
    varint(account.nonce.into(), bytes);
    varint(account.balance, bytes);
}

/// Seven bits a byte, lowest first; the top bit says that more follow.
fn varint(mut value: u64, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

struct Hashed<W> {
    hasher: Sha256,
    writer: W,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.writer.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or(bytes));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
