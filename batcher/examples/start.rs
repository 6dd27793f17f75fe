//! How long the sequencer takes to start, and how much memory: makes a store with so many accounts and so many transfers
//! after the last final batch, starts, and prints a line of JSON.
//!
//! ```text
//! start make FOLDER ACCOUNTS TRANSFERS    # both counts in thousands
//! start run FOLDER
//! ```

use std::{path::Path, time::Instant};

use alloy::primitives::{Address, B256};
use cairn_batcher::{
    sequencer::start,
    store::{
        SCHEMA, Store,
        records::{
            ACCOUNTS_A_ROW, Accepted, Block, BlockOperation, Checkpoint, Identity, SealReason,
            SealedBatch,
        },
    },
};
use cairn_state::{Environment, State, Verified, apply_verified};
use cairn_types::{
    Account, AccountId, Authorization, FIRST_USER_ID, PublicKey, Signature, SignedTransaction,
    Transaction, Word,
};
use eyre::{Result, WrapErr, bail, eyre};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Transfers of a block: half a second at 1,000 a second.
const BLOCK: u64 = 500;

/// Rows of a write.
const ROWS: usize = 4_096;

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["make", folder, accounts, transfers] => {
            let thousands = |text: &str| Ok::<u64, eyre::Report>(1_000 * text.parse::<u64>()?);
            make(Path::new(folder), thousands(accounts)?, thousands(transfers)?)
        }
        ["run", folder] => run(Path::new(folder)),
        _ => bail!("start make FOLDER ACCOUNTS TRANSFERS (in thousands), or: start run FOLDER"),
    }
}

fn open(folder: &Path) -> Result<Store> {
    let (rollup, genesis) = (Address::ZERO, B256::ZERO);
    Ok(Store::open(folder, &Identity { schema: SCHEMA, chain_id: 1, rollup, genesis })?)
}

fn run(folder: &Path) -> Result<()> {
    let begin = Instant::now();
    let store = open(folder)?;
    let opened = begin.elapsed().as_secs_f64();
    let started = start(&store, Word::default())?;
    let seconds = begin.elapsed().as_secs_f64();
    let ledger = started.ledger();
    let accounts = ledger.next_id() - FIRST_USER_ID;
    println!(
        r#"{{"accounts":{accounts},"blocks":{},"open_s":{opened:.2},"start_s":{seconds:.2},"peak_mib":{}}}"#,
        ledger.head().block,
        peak_mib()?
    );
    Ok(())
}

/// The most memory that this process has had.
fn peak_mib() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").wrap_err("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib =
        peak.and_then(|line| line.trim().strip_suffix(" kB")).ok_or_else(|| eyre!("no VmHWM"))?;
    Ok(kib.trim().parse::<u64>()? >> 10)
}

/// Signatures are not those of anybody: a start does not verify them again.
fn make(folder: &Path, accounts: u64, transfers: u64) -> Result<()> {
    let store = open(folder)?;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let next_id = FIRST_USER_ID + accounts;
    let mut state = State::restore(next_id, 1, |id| {
        let key = PublicKey::new(std::array::from_fn(|_| rng.random_range(1..1 << 63)))?;
        Ok::<_, eyre::Report>(Account {
            key,
            token: 0,
            nonce: 0,
            balance: (1 << 40) + u64::from(id),
        })
    })?;
    let summary = state.summary();
    let row = |batch, after| SealedBatch {
        number: batch,
        timestamp: 1,
        first_block: 1,
        last_block: 1,
        before: summary,
        after,
        priority_end: 0,
        operations: 0,
        transfers: 0,
        data_words: 0,
        reason: SealReason::Age,
        opened_ms: 0,
        sealed_ms: 0,
    };
    let mut write = store.write();
    write.put(&store.batches, &1, &row(1, summary))?;
    write.put(&store.checkpoint, &(), &Checkpoint { batch: 1, block: 1, state: summary })?;
    let users = (FIRST_USER_ID as u32 / ACCOUNTS_A_ROW)..(next_id as u32).div_ceil(ACCOUNTS_A_ROW);
    for (count, number) in std::iter::once(0).chain(users).enumerate() {
        let ids = number * ACCOUNTS_A_ROW..(number + 1) * ACCOUNTS_A_ROW;
        let leaves: Vec<_> = ids.map(|id| state.account(id)).collect();
        write.put(&store.accounts, &number, &leaves)?;
        if count % ROWS == 0 {
            std::mem::replace(&mut write, store.write()).commit()?;
        }
    }
    write.commit()?;

    let environment = Environment { domain: Word::default(), timestamp: 1 };
    let mut user = || rng.random_range(FIRST_USER_ID..next_id) as AccountId;
    for number in 2..2 + transfers / BLOCK {
        let mut write = store.write();
        let mut operations = Vec::new();
        for sequence in (number - 2) * BLOCK..(number - 1) * BLOCK {
            let (from, to) = (user(), user());
            let (payer, payee) = (state.account(from), state.account(to));
            let transaction = SignedTransaction {
                transaction: Transaction::Transfer { from, to, amount: 5, fee: 1 },
                authorization: Authorization {
                    domain: environment.domain,
                    token: 0,
                    nonce: payer.nonce,
                    expiry: 0,
                    recipient: payee.key,
                },
                signature: Signature::default(),
            };
            let verified = Verified::trusted(transaction, payer.key);
            apply_verified(&mut state, &verified, &environment)?;
            let accepted = Accepted { transaction, key: payer.key, received_ms: 0 };
            write.put(&store.log, &sequence, &accepted)?;
            operations.push(BlockOperation::Transaction(sequence));
        }
        let state = state.summary().commitment();
        let block = Block { number, batch: 2, timestamp: 1, operations, state, made_ms: 0 };
        write.put(&store.blocks, &number, &block)?;
        write.commit()?;
    }
    Ok(())
}
