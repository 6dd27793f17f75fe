//! Rows of the leaf circuits by gate: `cargo run --release -p cairn-circuits --example rows`.
//!
//! Of those that verify chunks the verifier alone, without the statement's hash. A circuit is padded to a power of two.

use std::collections::BTreeMap;

use cairn_circuits::chunk::{class, parameters};
use cairn_circuits::circuit_set::Size;
use cairn_circuits::config::Circuit;
use cairn_circuits::seal::SealCircuit;
use cairn_circuits::stream::{StreamClass, StreamLeaf};
use cairn_leaf::chunk::Leaf;
use cairn_stark::recursive::rows;

const PADDING: &str = "NoopGate";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for class in StreamClass::ALL {
        let leaf = StreamLeaf::build(class.evaluation(), class.capacity());
        print(&format!("stream leaf, {class:?}"), of(&leaf.circuit));
    }
    print("seal", of(&SealCircuit::build().circuit));
    for size in Size::ALL {
        let class = class(size);
        let leaf = Leaf::new(class, parameters(size))?;
        print(class.name, rows::of_verifier(leaf.keys(), leaf.airs())?);
    }
    Ok(())
}

fn of(circuit: &Circuit) -> BTreeMap<String, usize> {
    rows::by_gate(&circuit.prover_only, &circuit.common)
}

fn print(name: &str, mut rows: BTreeMap<String, usize>) {
    rows.remove(PADDING);
    println!("{name}: {} rows", rows.values().sum::<usize>());
    for (gate, rows) in rows {
        println!("{rows:>8} {gate}");
    }
}
