//! plonky2's prover against a table's, on the circuits of Cairn's recursion:
//! `cargo run --release -p cairn-plonk --example compare [case ..]`.
//!
//! Each case runs in a process of its own. CPU seconds and wall seconds are means of three proofs after one that
//! warms up (grinding varies from proof to proof), witness generation included. Rows are those of the
//! circuit that verifies the proof, before it is padded.

mod cases;
mod measure;

use std::process::Command;

use cairn_gadgets::poseidon2::CairnConfig;
use cairn_plonk::circuit::PlonkCircuit;
use cairn_stark::config::Parameters;
use cairn_stark::native::encode;
use cairn_stark::recursive::extension::Builder;
use cairn_stark::recursive::verifier::verify_stark;

use cases::{Case, Circuit, plonky2_config};
use measure::measure;

/// plonky2's parameters of a case's circuit, in the form of a table's.
fn today(circuit: Circuit) -> Parameters {
    let (log_blowup, queries) = match circuit {
        Circuit::Chunk => (3, 29),
        Circuit::Node | Circuit::TableNode => (4, 22),
    };
    Parameters {
        log_blowup,
        log_final_poly_len: 5,
        max_log_arity: 4,
        queries,
        cap_height: 4,
        lookup_pow_bits: 0,
        batch_pow_bits: 0,
        commit_pow_bits: 0,
        query_pow_bits: 16,
    }
}

/// Parameters that give 100 provable bits (`soundness.md`, section 3).
fn hundred(circuit: Circuit) -> Parameters {
    let (queries, query_pow_bits, batch_pow_bits, commit_pow_bits, log_final_poly_len) =
        match circuit {
            Circuit::Chunk => (70, 12, 14, 9, 5),
            Circuit::Node | Circuit::TableNode => (56, 20, 18, 14, 6),
        };
    Parameters {
        log_blowup: 3,
        log_final_poly_len,
        queries,
        lookup_pow_bits: 8,
        batch_pow_bits,
        commit_pow_bits,
        query_pow_bits,
        ..today(circuit)
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, case] = &arguments[..] {
        if flag == "--one" {
            return one(case);
        }
    }
    println!("| circuit, prover | CPU s | wall s | peak MiB | proof KiB | rows to verify |");
    println!("|---|---|---|---|---|---|");
    let myself = std::env::current_exe().expect("the path of this program");
    for case in
        CASES.iter().filter(|case| arguments.is_empty() || arguments.contains(&case.0.into()))
    {
        let output = Command::new(&myself).args(["--one", case.0]).output().expect("it starts");
        print!("{}", String::from_utf8_lossy(&output.stdout));
        if !output.status.success() {
            eprintln!("{}: {}", case.0, String::from_utf8_lossy(&output.stderr));
        }
    }
}

/// Name, circuit, whether plonky2 proves it, parameters.
type Entry = (&'static str, Circuit, bool, fn(Circuit) -> Parameters);

const CASES: [Entry; 8] = [
    ("chunk-plonky2", Circuit::Chunk, true, today),
    ("chunk-table", Circuit::Chunk, false, today),
    ("chunk-table-100", Circuit::Chunk, false, hundred),
    ("node-plonky2", Circuit::Node, true, today),
    ("node-table", Circuit::Node, false, today),
    ("node-table-100", Circuit::Node, false, hundred),
    ("tablenode-table", Circuit::TableNode, false, today),
    ("tablenode-table-100", Circuit::TableNode, false, hundred),
];

fn one(name: &str) {
    let &(_, circuit, is_plonky2, parameters) =
        CASES.iter().find(|case| case.0 == name).expect("a case of the list");
    let parameters = parameters(circuit);
    // The circuit is the same whatever it is proved with.
    let case = Case::build(circuit, plonky2_config(&today(circuit)), &parameters);
    if is_plonky2 { plonky2(name, &case) } else { table(name, case, parameters) }
}

fn plonky2(name: &str, case: &Case) {
    let (proof, cost) = measure(|| case.circuit.prove(case.inputs.clone()).expect("it proves"));
    case.circuit.verify(proof.clone()).expect("it verifies");
    let mut builder = Builder::new(plonky2_config(&today(Circuit::Node)));
    let target = builder.add_virtual_proof_with_pis(&case.circuit.common);
    let key = builder.constant_verifier_data(&case.circuit.verifier_only);
    builder.verify_proof::<CairnConfig>(&target, &key, &case.circuit.common);
    let log_rows = case.circuit.common.degree_bits();
    print(name, log_rows, &cost, proof.to_bytes().len(), builder.num_gates());
}

fn table(name: &str, case: Case, parameters: Parameters) {
    let Case { circuit, inputs } = case;
    let log_rows = circuit.common.degree_bits();
    let circuit = PlonkCircuit::new(circuit, parameters).expect("it can be a table");
    let ((proof, public_inputs), cost) = measure(|| {
        let (trace, public_inputs) = circuit.trace(inputs.clone()).expect("there is a witness");
        let proof = circuit.prove_trace(&trace, &public_inputs).expect("it proves");
        (proof, public_inputs)
    });
    circuit.verify(&proof, &public_inputs).expect("it verifies");
    let mut builder = Builder::new(plonky2_config(&parameters));
    verify_stark(&mut builder, circuit.keys(), circuit.tables()).expect("it can be verified");
    let bytes = encode(&proof).expect("it can be encoded").len();
    print(name, log_rows, &cost, bytes, builder.num_gates());
}

fn print(name: &str, log_rows: usize, cost: &measure::Cost, bytes: usize, rows: usize) {
    println!(
        "| {name}, 2^{log_rows} rows | {:.2} | {:.2} | {} | {} | {rows} |",
        cost.cpu,
        cost.wall,
        cost.peak_mib,
        bytes >> 10
    );
}
