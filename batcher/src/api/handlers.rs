//! The methods: each takes its parameters, asks the sources, and answers.

use std::sync::Arc;

use cairn_types::{AccountId, FIRST_USER_ID, PublicKey, SignedTransaction};
use jsonrpsee::{
    RpcModule,
    server::{Extensions, RegisterMethodError},
    types::Params,
};
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};

use super::{
    error::ApiError,
    guard::Caller,
    hex::{Decimal, Hash, Hex, TransactionBytes},
    methods::{self, Method},
    receipt::{Place, ReceiptDomain},
    service::Service,
    sources::{AdminAccess, Answer, LeafProof, Refused, Sources, Submitted},
    subscriptions, view, wire,
};
use crate::{clock::now_ms, sequencer::key_bytes, store::records::Outcome};

/// Rows that one answer may look at for each item that it may hold.
const ROWS_AN_ITEM: usize = 16;
/// Rows that are looked at to tell a withdrawal from others that are the same in all: one request pays for them.
const TWIN_ROWS: usize = 500;

/// All methods.
pub(super) fn module(service: Arc<Service>) -> Result<RpcModule<Service>, RegisterMethodError> {
    let has_admin = service.sources.admin.is_some();
    let mut module = RpcModule::from_arc(service);
    ask::<methods::Submit>(&mut module, |service, params, extensions| {
        Box::pin(in_time(service, move |service| submit(service, params, extensions)))
    })?;
    ask::<methods::SubmitMany>(&mut module, |service, params, extensions| {
        Box::pin(in_time(service, move |service| submit_many(service, params, extensions)))
    })?;
    read::<methods::Transaction>(&mut module, |service, params| {
        Ok(view::Lives::new(&service.sources.store)?.transaction(&params.hash)?)
    })?;
    read::<methods::Transactions>(&mut module, |service, params| {
        service.check_items(params.hashes.len())?;
        let mut lives = view::Lives::new(&service.sources.store)?;
        Ok(params.hashes.iter().map(|hash| lives.life(hash)).collect::<Result<_, _>>()?)
    })?;
    read::<methods::Receipt>(&mut module, |service, params| receipt(service, &params.hash))?;
    read::<methods::Account>(&mut module, |service, params| Ok(account(service, params.id)))?;
    read::<methods::Accounts>(&mut module, accounts)?;
    read::<methods::AccountsOf>(&mut module, |service, params| accounts_of(service, &params))?;
    read::<methods::Nonce>(&mut module, |service, params| nonce(service, params.id))?;
    read::<methods::EstimateFee>(&mut module, |service, params| {
        let wire::EstimateFee { token, kind } = params;
        if u32::from(token) >= service.sources.accounts.next_token() {
            return Err(ApiError::Unknown(format!("token {token}")));
        }
        Ok(service.sources.intake.estimate_fee(token, kind))
    })?;
    read::<methods::Proof>(&mut module, |service, params| proof(service, params.id))?;
    read::<methods::Block>(&mut module, |service, params| {
        view::block(&service.sources.store, params.number)
    })?;
    read::<methods::Batch>(&mut module, |service, params| {
        view::batch(&service.sources.store, params.number)
    })?;
    read::<methods::Withdrawal>(&mut module, |service, params| {
        view::of_transaction(&service.sources.store, &params.hash, TWIN_ROWS)
    })?;
    read::<methods::WithdrawalAt>(&mut module, |service, params| {
        view::withdrawal(&service.sources.store, params.batch, params.index)
    })?;
    read::<methods::Queue>(&mut module, |service, params| {
        view::queue(&service.sources.store, params.from, params.count)
    })?;
    read::<methods::History>(&mut module, |service, params| {
        view::history(&service.sources.store, params.id, params.before)
    })?;
    read::<methods::Settlements>(&mut module, |service, params| {
        view::settlements(&service.sources.store, params.before, params.count)
    })?;
    read::<methods::Head>(&mut module, |service, _| {
        Ok(view::head(&service.sources.store, &*service.sources.accounts)?)
    })?;
    read::<methods::Lag>(&mut module, |service, _| {
        let Sources { store, accounts, intake, .. } = &service.sources;
        Ok(view::lag(store, &**accounts, intake.pressure(), now_ms())?)
    })?;
    read::<methods::Info>(&mut module, |service, _| Ok(info(service)))?;
    read::<methods::Discover>(&mut module, |service, _| Ok(service.openrpc.clone()))?;
    subscriptions::register(&mut module)?;
    if has_admin {
        admin(&mut module)?;
    }
    Ok(module)
}

/// Reads the parameters of a method, by position or by name.
pub(super) fn parse<P: DeserializeOwned>(params: &Params<'_>) -> Result<P, ApiError> {
    let text = params.as_str().unwrap_or("[]");
    serde_json::from_str(text).map_err(|error| ApiError::Parameters(error.to_string()))
}

/// Registers a method that only reads. Its answer is written down where it was read, as it may be long.
fn read<M: Method>(
    module: &mut RpcModule<Service>,
    handler: fn(&Service, M::Params) -> Result<M::Result, ApiError>,
) -> Result<(), RegisterMethodError> {
    let call = move |params: Params<'static>, service: Arc<Service>, _: Extensions| async move {
        let params = parse(&params)?;
        let answer = move |service: &Service| -> Result<Box<RawValue>, ApiError> {
            to_raw_value(&handler(service, params)?)
                .map_err(|_| ApiError::Internal("an answer has no encoding"))
        };
        service.read(answer).await
    };
    module.register_async_method(M::NAME, call).map(drop)
}

/// What a method that asks another room gives.
type Asked<M> = Answer<'static, Result<<M as Method>::Result, ApiError>>;

/// Asks another room, for as long as a request may take.
async fn in_time<T, F: Future<Output = Result<T, ApiError>>>(
    service: Arc<Service>,
    question: impl FnOnce(Arc<Service>) -> F,
) -> Result<T, ApiError> {
    let (limit, seconds) = (service.request_timeout(), service.config.request_timeout_s);
    let answer = tokio::time::timeout(limit, question(service)).await;
    answer.unwrap_or(Err(ApiError::Timeout(seconds)))
}

/// Registers a method that asks another room.
fn ask<M: Method>(
    module: &mut RpcModule<Service>,
    handler: fn(Arc<Service>, M::Params, Extensions) -> Asked<M>,
) -> Result<(), RegisterMethodError> {
    let call = move |params: Params<'static>, service: Arc<Service>, extensions: Extensions| async move {
        handler(service, parse(&params)?, extensions).await
    };
    module.register_async_method(M::NAME, call).map(drop)
}

// --- submission -----------------------------------------------------------------------------------

async fn submit(
    service: Arc<Service>,
    params: wire::SubmitOne,
    extensions: Extensions,
) -> Result<wire::Submitted, ApiError> {
    let outcomes = take(&service, &extensions, &[params.transaction]).await?;
    let outcome = outcomes.into_iter().next();
    outcome.unwrap_or(Err(ApiError::Internal("the mempool has not answered")))
}

async fn submit_many(
    service: Arc<Service>,
    params: wire::SubmitMany,
    extensions: Extensions,
) -> Result<Vec<wire::SubmitOutcome>, ApiError> {
    service.check_items(params.transactions.len())?;
    let outcome = |outcome| match outcome {
        Ok(submitted) => wire::SubmitOutcome::Accepted(submitted),
        Err(error) => wire::SubmitOutcome::Refused(ApiError::body(&error)),
    };
    let outcomes = take(&service, &extensions, &params.transactions).await?;
    Ok(outcomes.into_iter().map(outcome).collect())
}

/// Hands to the mempool what decodes; an outcome for each, in their order. All are charged to the caller's address.
async fn take(
    service: &Service,
    extensions: &Extensions,
    transactions: &[TransactionBytes],
) -> Result<Vec<Result<wire::Submitted, ApiError>>, ApiError> {
    let caller = extensions.get::<Caller>();
    let caller = caller.ok_or(ApiError::Internal("a request without a caller"))?;
    let _share = service.limits.transactions(caller.address, transactions.len())?;
    let decode = |bytes: &TransactionBytes| {
        SignedTransaction::from_bytes(service.domain(), &bytes.0)
            .map_err(|error| ApiError::Malformed(error.to_string()))
    };
    let decoded: Vec<_> = transactions.iter().map(decode).collect();
    let good: Vec<_> = decoded.iter().filter_map(|one| one.as_ref().ok().copied()).collect();
    let mut taken = service.sources.intake.submit(good).await.into_iter();
    let outcome = |decoded: Result<SignedTransaction, ApiError>| {
        decoded?;
        match taken.next() {
            Some(Ok(Submitted { hash, sequence })) => {
                Ok(wire::Submitted { hash: hash.into(), sequence })
            }
            Some(Err(refused)) => Err(refused.into()),
            None => Err(ApiError::Internal("the mempool has not answered")),
        }
    };
    Ok(decoded.into_iter().map(outcome).collect())
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        let Refused { reason, message, retryable, retry_after_ms } = refused;
        Self::Refused { reason: reason.to_owned(), message, retryable, retry_after_ms }
    }
}

// --- reading --------------------------------------------------------------------------------------

fn receipt(service: &Service, hash: &Hash) -> Result<wire::SignedReceipt, ApiError> {
    let Sources { store, about, receipt_key, .. } = &service.sources;
    let unknown = || ApiError::Unknown(format!("transaction {hash}"));
    let sequence = store.hashes.get(&(*hash).into())?.ok_or_else(unknown)?;
    let (block, position) = match store.outcomes.get(&sequence)? {
        Some(Outcome::InBlock { block, position }) => (block, position),
        Some(Outcome::Dropped { reason, .. }) => {
            return Err(ApiError::Unknown(format!("receipt: {hash} was dropped, {reason}")));
        }
        None => return Err(ApiError::NotYet(format!("{hash} waits for a block"))),
    };
    let stored = store.blocks.get(&block)?;
    let stored = stored.ok_or(ApiError::Internal("an outcome names a block that is not there"))?;
    let domain = ReceiptDomain { chain_id: about.chain_id, rollup: about.rollup };
    let place = Place { batch: stored.batch, block, position };
    wire::SignedReceipt::sign(*hash, place, stored.state.into(), &domain, receipt_key)
        .map_err(|_| ApiError::Internal("the receipt key does not sign"))
}

fn account(service: &Service, id: AccountId) -> Option<wire::AccountView> {
    let account = service.sources.accounts.account(id);
    if account.is_empty() {
        return None;
    }
    Some(wire::AccountView {
        id,
        key: account.key.into(),
        token: account.token,
        nonce: account.nonce,
        balance: Decimal(account.balance),
        next_nonce: service.sources.intake.next_nonce(id),
    })
}

fn accounts(
    service: &Service,
    params: wire::AccountRange,
) -> Result<Vec<wire::AccountView>, ApiError> {
    service.check_items(params.count as usize)?;
    let ledger = &service.sources.accounts;
    let from = u64::from(params.from);
    let fees = from..u64::from(ledger.next_token()).min(FIRST_USER_ID);
    let users = from.max(FIRST_USER_ID)..ledger.next_id();
    let ids = fees.chain(users).filter_map(|id| AccountId::try_from(id).ok());
    Ok(ids.take(params.count as usize).filter_map(|id| account(service, id)).collect())
}

fn accounts_of(service: &Service, params: &wire::ByKey) -> Result<wire::OwnedAccounts, ApiError> {
    let key = PublicKey::try_from(params.key);
    let key = key.map_err(|error| ApiError::Parameters(error.to_string()))?;
    let row = key_bytes(&key);
    let first = params.from.unwrap_or(0);
    let mut owned = wire::OwnedAccounts { accounts: Vec::new(), more: None };
    let rows = service.sources.store.keys.range((row, first)..=(row, AccountId::MAX));
    for (seen, row) in rows.enumerate() {
        let ((_, id), ()) = row?;
        if owned.accounts.len() >= service.max_items() || seen >= ROWS_AN_ITEM * service.max_items()
        {
            owned.more = Some(id);
            break;
        }
        // A row is a hint: the account may have another key by now.
        owned.accounts.extend(account(service, id).filter(|account| account.key == params.key));
    }
    Ok(owned)
}

fn nonce(service: &Service, id: AccountId) -> Result<wire::NextNonce, ApiError> {
    let account = account(service, id).ok_or_else(|| ApiError::Unknown(format!("account {id}")))?;
    Ok(wire::NextNonce { id, next: account.next_nonce, executed: account.nonce })
}

fn proof(service: &Service, id: AccountId) -> Result<wire::ProofView, ApiError> {
    let batch = service.sources.store.l1_view.get(&())?.unwrap_or_default().proven;
    let Some(proof) = service.sources.accounts.prove_leaf(batch, id) else {
        return Err(ApiError::NotYet(format!("the state after batch {batch} is not at hand")));
    };
    let LeafProof { account, siblings, summary } = proof;
    Ok(wire::ProofView {
        id,
        key: account.key.into(),
        token: account.token,
        nonce: account.nonce,
        balance: Decimal(account.balance),
        siblings: siblings.map(Hash::from).to_vec(),
        batch,
        root: summary.root.into(),
        next_id: summary.next_id,
        next_token: summary.next_token,
        state: summary.commitment().into(),
    })
}

fn info(service: &Service) -> wire::Info {
    let Service { sources: Sources { about, receipt_key, .. }, config, .. } = service;
    wire::Info {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        chain_id: about.chain_id,
        rollup: about.rollup.into(),
        custody: about.custody.into(),
        domain: service.domain().into(),
        circuit_set_root: about.circuit_set_root.into(),
        receipt_signer: Hex(receipt_key.address().into_array()),
        data_modes: about.data_modes.iter().map(|mode| mode.name().to_owned()).collect(),
        max_request_bytes: config.max_request_bytes,
        max_items: config.max_items,
        max_batch_calls: config.max_batch_calls,
        max_depth: config.max_depth,
        requests_per_second: config.requests_per_second,
    }
}

// --- the operator ---------------------------------------------------------------------------------

fn admin(module: &mut RpcModule<Service>) -> Result<(), RegisterMethodError> {
    macro_rules! tool {
        ($method:ty, $params:ident, |$admin:ident| $call:expr) => {
            ask::<$method>(module, |service, $params, extensions| {
                Box::pin(async move {
                    let $admin = &operator(&service, &extensions)?.admin;
                    $call.await.map_err(ApiError::Failed)
                })
            })?
        };
    }
    tool!(methods::AdminPause, _params, |admin| admin.pause());
    tool!(methods::AdminResume, _params, |admin| admin.resume());
    tool!(methods::AdminSeal, _params, |admin| admin.seal());
    tool!(methods::AdminRequeue, params, |admin| admin.requeue(params.number));
    tool!(methods::AdminDrain, _params, |admin| admin.drain());
    tool!(methods::AdminFleet, _params, |admin| admin.fleet());
    tool!(methods::AdminFleetDrain, params, |admin| admin.fleet_drain(params.name));
    tool!(methods::AdminFleetQuarantine, params, |admin| admin.fleet_quarantine(params.name));
    tool!(methods::AdminFleetRetry, params, |admin| admin.fleet_retry(params.name));
    tool!(methods::AdminCheck, _params, |admin| admin.check());
    tool!(methods::AdminCompact, _params, |admin| admin.compact());
    tool!(methods::AdminBackup, params, |admin| admin.backup(params.file.into()));
    Ok(())
}

fn operator<'a>(
    service: &'a Service,
    extensions: &Extensions,
) -> Result<&'a AdminAccess, ApiError> {
    let is_operator = extensions.get::<Caller>().is_some_and(|caller| caller.is_operator);
    service.sources.admin.as_ref().filter(|_| is_operator).ok_or(ApiError::Unauthorized)
}
