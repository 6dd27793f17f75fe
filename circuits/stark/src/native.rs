//! Batch STARKs: proving and verifying with `p3-batch-stark`.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use p3_air::{Air, DebugConstraintBuilder};
use p3_batch_stark::folder::{
    ProverConstraintFolderWithLookups, VerifierConstraintFolderWithLookups,
};
use p3_batch_stark::{
    BatchProof, BatchVerificationError, CommonData, PcsError, ProverData, StarkInstance,
    prove_batch, verify_batch,
};
use p3_lookup::InteractionSymbolicBuilder;

use p3_matrix::Matrix;
use p3_matrix::dense::RowMajorMatrix;
use thiserror::Error;

use crate::config::{Challenge, Config, Parameters, Val};
use crate::next_row::check_listed;

/// A proof for all tables of a batch.
pub type Proof = BatchProof<Config>;

/// The values of one table, row by row.
pub type Trace = RowMajorMatrix<Val>;

/// Longest proof that [`decode`] accepts, in bytes.
pub const MAX_PROOF_BYTES: usize = 1 << 26;

/// An AIR that can be proved in a batch. Tables of one batch have one type: usually an enum.
///
/// Write `eval` once, generic over the builder: `impl<AB: InteractionBuilder<F = Val>> Air<AB> for T`.
pub trait Table:
    Clone
    + Air<InteractionSymbolicBuilder<Val, Challenge>>
    + for<'a> Air<ProverConstraintFolderWithLookups<'a, Config>>
    + for<'a> Air<VerifierConstraintFolderWithLookups<'a, Config>>
    + for<'a> Air<DebugConstraintBuilder<'a, Val>>
    + for<'a> Air<DebugConstraintBuilder<'a, Val, Challenge>>
{
    /// Name in reports.
    fn name(&self) -> &'static str;
}

/// Why a batch was not proved or a proof was rejected.
#[derive(Debug, Error)]
pub enum Error {
    /// A list has not one entry a table.
    #[error("{list}: expected one entry for each of {expected} tables, got {got}")]
    Count {
        /// Which list.
        list: &'static str,
        /// Tables.
        expected: usize,
        /// Entries.
        got: usize,
    },
    /// A trace has another shape than its table.
    #[error(
        "{table}: expected {} columns and {} rows, got {} and {}",
        .expected.0, .expected.1, .got.0, .got.1
    )]
    Shape {
        /// Name of the table.
        table: &'static str,
        /// Columns and rows.
        expected: (usize, usize),
        /// Columns and rows.
        got: (usize, usize),
    },
    /// A table is too low for the parameters.
    #[error("{table}: expected 2^{least} rows or more, got 2^{got}")]
    TooLow {
        /// Name of the table.
        table: &'static str,
        /// [`Parameters::min_log_height`].
        least: usize,
        /// Rows, in bits.
        got: usize,
    },
    /// With these parameters a proof of anything would verify.
    #[error(
        "expected queries and a blow-up of at least 1, in bits, got {queries} and {log_blowup}"
    )]
    Unsound {
        /// [`Parameters::queries`].
        queries: usize,
        /// [`Parameters::log_blowup`].
        log_blowup: usize,
    },
    /// A table reads the next row of a column that it does not list, in a constraint or a lookup: zeros would stand there.
    #[error("{table}: reads the next row of column {column} of the {trace} trace, which it does not list")]
    UnlistedNextRow {
        /// Name of the table.
        table: &'static str,
        /// Main or preprocessed.
        trace: &'static str,
        /// The column, from 0.
        column: usize,
    },
    /// The proof is for tables of other heights.
    #[error("expected tables of log heights {expected:?}, got {got:?}")]
    Heights {
        /// By the keys.
        expected: Vec<usize>,
        /// By the proof.
        got: Vec<usize>,
    },
    /// The commitment scheme refused to prove.
    #[error("proving failed: {0}")]
    Prove(String),
    /// The proof does not hold.
    #[error("proof rejected: {0}")]
    Rejected(#[source] Box<BatchVerificationError<PcsError<Config>>>),
    /// An opening does not hold or has another shape than the circuit.
    #[error("opening rejected: {0}")]
    Opening(String),
    /// The verifier panicked: the proof is malformed in a way that it does not foresee.
    #[error("proof rejected: the verifier panicked: {0}")]
    Panicked(String),
    /// The bytes are not one canonically encoded proof.
    #[error("{0}")]
    Decode(String),
}

/// What prover and verifier derive from the tables alone: preprocessed columns, their commitment, and the
/// layout of lookups.
pub struct Keys {
    parameters: Parameters,
    config: Config,
    data: ProverData<Config>,
    log_heights: Vec<usize>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { parameters, log_heights, .. } = self;
        let mut debug = f.debug_struct("Keys");
        debug.field("parameters", parameters).field("log_heights", log_heights);
        debug.finish_non_exhaustive()
    }
}

impl Keys {
    /// Keys for tables of the given heights, in rows, in bits.
    ///
    /// # Errors
    /// [`Error::Unsound`], [`Error::Count`], [`Error::TooLow`], [`Error::UnlistedNextRow`] or [`Error::Prove`].
    ///
    /// # Panics
    /// If a table has a preprocessed trace of another height.
    pub fn new<A: Table>(
        parameters: Parameters,
        airs: &[A],
        log_heights: &[usize],
    ) -> Result<Self, Error> {
        // The native verifier refuses them later, the circuit would have nothing to check.
        let Parameters { queries, log_blowup, .. } = parameters;
        if queries == 0 || log_blowup == 0 {
            return Err(Error::Unsound { queries, log_blowup });
        }
        count("log heights", airs.len(), log_heights.len())?;
        let least = parameters.min_log_height();
        for (air, &got) in airs.iter().zip(log_heights) {
            if got < least {
                return Err(Error::TooLow { table: air.name(), least, got });
            }
            check_listed(air)?;
        }
        let config = parameters.config();
        let data = ProverData::from_airs_and_degrees(&config, airs, log_heights)
            .map_err(|error| Error::Prove(error.to_string()))?;
        Ok(Self { parameters, config, data, log_heights: log_heights.to_vec() })
    }

    /// The soundness parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The proof system with these parameters.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Rows of each table, in bits.
    pub fn log_heights(&self) -> &[usize] {
        &self.log_heights
    }

    /// Lookups of each table, and the commitment to preprocessed columns.
    pub fn common(&self) -> &CommonData<Config> {
        &self.data.common
    }
}

/// Proves that the traces satisfy their tables and that all lookups balance.
///
/// The prover does not check the traces: see [`crate::check`].
///
/// # Errors
/// [`Error::Count`] and [`Error::Shape`] for traces that do not fit the keys, [`Error::Prove`] for parameters
/// that do not fit the heights.
pub fn prove<A: Table>(
    keys: &Keys,
    airs: &[A],
    traces: &[Trace],
    public_values: &[Vec<Val>],
) -> Result<Proof, Error> {
    count("tables", keys.log_heights.len(), airs.len())?;
    count("traces", airs.len(), traces.len())?;
    count("public values", airs.len(), public_values.len())?;
    for ((air, trace), log_height) in airs.iter().zip(traces).zip(&keys.log_heights) {
        let expected = (air.width(), 1 << log_height);
        let got = (trace.width(), trace.height());
        if got != expected {
            return Err(Error::Shape { table: air.name(), expected, got });
        }
    }
    let traces: Vec<&Trace> = traces.iter().collect();
    let instances = StarkInstance::new_multiple(airs, &traces, public_values);
    prove_batch(&keys.config, &instances, &keys.data)
        .map_err(|error| Error::Prove(error.to_string()))
}

/// Verifies a proof for tables of exactly the keys' heights.
///
/// # Errors
/// [`Error::Count`] if the caller's lists do not match, else why the proof is rejected.
pub fn verify<A: Table>(
    keys: &Keys,
    airs: &[A],
    proof: &Proof,
    public_values: &[Vec<Val>],
) -> Result<(), Error> {
    count("tables", keys.log_heights.len(), airs.len())?;
    count("public values", airs.len(), public_values.len())?;
    if proof.degree_bits != keys.log_heights {
        return Err(Error::Heights {
            expected: keys.log_heights.clone(),
            got: proof.degree_bits.clone(),
        });
    }
    let verify = || verify_batch(&keys.config, airs, proof, public_values, keys.common());
    match catch_unwind(AssertUnwindSafe(verify)) {
        Ok(verdict) => verdict.map_err(|error| Error::Rejected(Box::new(error))),
        Err(panic) => Err(Error::Panicked(panic_message(panic.as_ref()))),
    }
}

/// The bytes of a proof: one encoding for each proof.
///
/// # Errors
/// [`Error::Decode`] if the proof is longer than [`MAX_PROOF_BYTES`].
pub fn encode(proof: &Proof) -> Result<Vec<u8>, Error> {
    bincode::serde::encode_to_vec(proof, bincode_config())
        .map_err(|error| Error::Decode(error.to_string()))
}

/// The proof that [`encode`] gives these bytes for. Elements must be canonical, no byte may be left.
///
/// # Errors
/// [`Error::Decode`].
pub fn decode(bytes: &[u8]) -> Result<Proof, Error> {
    let (proof, read) = bincode::serde::decode_from_slice(bytes, bincode_config())
        .map_err(|error| Error::Decode(error.to_string()))?;
    if read != bytes.len() {
        return Err(Error::Decode(format!("expected {read} bytes, got {}", bytes.len())));
    }
    Ok(proof)
}

fn bincode_config() -> impl bincode::config::Config {
    bincode::config::standard().with_fixed_int_encoding().with_limit::<MAX_PROOF_BYTES>()
}

pub(crate) fn count(list: &'static str, expected: usize, got: usize) -> Result<(), Error> {
    if expected == got { Ok(()) } else { Err(Error::Count { list, expected, got }) }
}

pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use p3_field::PrimeCharacteristicRing;

    use super::*;
    use crate::check::{Violation, check};
    use crate::testing::{Batch, TINY, TestTable, batch};

    fn proved(batch: &Batch) -> Proof {
        prove(&batch.keys, &batch.airs, &batch.traces, &batch.public_values).unwrap()
    }

    fn verified(batch: &Batch, proof: &Proof) -> Result<(), Error> {
        verify(&batch.keys, &batch.airs, proof, &batch.public_values)
    }

    #[test]
    fn proof_of_tables_of_several_heights() {
        let mut batch = batch(TINY, &[6, 3, 6], 4);
        check(&batch.airs, &batch.traces, &batch.public_values).unwrap();
        let proof = proved(&batch);
        verified(&batch, &proof).unwrap();

        let bytes = encode(&proof).unwrap();
        let decoded = decode(&bytes).unwrap();
        verified(&batch, &decoded).unwrap();
        assert_eq!(encode(&decoded).unwrap(), bytes);
        assert!(matches!(decode(&bytes[..bytes.len() - 1]), Err(Error::Decode(_))));
        assert!(matches!(decode(&[&bytes[..], &[0]].concat()), Err(Error::Decode(_))));

        batch.public_values[1][1] += Val::ONE;
        assert!(matches!(verified(&batch, &proof), Err(Error::Rejected(_))));
    }

    #[test]
    fn non_canonical_element_is_not_decoded() {
        let batch = batch(TINY, &[3], 4);
        let mut bytes = encode(&proved(&batch)).unwrap();
        let len = bytes.len();
        // The last field is the proof of work before the out-of-domain point: zero.
        assert_eq!(bytes[len - 8..], [0; 8]);
        bytes[len - 8..].copy_from_slice(&0xffff_ffff_0000_0001_u64.to_le_bytes());
        assert!(matches!(decode(&bytes), Err(Error::Decode(_))));
    }

    #[test]
    fn proof_for_other_heights_is_rejected() {
        let [small, large] = [3, 4].map(|log_height| batch(TINY, &[log_height], 4));
        let verdict = verified(&large, &proved(&small));
        assert!(matches!(verdict, Err(Error::Heights { .. })), "{verdict:?}");
    }

    #[test]
    fn keys_for_tables_too_low_are_refused() {
        // Below the final polynomial, and above the cap of its tree.
        for parameters in
            [Parameters { log_final_poly_len: 4, ..TINY }, Parameters { cap_height: 6, ..TINY }]
        {
            assert_eq!(parameters.min_log_height(), 5);
            let refusal = Keys::new(parameters, &[TestTable::Powers; 2], &[5, 4]).err();
            assert!(matches!(refusal, Some(Error::TooLow { least: 5, got: 4, .. })));
            Keys::new(parameters, &[TestTable::Powers; 2], &[5, 5]).unwrap();
        }
    }

    #[test]
    fn parameters_that_check_nothing_are_refused() {
        let tables = [TestTable::Powers; 2];
        for parameters in [Parameters { queries: 0, ..TINY }, Parameters { log_blowup: 0, ..TINY }]
        {
            let refusal = Keys::new(parameters, &tables, &[5, 5]).err();
            assert!(matches!(refusal, Some(Error::Unsound { .. })));
        }
    }

    #[test]
    fn trace_of_another_shape_is_not_proved() {
        let mut batch = batch(TINY, &[3], 4);
        batch.traces[0].values.truncate(12);
        let refusal = prove(&batch.keys, &batch.airs, &batch.traces, &batch.public_values);
        assert!(matches!(refusal, Err(Error::Shape { got: (3, 4), .. })));
    }

    #[test]
    fn checker_names_table_row_and_constraint() {
        let mut batch = batch(TINY, &[3, 4], 4);
        batch.traces[1].values[3 * 5 + 1] += Val::ONE;
        let violations = check(&batch.airs, &batch.traces, &batch.public_values).unwrap_err();
        let violation =
            |constraint| Violation::Constraint { table: "powers", row: 5, constraint, label: None };
        assert_eq!(violations, [violation(1), violation(2)]);
    }

    #[test]
    fn checker_finds_unbalanced_lookups() {
        let mut batch = batch(TINY, &[3], 4);
        batch.traces[1].values[7] += Val::ONE;
        let violations = check(&batch.airs, &batch.traces, &batch.public_values).unwrap_err();
        assert!(matches!(&violations[..], [Violation::Lookup(text)] if text.contains("nibble")));
        let proof = proved(&batch);
        assert!(matches!(verified(&batch, &proof), Err(Error::Rejected(_))));
    }
}
