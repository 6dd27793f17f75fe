//! Rows of the circuits that verify chunks, by gate: `cargo run --release -p cairn-circuits --example rows`.
//!
//! The verifier alone, without the statement's hash. A circuit is padded to a power of two.

use cairn_circuits::chunk::{class, parameters};
use cairn_circuits::circuit_set::Size;
use cairn_leaf::chunk::Leaf;
use cairn_stark::recursive::rows;

const PADDING: &str = "NoopGate";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for size in Size::ALL {
        let class = class(size);
        let leaf = Leaf::new(class, parameters(size))?;
        let mut rows = rows::of_verifier(leaf.keys(), leaf.airs())?;
        rows.remove(PADDING);
        println!("{}: {} rows", class.name, rows.values().sum::<usize>());
        for (gate, rows) in rows {
            println!("{rows:>8} {gate}");
        }
    }
    Ok(())
}
