//! The streams of a fleet and their consumers: made where they are not there, as at first, and after the server has lost its disk.

use std::time::Duration;

use async_nats::jetstream::{
    Context,
    consumer::{AckPolicy, pull},
    stream::{Config, DiscardPolicy, RetentionPolicy, StorageType, Stream},
};
use cairn_prover::assignment::Class;

use crate::{error::FleetError, names::Names, queue::Queue};

/// How long a worker may be silent until its message is given to another. Longer than a coordinator takes to start
/// again, as only the coordinator says that work goes on.
pub const LEASE: Duration = Duration::from_secs(30);
/// A message of a queue is given out so often. Each denied claim counts: the coordinator has the cap that matters.
const DELIVERIES: i64 = 100_000;
/// Messages with one id are taken for one.
const SAME: Duration = Duration::from_secs(120);
/// How long work and results that nobody fetched are kept.
const PAYLOAD_AGE: Duration = Duration::from_secs(3_600);
/// How long results that hold are kept: as long as a coordinator may be away.
const PROOF_AGE: Duration = Duration::from_secs(24 * 3_600);
/// Bytes that a stream takes of the server's disk. Granted work has no such limit: the coordinator alone writes it, and
/// removes it once it is done.
const PROOF_BYTES: i64 = 512 << 20;
/// Of messages in P_RESULT; a proof has some 130 KiB.
pub const RESULT_BYTES: i32 = 1 << 20;
/// Messages of P_RESULT that the coordinator has at a time.
pub const RESULTS: usize = 64;
/// Messages that wait in a queue, at the most.
const WAITING: i64 = 4_096;

/// The coordinator's consumer of what workers send.
pub const COORDINATOR: &str = "coordinator";

/// Makes what is not there, with so many copies in a cluster.
///
/// # Errors
/// The server has no JetStream, refuses, or does not answer.
pub async fn make(jetstream: &Context, names: &Names, replicas: usize) -> Result<(), FleetError> {
    for class in Class::ALL {
        let queues = Queue::ALL.into_iter().filter(|queue| queue.class() == class);
        let queues: Vec<_> = queues.collect();
        let config = Config {
            name: names.tasks(class),
            subjects: queues.iter().map(|&queue| names.task(queue)).collect(),
            retention: RetentionPolicy::WorkQueue,
            discard: DiscardPolicy::New,
            max_messages: WAITING * queues.len() as i64,
            duplicate_window: SAME,
            ..Config::default()
        };
        let stream = stream(jetstream, replicas, config).await?;
        for queue in queues {
            let config = pull::Config {
                filter_subject: names.task(queue),
                ack_wait: LEASE,
                max_deliver: DELIVERIES,
                max_batch: 1,
                max_waiting: WAITING,
                max_ack_pending: WAITING,
                ..durable(queue.name())
            };
            consumer(&stream, config).await?;
        }
    }
    let payloads = Config {
        name: names.payloads(),
        subjects: vec![format!("{names}.payload.*.*.*")],
        max_messages_per_subject: 1,
        max_age: PAYLOAD_AGE,
        allow_direct: true,
        ..Config::default()
    };
    stream(jetstream, replicas, payloads).await?;
    let results = Config {
        name: names.results(),
        subjects: vec![format!("{names}.result.*.*"), format!("{names}.note.*.*")],
        retention: RetentionPolicy::WorkQueue,
        // A worker that floods is told so, and takes nothing from the others.
        discard: DiscardPolicy::New,
        discard_new_per_subject: true,
        max_messages_per_subject: 2,
        max_message_size: RESULT_BYTES,
        max_age: PAYLOAD_AGE,
        max_bytes: PROOF_BYTES,
        ..Config::default()
    };
    let results = stream(jetstream, replicas, results).await?;
    let config =
        pull::Config { ack_wait: LEASE, max_ack_pending: RESULTS as i64, ..durable(COORDINATOR) };
    consumer(&results, config).await?;
    let proofs = Config {
        name: names.proofs(),
        subjects: vec![format!("{names}.proof.*")],
        max_messages_per_subject: 1,
        max_age: PROOF_AGE,
        max_bytes: PROOF_BYTES,
        allow_direct: true,
        ..Config::default()
    };
    stream(jetstream, replicas, proofs).await.map(drop)
}

async fn stream(
    jetstream: &Context,
    replicas: usize,
    config: Config,
) -> Result<Stream, FleetError> {
    let what = format!("making the stream {}", config.name);
    let config = Config { storage: StorageType::File, num_replicas: replicas, ..config };
    let made = jetstream.get_or_create_stream(config).await;
    made.map_err(|error| FleetError::Stream { what, reason: error.to_string() })
}

fn durable(name: &str) -> pull::Config {
    pull::Config {
        durable_name: Some(name.to_owned()),
        ack_policy: AckPolicy::Explicit,
        ..pull::Config::default()
    }
}

async fn consumer(stream: &Stream, config: pull::Config) -> Result<(), FleetError> {
    let name = config.durable_name.clone().unwrap_or_default();
    let what = format!("making the consumer {name}");
    let made = stream.get_or_create_consumer(&name, config).await;
    made.map(drop).map_err(|error| FleetError::Stream { what, reason: error.to_string() })
}
