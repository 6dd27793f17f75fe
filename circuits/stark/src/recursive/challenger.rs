//! The transcript: twin of p3's `DuplexChallenger` of width 12 and rate 8.

use cairn_gadgets::arithmetic::split_canonical;
use cairn_gadgets::field::{from_plonky2, to_plonky2};
use cairn_gadgets::poseidon2::{Poseidon2Hash, SpongeState};
use p3_challenger::CanObserve;
use p3_challenger::fs::{DomainSeparator, FieldUnit};
use p3_symmetric::Permutation;
use plonky2::field::types::Field;
use plonky2::hash::hash_types::MerkleCapTarget;
use plonky2::iop::ext_target::ExtensionTarget;
use plonky2::iop::target::{BoolTarget, Target};

use super::extension::{Builder, ChallengeTarget, F};
use crate::config::{Challenger, RATE, Val, WIDTH, permutation12};

/// Most bits that one sample gives: the low half of an element.
pub const MAX_SAMPLE_BITS: usize = 32;

/// A transcript in a circuit. While everything observed is constant it costs nothing, then a row
/// for each permutation.
#[derive(Clone, Debug)]
pub struct ChallengerTarget {
    state: [Target; WIDTH],
    /// Observed and not yet absorbed: fewer than [`RATE`].
    input: Vec<Target>,
    /// Squeezed and not yet sampled, the next sample last.
    output: Vec<Target>,
}

impl ChallengerTarget {
    /// The empty transcript.
    pub fn new(builder: &mut Builder) -> Self {
        Self { state: [builder.zero(); WIDTH], input: vec![], output: vec![] }
    }

    /// A transcript that has come this far already: all of it is constant.
    pub fn from_native(builder: &mut Builder, native: &Challenger) -> Self {
        let mut constants = |elements: &[Val]| -> Vec<Target> {
            elements.iter().map(|&element| builder.constant(to_plonky2(element))).collect()
        };
        let input = constants(&native.input_buffer);
        let output = if input.is_empty() { constants(&native.output_buffer) } else { vec![] };
        let state = native.sponge_state.map(|element| constants(&[element])[0]);
        Self { state, input, output }
    }

    /// Absorbs an element.
    pub fn observe(&mut self, builder: &mut Builder, element: Target) {
        self.output.clear();
        self.input.push(element);
        if self.input.len() == RATE {
            self.duplex(builder);
        }
    }

    /// Absorbs elements in order.
    pub fn observe_all(&mut self, builder: &mut Builder, elements: &[Target]) {
        elements.iter().for_each(|&element| self.observe(builder, element));
    }

    /// Absorbs challenge-field elements, coefficient by coefficient.
    pub fn observe_extensions(&mut self, builder: &mut Builder, elements: &[ChallengeTarget]) {
        elements.iter().for_each(|element| self.observe_all(builder, &element.0));
    }

    /// Absorbs a commitment.
    pub fn observe_cap(&mut self, builder: &mut Builder, cap: &MerkleCapTarget) {
        cap.0.iter().for_each(|digest| self.observe_all(builder, &digest.elements));
    }

    /// Absorbs constants.
    pub fn observe_constants(&mut self, builder: &mut Builder, constants: &[Val]) {
        for &constant in constants {
            let constant = builder.constant(to_plonky2(constant));
            self.observe(builder, constant);
        }
    }

    /// Absorbs the seed that starts a protocol: name, shape of the transcript, labels. All of it is known
    /// when the circuit is built.
    pub fn observe_seed(
        &mut self,
        builder: &mut Builder,
        separator: &DomainSeparator<FieldUnit<Val>>,
    ) {
        let mut seed = Recorder(vec![]);
        separator.seed(&mut seed);
        self.observe_constants(builder, &seed.0);
    }

    /// Samples an element.
    pub fn sample(&mut self, builder: &mut Builder) -> Target {
        // Output is cleared by `observe`, so that it never is older than the input.
        if self.output.is_empty() {
            self.duplex(builder);
        }
        self.output.pop().expect("a permutation squeezes eight elements")
    }

    /// Samples a challenge.
    pub fn sample_extension(&mut self, builder: &mut Builder) -> ChallengeTarget {
        let coefficients = [self.sample(builder), self.sample(builder)];
        ExtensionTarget(coefficients)
    }

    /// Samples the `bits` low bits of an element's canonical integer, the least significant first.
    ///
    /// # Panics
    /// If `bits` is more than [`MAX_SAMPLE_BITS`].
    pub fn sample_bits(&mut self, builder: &mut Builder, bits: usize) -> Vec<BoolTarget> {
        assert!(bits <= MAX_SAMPLE_BITS, "at most {MAX_SAMPLE_BITS} bits, got {bits}");
        let element = self.sample(builder);
        // Canonical: x + p is a second way to write a small x, with other bits.
        let (_, low) = split_canonical(builder, element);
        let mut low_bits = builder.split_le(low, MAX_SAMPLE_BITS);
        low_bits.truncate(bits);
        low_bits
    }

    /// Asserts a proof of work of `bits` bits. Zero bits leave transcript and witness alone.
    pub fn check_witness(&mut self, builder: &mut Builder, bits: usize, witness: Target) {
        if bits == 0 {
            return;
        }
        self.observe(builder, witness);
        for bit in self.sample_bits(builder, bits) {
            builder.assert_zero(bit.target);
        }
    }

    fn duplex(&mut self, builder: &mut Builder) {
        let absorbed = self.input.len();
        if absorbed > 0 {
            let zero = builder.zero();
            self.state[..RATE].fill(zero);
            self.state[..absorbed].copy_from_slice(&self.input);
            // The length keeps an input apart from the same input with zeros after it.
            let length = F::from_canonical_usize(absorbed);
            self.state[RATE] = builder.add_const(self.state[RATE], length);
            self.input.clear();
        }
        self.state = permute(builder, self.state);
        self.output = self.state[..RATE].to_vec();
    }
}

/// One row, or none for constants.
fn permute(builder: &mut Builder, state: [Target; WIDTH]) -> [Target; WIDTH] {
    let constants: Option<Vec<Val>> =
        state.iter().map(|&target| builder.target_as_constant(target).map(from_plonky2)).collect();
    match constants.and_then(|constants| constants.try_into().ok()) {
        Some(constants) => {
            let constants: [Val; WIDTH] = permutation12().permute(constants);
            constants.map(|constant| builder.constant(to_plonky2(constant)))
        }
        None => builder.permute::<Poseidon2Hash>(SpongeState(state)).0,
    }
}

/// What a seed absorbs.
struct Recorder(Vec<Val>);

impl CanObserve<Val> for Recorder {
    fn observe(&mut self, element: Val) {
        self.0.push(element);
    }
}

#[cfg(test)]
mod tests {
    use p3_challenger::{CanSample, CanSampleBits, GrindingChallenger};
    use p3_field::PrimeCharacteristicRing;
    use plonky2::field::types::PrimeField64;
    use proptest::prelude::*;

    use super::*;
    use crate::config::{Challenge, challenger};
    use crate::recursive::extension::to_plonky2_extension;
    use crate::recursive::testing::{Circuit, accepts};

    /// What is done to the transcript, native and in the circuit side by side.
    #[derive(Clone, Debug)]
    enum Step {
        Observe(Vec<u64>),
        Sample,
        SampleExtension,
        SampleBits(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            prop::collection::vec(any::<u64>(), 1..20).prop_map(Step::Observe),
            Just(Step::Sample),
            Just(Step::SampleExtension),
            (0..=MAX_SAMPLE_BITS).prop_map(Step::SampleBits),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn samples_are_those_of_p3(steps in prop::collection::vec(step(), 1..24)) {
            let mut circuit = Circuit::default();
            let mut native = challenger();
            let mut target = ChallengerTarget::new(&mut circuit.builder);
            for step in steps {
                let builder = &mut circuit.builder;
                match step {
                    Step::Observe(elements) => for element in elements {
                        let element = Val::from_u64(element);
                        native.observe(element);
                        let input = circuit.input(to_plonky2(element));
                        target.observe(&mut circuit.builder, input);
                    },
                    Step::Sample => {
                        let sample: Val = native.sample();
                        let got = target.sample(builder);
                        circuit.expect(got, to_plonky2(sample));
                    }
                    Step::SampleExtension => {
                        let sample: Challenge = native.sample();
                        let got = target.sample_extension(builder);
                        let expected = to_plonky2_extension(sample).0;
                        got.0.into_iter().zip(expected).for_each(|(t, v)| circuit.expect(t, v));
                    }
                    Step::SampleBits(bits) => {
                        let sample = native.sample_bits(bits);
                        let got = target.sample_bits(builder, bits);
                        let got = builder.le_sum(got.into_iter());
                        circuit.expect(got, F::from_canonical_usize(sample));
                    }
                }
            }
            prop_assert!(accepts(circuit));
        }
    }

    #[test]
    fn constants_cost_no_rows() {
        let mut builder = Circuit::default().builder;
        let mut native = challenger();
        let mut target = ChallengerTarget::new(&mut builder);
        let constants: Vec<Val> = (0..21).map(Val::new).collect();
        native.observe_slice(&constants);
        target.observe_constants(&mut builder, &constants);
        let sample = target.sample(&mut builder);
        let constant = builder.target_as_constant(sample).map(|x| x.to_canonical_u64());
        let expected: Val = native.sample();
        assert_eq!(constant, Some(to_plonky2(expected).to_canonical_u64()));
        assert_eq!(builder.num_gates(), 0);
    }

    #[test]
    fn proof_of_work_is_checked() {
        const BITS: usize = 4;
        let mut native = challenger();
        native.observe(Val::ONE);
        let witness = native.clone().grind(BITS);
        let circuit = |witness| {
            let mut circuit = Circuit::default();
            let [one, witness] = [Val::ONE, witness].map(|x| circuit.input(to_plonky2(x)));
            let mut target = ChallengerTarget::new(&mut circuit.builder);
            target.observe(&mut circuit.builder, one);
            target.check_witness(&mut circuit.builder, BITS, witness);
            circuit
        };
        assert!(accepts(circuit(witness)));
        let bad = (0..).map(Val::new).find(|&w| !native.clone().check_witness(BITS, w)).unwrap();
        assert!(!accepts(circuit(bad)));
    }
}
