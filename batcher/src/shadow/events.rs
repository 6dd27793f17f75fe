//! The transfers of an ERC-20 contract, as L1's events have them, collected into a file as `cairn shadow --input` takes it.
//!
//! Events are read in ranges of blocks, each of which is on disk before the next is asked for. `FILE.csv.part` has the
//! rows, `FILE.csv.next` how far it is: bytes beyond what that says are of a range that was not finished, and go. Both
//! are gone when FILE.csv is there.
//!
//! Trust: the node, for which transfers there were. What it says is held to what an ERC-20 can emit, in order.

use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{Address, B256},
    providers::{DynProvider, Provider},
    rpc::types::{Filter, Log},
};
use cairn_prover::files::write_atomically;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use super::{
    error::ShadowError,
    event::{Event, TRANSFER},
    ledger::{Ledger, Name},
};
use crate::{
    l1::{
        connection::connect_with,
        error::{L1Error, is_silence, is_too_much, rpc},
    },
    parse::{self, table::MAX_ROWS},
    transfers::COLUMNS,
};

/// Blocks of the first range; doubled while the node gives them, halved where it does not.
const FIRST_WIDTH: u64 = 1_000;
/// Blocks of the widest range: what one answer may have at the most.
const MAX_WIDTH: u64 = 50_000;
/// More blocks than any chain has.
const MOST_BLOCKS: u64 = 1 << 48;
/// What the code of an account begins with that has delegated its own (EIP-7702).
const DELEGATED: [u8; 3] = [0xef, 0x01, 0x00];
/// Payers whose code is asked for at the same time.
const AT_A_TIME: usize = 16;
/// Times in a row that a range is halved because no answer comes.
const MAX_SILENCES: usize = 3;

/// What is collected.
#[derive(Debug, Clone)]
pub struct Source {
    /// A node of L1.
    pub url: String,
    /// The token.
    pub token: Address,
    /// The first block; of the deployment or later.
    pub first: u64,
    /// The last block; the last finalized one where absent.
    pub last: Option<u64>,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Standing {
    chain_id: u64,
    token: Address,
    first: u64,
    last: u64,
    /// Of block `last`: with another, the rows may be of a fork.
    last_hash: B256,
    /// The next block to read.
    next: u64,
    /// Bytes of the rows so far.
    bytes: u64,
    /// How many rows.
    rows: usize,
}

/// Collects the transfers into a file that is not there yet; goes on where an earlier run has stopped.
///
/// # Errors
/// The node's, the file system's, or what no ERC-20 emits.
pub async fn collect(
    source: &Source,
    file: &Path,
    seen: impl Fn(u64, u64),
) -> Result<(), ShadowError> {
    let at = |reason: String| ShadowError::Collected { file: file.to_owned(), reason };
    let io = |what: &str, error: io::Error| at(format!("{what}: {error}"));
    if file.exists() {
        return Err(at("it is there already: give it as --input, or remove it".to_owned()));
    }
    let node = Node::connect(source).await?;
    let (rows, standing_file) = (beside(file, ".part"), beside(file, ".next"));
    let mut standing = match read_standing(&standing_file).map_err(&at)? {
        Some(standing) => node.resume(source, standing).map_err(&at)?,
        None => node.start(source)?,
    };
    let mut out =
        open_rows(&rows, &mut standing).map_err(|error| io("opening FILE.part", error))?;
    let (mut width, mut silences) = (FIRST_WIDTH, 0);
    while standing.next <= standing.last {
        let (first, last) =
            (standing.next, standing.next.saturating_add(width - 1).min(standing.last));
        let logs = match node.logs(first, last).await {
            Ok(logs) => logs,
            Err(Unread { is_too_much: true, is_silence, .. })
                if last > first && silences < MAX_SILENCES =>
            {
                // A range that takes too long, or a node that never answers: that is not tried down to one block.
                silences += usize::from(is_silence);
                width = (last - first).div_ceil(2);
                continue;
            }
            Err(Unread { error, .. }) => return Err(error.into()),
        };
        silences = 0;
        width = (width * 2).min(MAX_WIDTH);
        standing.rows = standing.rows.saturating_add(logs.len());
        if standing.rows > MAX_ROWS {
            let (most, block) = (MAX_ROWS, first.saturating_sub(1));
            return Err(ShadowError::TooMany { most, block });
        }
        let text = node.rows(&logs).await?;
        out.write_all(text.as_bytes())
            .and_then(|()| out.sync_data())
            .map_err(|error| io("writing FILE.part", error))?;
        standing.bytes += text.len() as u64;
        standing.next = last + 1;
        keep_standing(&standing_file, &standing).map_err(|error| io("writing FILE.next", error))?;
        seen(last - standing.first + 1, standing.last - standing.first + 1);
    }
    if let Err(error) = node.expect_block(standing.last, standing.last_hash).await {
        if matches!(error, L1Error::Reorganized { .. }) {
            // The next run cannot go on with what may be of a fork.
            remove(&[&rows, &standing_file]);
        }
        return Err(error.into());
    }
    if standing.rows == 0 {
        let (first, last) = (standing.first, standing.last);
        remove(&[&rows, &standing_file]);
        return Err(ShadowError::NoTransfers { first, last });
    }
    fs::rename(&rows, file).map_err(|error| io("naming it", error))?;
    remove(&[&standing_file]);
    Ok(())
}

/// Which of these names are addresses with code: all but those of the accounts that have delegated theirs (EIP-7702),
/// which sign still. `seen` hears of each that was asked for.
///
/// # Errors
/// The node's.
pub async fn contracts(
    url: &str,
    ledger: &Ledger,
    seen: impl Fn(),
) -> Result<HashSet<Name>, ShadowError> {
    let provider = connect_with(url)?;
    let (provider, seen) = (&provider, &seen);
    let ask = |name: Name| async move {
        let Ok(address) = parse::address(ledger.name(Some(name))) else { return Ok(None) };
        let code = provider.get_code_at(address).await;
        let code = code.map_err(|error| rpc("reading a payer's code", error))?;
        seen();
        let is_contract = !code.is_empty() && !code.starts_with(&DELEGATED);
        Ok::<_, L1Error>(is_contract.then_some(name))
    };
    let asked = stream::iter(ledger.payers()).map(ask).buffer_unordered(AT_A_TIME);
    let found: Vec<Option<Name>> = asked.try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// A node, and what it is asked for.
struct Node {
    provider: DynProvider,
    token: Address,
    chain_id: u64,
    last: u64,
    last_hash: B256,
}

/// Why a range has no logs.
struct Unread {
    error: L1Error,
    is_too_much: bool,
    is_silence: bool,
}

impl Node {
    async fn connect(source: &Source) -> Result<Self, ShadowError> {
        let provider = connect_with(&source.url)?;
        let what = "reading the chain id";
        let chain_id = provider.get_chain_id().await.map_err(|error| rpc(what, error))?;
        let code = provider.get_code_at(source.token).await;
        if code.map_err(|error| rpc("reading the token's code", error))?.is_empty() {
            return Err(L1Error::NoContract { address: source.token, chain_id }.into());
        }
        let tag = match source.last {
            Some(last) => BlockNumberOrTag::Number(last),
            None => BlockNumberOrTag::Finalized,
        };
        let mut block = provider.get_block_by_number(tag).await;
        if source.last.is_none() && !matches!(block, Ok(Some(_))) {
            // A young chain, or one without finality.
            block = provider.get_block_by_number(BlockNumberOrTag::Latest).await;
        }
        let what = "reading the last block (--to-block)";
        let block = block.map_err(|error| rpc(what, error))?;
        let block = block.ok_or_else(|| rpc(what, "the node does not have it"))?;
        let (last, last_hash) = (block.header.number, block.header.hash);
        if !(source.first..MOST_BLOCKS).contains(&last) {
            let reason = format!(
                "it is {last}, expected one from --from-block {} on, below {MOST_BLOCKS}",
                source.first
            );
            return Err(rpc(what, reason).into());
        }
        Ok(Self { provider, token: source.token, chain_id, last, last_hash })
    }

    fn start(&self, source: &Source) -> Result<Standing, ShadowError> {
        let Self { token, chain_id, last, last_hash, .. } = *self;
        let first = source.first;
        Ok(Standing { chain_id, token, first, last, last_hash, next: first, bytes: 0, rows: 0 })
    }

    /// Goes on with what an earlier run has left. It ends where that was to end, unless another end is named.
    fn resume(&self, source: &Source, standing: Standing) -> Result<Standing, String> {
        let Standing { chain_id, token, first, last, next, .. } = standing;
        let is_the_same = (chain_id, token, first) == (self.chain_id, self.token, source.first)
            && source.last.is_none_or(|named| named == last)
            && last < MOST_BLOCKS
            && (first..=last + 1).contains(&next);
        match is_the_same {
            true => Ok(standing),
            false => Err(format!(
                "FILE.next is of blocks {first} to {last} of token {token} on chain {chain_id}: give the \
                 same, or remove it and FILE.part"
            )),
        }
    }

    async fn logs(&self, first: u64, last: u64) -> Result<Vec<Log>, Unread> {
        let filter = Filter::new()
            .address(self.token)
            .event_signature(TRANSFER)
            .from_block(first)
            .to_block(last);
        let logs = self.provider.get_logs(&filter).await.map_err(|error| Unread {
            is_too_much: is_too_much(&error),
            is_silence: is_silence(&error),
            error: rpc("reading logs", error),
        })?;
        let place = |log: &Log| log.block_number.zip(log.log_index);
        let is_asked_for = |log: &Log| {
            let is_inside = log.block_number.is_some_and(|block| (first..=last).contains(&block));
            log.address() == self.token && log.topic0() == Some(&TRANSFER) && is_inside
        };
        let is_in_order = logs.is_sorted_by(|a, b| place(a) < place(b));
        if !logs.iter().all(is_asked_for) || !is_in_order {
            let reason =
                "the node gives other logs than those that were asked for, or out of order";
            let error = rpc("reading logs", reason);
            return Err(Unread { error, is_too_much: false, is_silence: false });
        }
        Ok(logs)
    }

    /// The logs as lines of the file.
    async fn rows(&self, logs: &[Log]) -> Result<String, ShadowError> {
        let mut text = String::new();
        let mut block_time: Option<(u64, u64)> = None;
        for log in logs {
            let (block, index) =
                (log.block_number.unwrap_or_default(), log.log_index.unwrap_or_default());
            let fault = |reason| ShadowError::Event { block, index, reason };
            let Event { from, to, amount } = Event::read(log).map_err(fault)?;
            let time = match (log.block_timestamp, block_time) {
                (Some(time), _) => time,
                (None, Some((number, time))) if number == block => time,
                (None, _) => self.time(block).await?,
            };
            block_time = Some((block, time));
            text.push_str(&format!("{time},{:?},{from:?},{to:?},{amount}\n", self.token));
        }
        Ok(text)
    }

    async fn time(&self, number: u64) -> Result<u64, L1Error> {
        let what = "reading the block of a transfer";
        let block = self.provider.get_block_by_number(number.into()).await;
        let block = block.map_err(|error| rpc(what, error))?;
        let block = block.ok_or_else(|| rpc(what, format!("the node does not have {number}")))?;
        Ok(block.header.timestamp)
    }

    async fn expect_block(&self, number: u64, hash: B256) -> Result<(), L1Error> {
        let what = "reading the last block again";
        let block = self.provider.get_block_by_number(number.into()).await;
        match block.map_err(|error| rpc(what, error))? {
            Some(block) if block.header.hash == hash => Ok(()),
            _ => Err(L1Error::Reorganized { block: number }),
        }
    }
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn read_standing(file: &Path) -> Result<Option<Standing>, String> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("reading FILE.next: {error}")),
    };
    let standing = serde_json::from_str(&text);
    standing.map(Some).map_err(|error| {
        format!("FILE.next is not of this program ({error}): remove it and FILE.part")
    })
}

fn keep_standing(file: &Path, standing: &Standing) -> io::Result<()> {
    write_atomically(file, |out| {
        serde_json::to_writer(&mut *out, standing)?;
        out.write_all(b"\n")
    })
}

/// The rows so far, open at their end.
fn open_rows(file: &Path, standing: &mut Standing) -> io::Result<File> {
    if standing.bytes == 0 {
        let mut out = File::create(file)?;
        let header = COLUMNS.join(",") + "\n";
        out.write_all(header.as_bytes())?;
        standing.bytes = header.len() as u64;
        return Ok(out);
    }
    let out = OpenOptions::new().append(true).open(file)?;
    if out.metadata()?.len() < standing.bytes {
        return Err(io::Error::other("it is shorter than FILE.next says: remove both"));
    }
    out.set_len(standing.bytes)?;
    Ok(out)
}

/// What is left does no harm.
fn remove(files: &[&Path]) {
    for file in files {
        _ = fs::remove_file(file);
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::address;

    use super::*;

    const TOKEN: Address = address!("0x1111111111111111111111111111111111111111");

    #[test]
    fn what_a_range_has_left_unfinished_goes() {
        let folder = tempfile::tempdir().unwrap();
        let (rows, next) = (folder.path().join("l.csv.part"), folder.path().join("l.csv.next"));
        let mut standing = Standing {
            chain_id: 1,
            token: TOKEN,
            first: 5,
            last: 9,
            last_hash: B256::ZERO,
            next: 5,
            bytes: 0,
            rows: 0,
        };
        let mut out = open_rows(&rows, &mut standing).unwrap();
        out.write_all(b"1,a,b,c,2\n3,a,").unwrap();
        standing.bytes += 10;
        keep_standing(&next, &standing).unwrap();
        let mut again = read_standing(&next).unwrap().unwrap();
        assert_eq!(again, standing);
        let mut out = open_rows(&rows, &mut again).unwrap();
        out.write_all(b"4,a,b,c,5\n").unwrap();
        let text = fs::read_to_string(&rows).unwrap();
        assert_eq!(text, "timestamp,token,from,to,amount\n1,a,b,c,2\n4,a,b,c,5\n");
        fs::write(&next, "{}").unwrap();
        assert!(read_standing(&next).unwrap_err().contains("remove it and FILE.part"));
        fs::write(&rows, "short").unwrap();
        assert!(open_rows(&rows, &mut standing).is_err());
    }
}
