//! What a proof costs, against arkworks' prover, in one run:
//! `QUERIES=20 cargo test --release -p cairn-wrap figures -- --ignored --nocapture`.

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::time::Instant;

use ark_ff::{BigInteger, PrimeField};

use super::tests::ark_prove;
use super::*;
use crate::groth16::{InsecureDevSetup, KeyStore, setup};
use crate::verifier::tests::system;

/// A number of kB in the status of this process.
fn status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Seconds that this process has had of the processors.
fn cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks = fields.split_whitespace().skip(11).take(2).map(|x| x.parse::<f64>().unwrap());
    ticks.sum::<f64>() / 100.0
}

fn timed<T>(name: &str, work: impl FnOnce() -> T) -> T {
    // Forgets the peak.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let (before, cpu_before, start) = (status("RssAnon"), cpu(), Instant::now());
    let result = work();
    println!(
        "{name:36} {:6.2} s CPU, {:6.2} s, {:5} MiB at the peak, from {:5} MiB that are not files",
        cpu() - cpu_before,
        start.elapsed().as_secs_f64(),
        status("VmHWM") >> 10,
        before >> 10,
    );
    result
}

/// How many wires have values of so many bits, or of which the negative has.
fn sizes(circuit: &Builder) -> BTreeMap<u32, usize> {
    let mut sizes = BTreeMap::new();
    for &value in circuit.assignment() {
        let bits = value.into_bigint().num_bits().min((-value).into_bigint().num_bits());
        *sizes.entry(bits.next_multiple_of(if bits < 2 { 1 } else { 16 })).or_insert(0) += 1;
    }
    sizes
}

#[test]
#[ignore = "takes minutes; it is for its figures"]
fn figures() {
    let queries = std::env::var("QUERIES").map_or(20, |queries| queries.parse().unwrap());
    let threads = rayon::current_num_threads();
    let circuit = system(queries);
    println!("{threads} threads, {circuit:?}, {} terms", circuit.num_terms());
    println!("bits of values: {:?}", sizes(&circuit));
    let (r, s) = (Fr::from(3u64), Fr::from(5u64));
    let setup = InsecureDevSetup::new(3);

    let folder = tempfile::tempdir().unwrap();
    let store = KeyStore::new(folder.path());
    timed("keys, made and written", || store.load_or_setup(&circuit, setup)).unwrap();
    let keys = timed("keys, mapped and checked", || store.load(&circuit, setup)).unwrap().unwrap();
    let (a, b) = (keys.proving.a().0.len(), keys.proving.b().0.len());
    println!(
        "{a} wires in A, {b} in B, {} in L, {} in H",
        keys.proving.l().0.len(),
        keys.proving.h().len()
    );
    let mut rng = ark_std::rand::rngs::OsRng;
    for _ in 0..2 {
        timed("proof, with its verification", || prove(&keys, &circuit, &mut rng)).unwrap();
    }
    let own = timed("proof, without", || prove_with(&keys.proving, &circuit, r, s)).unwrap();
    let scalars: Vec<_> = circuit.assignment().iter().map(|&k| Scalar::new(k)).collect();
    let of = |wires: &[u32]| wires.iter().map(|&i| scalars[i as usize]).collect::<Vec<_>>();
    _ = timed("  quotient and its sum", || quotient_sum(&keys.proving, &circuit)).unwrap();
    timed("  satisfied, factors", || circuit.factors(0)).unwrap();
    let (a, b, l) = (keys.proving.a(), keys.proving.b(), keys.proving.l());
    _ = black_box(timed("  L", || msm::<G1>(l.1, &of(l.0))));
    _ = black_box(timed("  A", || msm::<G1>(a.1, &of(a.0))));
    _ = black_box(timed("  B in G1", || msm::<G1>(b.1, &of(b.0))));
    _ = black_box(timed("  B in G2", || msm::<G2>(b.2, &of(b.0))));
    drop(keys);

    let key = setup::parameters(setup, &circuit).unwrap();
    timed("arkworks: satisfied", || circuit.is_satisfied());
    for _ in 0..2 {
        let ark = timed("arkworks: proof", || ark_prove(&key, &circuit, r, s));
        assert_eq!(own, ark);
    }
}
