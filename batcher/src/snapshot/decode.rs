//! Reads a snapshot, from bytes that nobody vouches for.

use std::io::{self, Read};

use alloy::primitives::{Address, B256};
use cairn_state::State;
use cairn_types::{Account, BALANCE_BITS, FIRST_USER_ID, PublicKey};
use sha2::{Digest, Sha256};

use super::{Fault, MAGIC, Snapshot, VERSION};

pub(super) fn decode(reader: impl Read) -> Result<Snapshot, Fault> {
    let mut reader = Hashed { hasher: Sha256::new(), reader, position: 0 };
    if reader.array()? != MAGIC {
        return Err(Fault::Magic);
    }
    let got = u16::from_be_bytes(reader.array()?);
    if got != VERSION {
        return Err(Fault::Version { got });
    }
    let chain_id = u64::from_be_bytes(reader.array()?);
    let rollup = Address::from(reader.array()?);
    let batch = u32::from_be_bytes(reader.array()?);
    let expected = B256::from(reader.array()?);
    let next_id = u64::from_be_bytes(reader.array()?);
    if !(FIRST_USER_ID..=1 << 32).contains(&next_id) {
        return Err(reader.number("next id"));
    }
    let next_token = u32::from_be_bytes(reader.array()?);
    if next_token > 1 << 16 {
        return Err(reader.number("next token"));
    }
    let mut state = State::restore(next_id, next_token, |id| leaf(&mut reader, id))?;

    let checksum = B256::from_slice(&reader.hasher.finalize_reset());
    let got = B256::from(reader.array()?);
    if checksum != got {
        return Err(Fault::Checksum { expected: checksum, got });
    }
    let position = reader.position;
    if reader.reader.read(&mut [0])? != 0 {
        return Err(Fault::Trailing { position });
    }
    let got = B256::from(state.summary().commitment().to_bytes());
    if got != expected {
        return Err(Fault::Commitment { expected, got });
    }
    Ok(Snapshot { chain_id, rollup, batch, state })
}

fn leaf<R: Read>(reader: &mut Hashed<R>, id: u32) -> Result<Account, Fault> {
    let fault = |reason| Fault::Leaf { id, reason };
    let mut elements = [0; 5];
    for element in &mut elements {
        *element = u64::from_be_bytes(reader.array()?);
    }
    let key = PublicKey::new(elements).map_err(|_| fault("its key is not canonical"))?;
    if key.is_zero() {
        return Err(fault("it is empty"));
    }
    let token = u16::try_from(reader.varint("token")?).map_err(|_| reader.number("token"))?;
    // It need not be registered: the state that a rollup starts with may have leaves before L1 has tokens.
    if u64::from(id) < FIRST_USER_ID && u32::from(token) != id {
        return Err(fault("a fee account has the token of its id"));
    }
    let nonce = u32::try_from(reader.varint("nonce")?).map_err(|_| reader.number("nonce"))?;
    let balance = reader.varint("balance")?;
    if balance >> BALANCE_BITS != 0 {
        return Err(fault("its balance is not below 2^63"));
    }
    Ok(Account { key, token, nonce, balance })
}

/// Hashes what it reads and counts it.
struct Hashed<R> {
    hasher: Sha256,
    reader: R,
    position: u64,
}

impl<R: Read> Hashed<R> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let mut bytes = [0; N];
        let position = self.position;
        self.reader.read_exact(&mut bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Fault::CutOff { position },
            _ => Fault::Io(error),
        })?;
        self.hasher.update(bytes);
        self.position += N as u64;
        Ok(bytes)
    }

    /// LEB128 of at most 64 bits, in its shortest form.
    fn varint(&mut self, what: &'static str) -> Result<u64, Fault> {
        let mut value = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let [byte] = self.array()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits || (byte == 0 && shift > 0) {
                return Err(self.number(what));
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.number(what))
    }

    fn number(&self, what: &'static str) -> Fault {
        Fault::Number { what, position: self.position }
    }
}
