//! News over a WebSocket.
//!
//! A subscription remembers where it is and reads when a signal rings, so that nothing queues up for a slow client but
//! its connection's buffer. Who leaves that full for too long is dropped, with a reason.

use std::{net::IpAddr, sync::Arc, time::Duration};

use jsonrpsee::{
    PendingSubscriptionSink, RpcModule, SubscriptionCloseResponse, SubscriptionSink,
    core::SubscriptionError,
    server::{Extensions, RegisterMethodError, SendTimeoutError},
    types::Params,
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    calls::Calls,
    error::ApiError,
    guard::Caller,
    handlers::parse,
    headlines,
    hex::Hash,
    limits::{Share, is_local},
    methods::{self, Access, Method},
    service::Service,
    view,
    wire::{BatchView, ByHash, Life, Nothing, Stage, StageNews},
};
use crate::store::records::BatchNumber;

/// Rows that are read at once.
const PAGE_ROWS: usize = 64;

/// All subscriptions.
pub(super) fn register(module: &mut RpcModule<Service>) -> Result<(), RegisterMethodError> {
    subscribe::<methods::SubscribeBlocks, _, _>(
        module,
        methods::BLOCKS,
        |service| Ok(service.headlines.next()),
        |service, subscriber, Nothing {}, next| blocks(service, subscriber, next),
    )?;
    subscribe::<methods::SubscribeBatches, _, _>(
        module,
        methods::BATCHES,
        |service| Ok(service.sources.store.batches.last()?.map_or(1, |last| u64::from(last.0) + 1)),
        |service, subscriber, Nothing {}, next| batches(service, subscriber, next),
    )?;
    subscribe::<methods::SubscribeTransaction, _, _>(
        module,
        methods::STAGES,
        |_| Ok(0),
        |service, subscriber, ByHash { hash }, _| stages(service, subscriber, hash),
    )
}

/// Who gets the messages of a subscription.
struct Subscriber {
    sink: SubscriptionSink,
    calls: Arc<Calls>,
}

/// The place of a subscription, among all and among those of its address.
type Place = (OwnedSemaphorePermit, Option<Share>);

/// A place, if there is one. Clients on this machine have no share of their own, as elsewhere.
fn place(service: &Service, client: IpAddr) -> Result<Place, ApiError> {
    let place = Arc::clone(&service.subscriptions).try_acquire_owned();
    let place = place.map_err(|_| ApiError::Busy("there are too many subscriptions"))?;
    if is_local(client) {
        return Ok((place, None));
    }
    let most = (service.config.max_total_subscriptions as usize / 4).max(1);
    let share = service.subscriptions_of.take(client, 1, most);
    let share = share.ok_or(ApiError::Busy("this address has too many subscriptions"))?;
    Ok((place, Some(share)))
}

/// Registers a subscription. Parameters are read before it is accepted, and so is `next`, the number of what it sends
/// first: whoever reads that the subscription is there misses nothing that comes later. An error ends it with its
/// reason.
fn subscribe<M: Method, F, Fut>(
    module: &mut RpcModule<Service>,
    access: Access,
    next: fn(&Service) -> Result<u64, ApiError>,
    run: F,
) -> Result<(), RegisterMethodError>
where
    F: Fn(Arc<Service>, Subscriber, M::Params, u64) -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = Result<(), ApiError>> + Send + 'static,
{
    let Access::Subscription { unsubscribe, message } = access else { return Ok(()) };
    let call = move |params: Params<'static>,
                     pending: PendingSubscriptionSink,
                     service: Arc<Service>,
                     extensions: Extensions| async move {
        let begin = async {
            let params = parse::<M::Params>(&params)?;
            let caller = extensions.get::<Caller>();
            let caller = caller.ok_or(ApiError::Internal("a subscription without a caller"))?;
            let place = place(&service, caller.address)?;
            let next = service.read_patiently(next).await?;
            Ok::<_, ApiError>((params, place, next, Arc::clone(&caller.calls)))
        };
        let (params, _place, next, calls) = match begin.await {
            Ok(begun) => begun,
            Err(error) => {
                pending.reject(error).await;
                return SubscriptionCloseResponse::None;
            }
        };
        let Ok(sink) = pending.accept().await else { return SubscriptionCloseResponse::None };
        let subscriber = Subscriber { sink, calls };
        match run(service, subscriber, params, next).await {
            Ok(()) => SubscriptionCloseResponse::None,
            Err(error) => SubscriptionCloseResponse::NotifErr(reason(&error)),
        }
    };
    module.register_subscription(M::NAME, message, unsubscribe, call).map(drop)
}

fn reason(error: &ApiError) -> SubscriptionError {
    to_raw_value(&error.body()).map_or_else(|e| e.into(), SubscriptionError::from_json)
}

/// Sends every block from now on.
async fn blocks(
    service: Arc<Service>,
    subscriber: Subscriber,
    mut next: u64,
) -> Result<(), ApiError> {
    let mut news = service.headlines.listen();
    loop {
        let page = match service.headlines.from(next) {
            Some(page) => page,
            // It reads so slowly that what it lacks is in the store only.
            None => service.read_patiently(move |service| headlines::read(service, next)).await?,
        };
        let is_all = page.is_empty();
        for (number, row) in page {
            if !send(&service, &subscriber, row).await? {
                return Ok(());
            }
            next = number + 1;
        }
        if !is_all {
            continue;
        }
        tokio::select! {
            () = news.changed() => {}
            () = subscriber.sink.closed() => return Ok(()),
        }
    }
}

/// Sends every sealed batch from now on.
async fn batches(
    service: Arc<Service>,
    subscriber: Subscriber,
    mut next: u64,
) -> Result<(), ApiError> {
    let mut news = service.sources.signals.sealed.listen();
    loop {
        let rows = service.read_patiently(move |service| batches_from(service, next)).await?;
        let is_full = rows.len() == PAGE_ROWS;
        for row in rows {
            next = u64::from(row.number) + 1;
            if !send(&service, &subscriber, written(&row)?).await? {
                return Ok(());
            }
        }
        if is_full {
            continue;
        }
        tokio::select! {
            () = news.changed() => {}
            () = subscriber.sink.closed() => return Ok(()),
        }
    }
}

fn batches_from(service: &Service, from: u64) -> Result<Vec<BatchView>, ApiError> {
    let store = &service.sources.store;
    let Ok(from) = BatchNumber::try_from(from) else { return Ok(Vec::new()) };
    let rows = store.batches.range(from..).take(PAGE_ROWS);
    rows.map(|row| view::batch(store, row?.0)).collect()
}

/// Sends each stage of a transaction once; those that it has reached already first.
async fn stages(service: Arc<Service>, subscriber: Subscriber, hash: Hash) -> Result<(), ApiError> {
    let signals = &service.sources.signals;
    let (mut block, mut sealed, mut l1) =
        (signals.block.listen(), signals.sealed.listen(), signals.l1.listen());
    let mut sent = None;
    loop {
        let read =
            move |service: &Service| Ok(view::Lives::new(&service.sources.store)?.life(&hash)?);
        let life = service.read_patiently(read).await?;
        let life = life.ok_or_else(|| ApiError::Unknown(format!("transaction {hash}")))?;
        for stage in reached(&life) {
            if Some(stage) <= sent {
                continue;
            }
            let news = StageNews { hash, stage, life: life.clone() };
            if !send(&service, &subscriber, written(&news)?).await? {
                return Ok(());
            }
            sent = Some(stage);
        }
        if sent >= Some(Stage::Finalized) {
            return Ok(());
        }
        // Only what brings the next stage is a reason to look: blocks are frequent, and subscribers many.
        let next = async {
            match sent {
                None | Some(Stage::Accepted) => block.changed().await,
                Some(Stage::InBlock) => sealed.changed().await,
                _ => l1.changed().await,
            }
        };
        tokio::select! {
            () = next => {}
            () = subscriber.sink.closed() => return Ok(()),
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

fn written(message: &impl Serialize) -> Result<Box<RawValue>, ApiError> {
    to_raw_value(message).map_err(|_| ApiError::Internal("a message has no encoding"))
}

/// False when the client has gone.
async fn send(
    service: &Service,
    subscriber: &Subscriber,
    message: Box<RawValue>,
) -> Result<bool, ApiError> {
    let patience = Duration::from_secs(service.config.subscriber_patience_s);
    subscriber.calls.expect();
    match subscriber.sink.send_timeout(message, patience).await {
        Ok(()) => Ok(true),
        Err(SendTimeoutError::Closed(_)) => Ok(false),
        Err(SendTimeoutError::Timeout(_)) => {
            metrics::counter!("cairn_api_slow_subscribers_total").increment(1);
            Err(ApiError::TooSlow(patience.as_secs()))
        }
    }
}
