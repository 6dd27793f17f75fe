//! Chunks of few slots, proven in full.

mod agree;
mod conserve;
mod refuse_data;
mod refuse_state;
mod tree;
mod world;

use super::ChunkCircuit;
use crate::config::{F, LEAF};
use crate::operation::{AccessValues, Hints, Kind, OperandValues, SlotValues};
use crate::proving::prove;
use crate::source::Build;
use cairn_state::Running;
use cairn_types::ChunkEnvironment;
use plonky2::{field::types::Field, iop::witness::PartialWitness};
use std::sync::OnceLock;
use world::{ALICE, BOB, CAROL, NEXT_ID, World, element, key};

const SLOTS: usize = 3;

/// One circuit for all tests.
fn circuit() -> &'static ChunkCircuit {
    static CIRCUIT: OnceLock<ChunkCircuit> = OnceLock::new();
    CIRCUIT.get_or_init(|| {
        // Soundness of FRI is not what is tested here.
        let mut config = LEAF.circuit_config();
        config.security_bits = 0;
        config.fri_config.proof_of_work_bits = 1;
        config.fri_config.num_query_rounds = 2;
        ChunkCircuit::with_config(config, SLOTS, &Build)
    })
}

/// A slot with its hints, which some tests forge.
type Slot = (SlotValues, Hints);

fn with_hints(values: SlotValues) -> Slot {
    (values, Hints::new(&values))
}

/// Whether there is a proof of these slots.
fn proves(environment: &ChunkEnvironment, before: &Running, slots: &[Slot]) -> bool {
    let circuit = circuit();
    let empty = with_hints(SlotValues::default());
    let mut inputs = PartialWitness::new();
    circuit.target.assign_start(&mut inputs, environment, before).unwrap();
    for (i, target) in circuit.target.slots.iter().enumerate() {
        let (values, hints) = slots.get(i).unwrap_or(&empty);
        target.assign(&mut inputs, values, hints).unwrap();
    }
    prove(&circuit.circuit, inputs).is_ok()
}

/// Whether there is a proof of these operations, executed without scruples.
fn executes(world: &mut World, operands: &[OperandValues]) -> bool {
    let (environment, before) = (world.environment(), world.running());
    let slots: Vec<_> =
        operands.iter().map(|&operand| with_hints(world.execute(operand))).collect();
    proves(&environment, &before, &slots)
}

/// Whether there is a proof of one operation after `forge` has changed its witness.
fn executes_forged(
    world: &mut World,
    operand: OperandValues,
    forge: impl FnOnce(&mut SlotValues, &mut Hints),
) -> bool {
    let (environment, before) = (world.environment(), world.running());
    let mut values = world.execute(operand);
    let mut hints = Hints::new(&values);
    forge(&mut values, &mut hints);
    proves(&environment, &before, &[(values, hints)])
}

/// Alice pays Bob 1,000 quanta of token 0; alone in its word.
fn transfer() -> OperandValues {
    OperandValues {
        kind: Kind::Single,
        payer: element(ALICE.into()),
        payee: element(BOB.into()),
        token: F::ZERO,
        amount: element(1000),
        fee: element(20),
        target: key(BOB),
        ..Default::default()
    }
}

/// A key that no leaf has.
fn new_key() -> [F; 5] {
    key(NEXT_ID)
}

fn transfer_to_new() -> OperandValues {
    OperandValues {
        kind: Kind::TransferToNew,
        payee: element(NEXT_ID.into()),
        target: new_key(),
        ..transfer()
    }
}

fn withdraw() -> OperandValues {
    let address = [(1 << 36) - 1, (1 << 62) - 1, (1 << 62) - 1, 0, 0];
    OperandValues {
        kind: Kind::Withdraw,
        payee: F::ZERO,
        target: address.map(element),
        ..transfer()
    }
}

fn change_key() -> OperandValues {
    OperandValues {
        kind: Kind::ChangeKey,
        payee: F::ZERO,
        target: new_key(),
        amount: F::ZERO,
        ..transfer()
    }
}

/// A top-up of Carol's leaf.
fn deposit() -> OperandValues {
    OperandValues {
        kind: Kind::Deposit,
        payer: element(CAROL.into()),
        payee: element(CAROL.into()),
        token: F::ONE,
        amount: element(5000),
        target: key(CAROL),
        ..Default::default()
    }
}

/// A deposit that names Carol's leaf with another key.
fn deposit_to_new() -> OperandValues {
    OperandValues { payee: element(NEXT_ID.into()), target: new_key(), ..deposit() }
}

fn register() -> OperandValues {
    OperandValues {
        kind: Kind::RegisterToken,
        payer: F::TWO,
        payee: F::TWO,
        token: F::TWO,
        target: new_key(),
        quantum_exponent: element(255),
        ..Default::default()
    }
}

/// One of each kind that stands alone.
fn every_kind() -> [OperandValues; 8] {
    let long = OperandValues { kind: Kind::LongTransfer, fee: element(2049), ..transfer() };
    [
        transfer(),
        long,
        transfer_to_new(),
        withdraw(),
        change_key(),
        deposit(),
        deposit_to_new(),
        register(),
    ]
}
