//! The operator is killed, or asked to stop.

use std::time::Duration;

use cairn_batcher::api::{
    methods::{AdminPause, AdminResume, AdminSeal},
    wire::{Nothing, Stage},
};
use rand::Rng;
use rustix::process::Signal;
use serde_json::json;

use crate::{engine::Directive, ground::Ground, operator::Setting, proxy::Fault, runner::Counts};

const SMOKE_KILLS: u64 = 8;
const FULL_KILLS: u64 = 200;

/// Longer than any scenario: a batch is sealed when it is asked for.
const NEVER_S: u64 = 40_000;

/// Seals when asked, and not before.
fn sealed_by_hand(setting: &mut Setting) {
    let sequencer = &mut setting.config.sequencer;
    sequencer.max_batch_age_s = NEVER_S;
    sequencer.max_time_to_finality_s = NEVER_S;
    sequencer.priority_wait_s = NEVER_S;
}

/// Where work waits when the operator is killed.
#[derive(Debug, Clone, Copy)]
enum Place {
    Accepted,
    InBlock,
    CommitmentNotSent,
    CommitmentSentAnswerLost,
    CommitmentNotMined,
    CommitmentMinedMeanwhile,
    Proving,
    ProofNotSent,
    ProofNotMined,
    ProofNotFinal,
}

const PLACES: [Place; 10] = [
    Place::Accepted,
    Place::InBlock,
    Place::CommitmentNotSent,
    Place::CommitmentSentAnswerLost,
    Place::CommitmentNotMined,
    Place::CommitmentMinedMeanwhile,
    Place::Proving,
    Place::ProofNotSent,
    Place::ProofNotMined,
    Place::ProofNotFinal,
];

pub(crate) async fn at_each_stage() -> Counts {
    let mut ground = Ground::with(sealed_by_hand).await;
    // What L1 has queued is behind us.
    ground.pay(1).await;
    ground.settle().await;
    for place in PLACES {
        bring_to(&mut ground, place).await;
        ground.kill();
        if matches!(place, Place::CommitmentMinedMeanwhile) {
            ground.mine(1).await;
        }
        ground.proxy.set(None);
        ground.engine(Directive::Prove);
        ground.blocks(true).await;
        ground.restart();
        ground.admin().await.call::<AdminResume>(&Nothing {}).await.unwrap();
        ground.settle().await;
    }
    let mut counts = ground.end().await;
    counts.insert("kills", PLACES.len() as u64);
    counts
}

/// Has everyone pay, and work on it wait at this place.
async fn bring_to(ground: &mut Ground, place: Place) {
    let admin = ground.admin().await;
    let (committed, proven) = ground.on_l1().await;
    if matches!(place, Place::Accepted) {
        admin.call::<AdminPause>(&Nothing {}).await.unwrap();
        ground.pay(2).await;
        assert!(!ground.users.are(Stage::InBlock).await, "a block was made in the pause");
        return;
    }
    ground.pay(2).await;
    ground.until("a block", async |ground| ground.users.are(Stage::InBlock).await).await;
    match place {
        Place::CommitmentNotSent => ground.proxy.set(Some(Fault::NoSending)),
        Place::CommitmentSentAnswerLost => ground.proxy.set(Some(Fault::LostAnswer)),
        Place::CommitmentNotMined | Place::CommitmentMinedMeanwhile => ground.blocks(false).await,
        Place::Proving | Place::ProofNotSent | Place::ProofNotMined | Place::ProofNotFinal => {
            ground.engine(Directive::Hold);
        }
        Place::Accepted | Place::InBlock => {}
    }
    if matches!(place, Place::InBlock) {
        return;
    }
    admin.call::<AdminSeal>(&Nothing {}).await.unwrap();
    let on_l1 = async |ground: &Ground| ground.on_l1().await;
    let sent = async |ground: &Ground| {
        let status = ground.rpc("txpool_status", json!([])).await;
        status["pending"] != json!("0x0")
    };
    match place {
        Place::CommitmentNotSent | Place::CommitmentSentAnswerLost => {
            ground.until("it is sent", async |ground| ground.proxy.hits() > 0).await;
            return;
        }
        Place::CommitmentNotMined | Place::CommitmentMinedMeanwhile => {
            ground.until("the commitment is sent", sent).await;
            return;
        }
        _ => ground.until("it is committed", async |g| on_l1(g).await.0 > committed).await,
    }
    match place {
        Place::ProofNotSent => {
            ground.proxy.set(Some(Fault::NoSending));
            ground.engine(Directive::Prove);
            ground.until("the proof is sent", async |ground| ground.proxy.hits() > 0).await;
        }
        Place::ProofNotMined => {
            ground.blocks(false).await;
            ground.engine(Directive::Prove);
            ground.until("the proof is sent", sent).await;
        }
        Place::ProofNotFinal => {
            ground.engine(Directive::Prove);
            ground.until("it is proven", async |g| on_l1(g).await.1 > proven).await;
            ground.blocks(false).await;
        }
        _ => {}
    }
}

pub(crate) async fn under_load() -> Counts {
    kill_often(SMOKE_KILLS).await
}

pub(crate) async fn under_load_for_long() -> Counts {
    kill_often(FULL_KILLS).await
}

async fn kill_often(kills: u64) -> Counts {
    let mut ground = Ground::new().await;
    let load = ground.users.load();
    for _ in 0..kills {
        let life = rand::rng().random_range(20..1_200);
        tokio::time::sleep(Duration::from_millis(life)).await;
        assert!(!ground.operator.has_ended(), "{}", ground.setting.log_tail());
        ground.kill();
        ground.restart();
    }
    load.end().await;
    let mut counts = ground.end().await;
    counts.insert("kills", kills);
    counts
}

pub(crate) async fn stop() -> Counts {
    let mut ground = Ground::new().await;
    let load = ground.users.load();
    for signal in [Signal::TERM, Signal::INT, Signal::TERM] {
        tokio::time::sleep(Duration::from_millis(700)).await;
        ground.operator.signal(signal);
        assert_eq!(ground.operator.code(), Some(0), "{}", ground.setting.log_tail());
        ground.restart();
    }
    // A proof that takes long does not keep it from stopping.
    ground.engine(Directive::Hold);
    let (committed, _) = ground.on_l1().await;
    let waits = async |ground: &Ground| ground.on_l1().await.0 > committed + 1;
    ground.until("a batch waits for its proof", waits).await;
    ground.operator.signal(Signal::TERM);
    assert_eq!(ground.operator.code(), Some(0), "{}", ground.setting.log_tail());
    ground.engine(Directive::Prove);
    ground.restart();
    load.end().await;
    let mut counts = ground.end().await;
    counts.insert("stops", 4);
    counts
}
