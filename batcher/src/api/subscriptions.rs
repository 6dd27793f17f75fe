//! News over a WebSocket.
//!
//! A subscription remembers where it is and reads the store when a signal rings, so that nothing queues up for a slow
//! client but its connection's buffer. Who leaves that full for too long is dropped, with a reason.

use std::{sync::Arc, time::Duration};

use jsonrpsee::{
    PendingSubscriptionSink, RpcModule, SubscriptionCloseResponse, SubscriptionSink,
    core::SubscriptionError,
    server::{Extensions, RegisterMethodError, SendTimeoutError},
    types::Params,
};
use serde::Serialize;
use serde_json::value::to_raw_value;

use super::{
    error::ApiError,
    handlers::{Service, parse},
    hex::Hash,
    methods::{self, Access, Method},
    view,
    wire::{BatchView, BlockView, ByHash, Life, Nothing, Stage, StageNews},
};
use crate::signals::Signal;

/// Rows with their numbers.
type Page<T> = Result<Vec<(u64, T)>, ApiError>;

/// Rows that are read at once.
const PAGE_ROWS: usize = 64;

/// All subscriptions.
pub(super) fn register(module: &mut RpcModule<Service>) -> Result<(), RegisterMethodError> {
    subscribe::<methods::SubscribeBlocks, _, _>(
        module,
        methods::BLOCKS,
        |service, sink, Nothing {}| {
            let last = service.sources.store.blocks.last();
            async move {
                let next = last?.map_or(1, |(number, _)| number + 1);
                let signal = service.sources.signals.block.clone();
                follow(service, sink, signal, next, blocks).await
            }
        },
    )?;
    subscribe::<methods::SubscribeBatches, _, _>(
        module,
        methods::BATCHES,
        |service, sink, Nothing {}| {
            let last = service.sources.store.batches.last();
            async move {
                let next = last?.map_or(1, |(number, _)| u64::from(number) + 1);
                let signal = service.sources.signals.sealed.clone();
                follow(service, sink, signal, next, batches).await
            }
        },
    )?;
    subscribe::<methods::SubscribeTransaction, _, _>(
        module,
        methods::STAGES,
        |service, sink, ByHash { hash }| stages(service, sink, hash),
    )
}

/// Registers a subscription. Parameters are read before it is accepted; an error ends it with its reason.
fn subscribe<M: Method, F, Fut>(
    module: &mut RpcModule<Service>,
    access: Access,
    run: F,
) -> Result<(), RegisterMethodError>
where
    F: Fn(Arc<Service>, SubscriptionSink, M::Params) -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = Result<(), ApiError>> + Send + 'static,
{
    let Access::Subscription { unsubscribe, message } = access else { return Ok(()) };
    let call = move |params: Params<'static>,
                     pending: PendingSubscriptionSink,
                     service: Arc<Service>,
                     _: Extensions| async move {
        let params = match parse::<M::Params>(&params) {
            Ok(params) => params,
            Err(error) => {
                pending.reject(error).await;
                return SubscriptionCloseResponse::None;
            }
        };
        let Ok(sink) = pending.accept().await else { return SubscriptionCloseResponse::None };
        match run(service, sink, params).await {
            Ok(()) => SubscriptionCloseResponse::None,
            Err(error) => SubscriptionCloseResponse::NotifErr(reason(&error)),
        }
    };
    module.register_subscription(M::NAME, message, unsubscribe, call).map(drop)
}

fn reason(error: &ApiError) -> SubscriptionError {
    to_raw_value(&error.body()).map_or_else(|e| e.into(), SubscriptionError::from_json)
}

/// Sends rows from `next` on as they come.
async fn follow<T: Serialize + Send + 'static>(
    service: Arc<Service>,
    sink: SubscriptionSink,
    signal: Signal,
    mut next: u64,
    page: fn(&Service, u64) -> Page<T>,
) -> Result<(), ApiError> {
    let mut news = signal.listen();
    loop {
        let reading = Arc::clone(&service);
        let rows = on_disk(move || page(&reading, next)).await?;
        let is_full = rows.len() == PAGE_ROWS;
        for (number, row) in rows {
            if !send(&service, &sink, &row).await? {
                return Ok(());
            }
            next = number + 1;
        }
        if is_full {
            continue;
        }
        tokio::select! {
            () = news.changed() => {}
            () = sink.closed() => return Ok(()),
        }
    }
}

fn blocks(service: &Service, from: u64) -> Page<BlockView> {
    let rows = service.sources.store.blocks.range(from..).take(PAGE_ROWS);
    rows.map(|row| Ok(row.map(|(number, block)| (number, view::block_header(&block)))?)).collect()
}

fn batches(service: &Service, from: u64) -> Page<BatchView> {
    let store = &service.sources.store;
    let Ok(from) = u32::try_from(from) else { return Ok(Vec::new()) };
    let rows = store.batches.range(from..).take(PAGE_ROWS);
    rows.map(|row| {
        let (number, _) = row?;
        Ok((number.into(), view::batch(store, number)?))
    })
    .collect()
}

/// Sends each stage of a transaction once; those that it has reached already first.
async fn stages(service: Arc<Service>, sink: SubscriptionSink, hash: Hash) -> Result<(), ApiError> {
    let signals = &service.sources.signals;
    let (mut block, mut sealed, mut l1) =
        (signals.block.listen(), signals.sealed.listen(), signals.l1.listen());
    let mut sent = None;
    loop {
        let reading = Arc::clone(&service);
        let read = move || Ok(view::Lives::new(&reading.sources.store)?.life(&hash)?);
        let life = on_disk(read).await?;
        let life = life.ok_or_else(|| ApiError::Unknown(format!("transaction {hash}")))?;
        for stage in reached(&life) {
            if Some(stage) <= sent {
                continue;
            }
            let news = StageNews { hash, stage, life: life.clone() };
            if !send(&service, &sink, &news).await? {
                return Ok(());
            }
            sent = Some(stage);
        }
        if sent >= Some(Stage::Finalized) {
            return Ok(());
        }
        tokio::select! {
            () = block.changed() => {}
            () = sealed.changed() => {}
            () = l1.changed() => {}
            () = sink.closed() => return Ok(()),
        }
    }
}

/// All stages up to the last.
fn reached(life: &Life) -> Vec<Stage> {
    if life.stage == Stage::Dropped {
        return vec![Stage::Accepted, Stage::Dropped];
    }
    let order = [
        Stage::Accepted,
        Stage::InBlock,
        Stage::Batched,
        Stage::Committed,
        Stage::Proven,
        Stage::Finalized,
    ];
    order.into_iter().filter(|&stage| stage <= life.stage).collect()
}

/// False when the client has gone.
async fn send(
    service: &Service,
    sink: &SubscriptionSink,
    message: &impl Serialize,
) -> Result<bool, ApiError> {
    let message =
        to_raw_value(message).map_err(|_| ApiError::Internal("a message has no encoding"))?;
    let patience = Duration::from_secs(service.config.subscriber_patience_s);
    match sink.send_timeout(message, patience).await {
        Ok(()) => Ok(true),
        Err(SendTimeoutError::Closed(_)) => Ok(false),
        Err(SendTimeoutError::Timeout(_)) => {
            metrics::counter!("cairn_api_slow_subscribers_total").increment(1);
            Err(ApiError::TooSlow(patience.as_secs()))
        }
    }
}

/// Reads on a thread that may wait for the disk.
async fn on_disk<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let read = tokio::task::spawn_blocking(read).await;
    read.unwrap_or(Err(ApiError::Internal("a reading task has ended early")))
}
