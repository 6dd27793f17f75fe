//! The gates and generators that a cached circuit may hold. A new gate or generator is added to the end
//! of its list: the position is its tag in the encoding.

use cairn_gadgets::arithmetic::{
    RangeCheckGate, RangeCheckGenerator, SplitGenerator as CanonicalSplitGenerator,
};
use cairn_gadgets::bls_scalar::{
    RangeGate as BlsRangeGate, RangeGenerator as BlsRangeGenerator, ReductionGate,
    ReductionGenerator, WordGate, WordGenerator,
};
use cairn_gadgets::ecgfp5::{KeyGate, KeyGenerator, StepGate, StepGenerator};
use cairn_gadgets::poseidon2::{CompressionGate, PermutationGate, Poseidon2Generator};
use cairn_gadgets::schnorr::{EncodingGenerator, SignatureGenerator};
use cairn_gadgets::sha256::{AddGate, AddGenerator, BitsGate, BitsGenerator};
use plonky2::gadgets::arithmetic::EqualityGenerator;
use plonky2::gadgets::arithmetic_extension::QuotientGeneratorExtension;
use plonky2::gadgets::range_check::LowHighGenerator;
use plonky2::gadgets::split_base::BaseSumGenerator;
use plonky2::gadgets::split_join::{SplitGenerator, WireSplitGenerator};
use plonky2::gates::arithmetic_base::{ArithmeticBaseGenerator, ArithmeticGate};
use plonky2::gates::arithmetic_extension::{ArithmeticExtensionGate, ArithmeticExtensionGenerator};
use plonky2::gates::base_sum::{BaseSplitGenerator, BaseSumGate};
use plonky2::gates::constant::ConstantGate;
use plonky2::gates::coset_interpolation::{CosetInterpolationGate, InterpolationGenerator};
use plonky2::gates::exponentiation::{ExponentiationGate, ExponentiationGenerator};
use plonky2::gates::multiplication_extension::{MulExtensionGate, MulExtensionGenerator};
use plonky2::gates::noop::NoopGate;
use plonky2::gates::public_input::PublicInputGate;
use plonky2::gates::random_access::{RandomAccessGate, RandomAccessGenerator};
use plonky2::gates::reducing::{ReducingGate, ReducingGenerator};
use plonky2::gates::reducing_extension::{
    ReducingExtensionGate, ReducingGenerator as ReducingExtensionGenerator,
};
use plonky2::iop::generator::{
    ConstantGenerator, CopyGenerator, NonzeroTestGenerator, RandomValueGenerator,
};
use plonky2::util::serialization::gate_serialization::log;
use plonky2::util::serialization::{GateSerializer, WitnessGeneratorSerializer};
use plonky2::{
    get_gate_tag_impl, get_generator_tag_impl, impl_gate_serializer, impl_generator_serializer,
    read_gate_impl, read_generator_impl,
};

use crate::config::{D, F};

/// plonky2's registry of our gates.
#[derive(Clone, Copy, Debug)]
pub struct GateTypes;

impl GateSerializer<F, D> for GateTypes {
    impl_gate_serializer! {
        GateTypes,
        ArithmeticGate,
        ArithmeticExtensionGate<D>,
        BaseSumGate<2>,
        ConstantGate,
        CosetInterpolationGate<F, D>,
        ExponentiationGate<F, D>,
        MulExtensionGate<D>,
        NoopGate,
        PublicInputGate,
        RandomAccessGate<F, D>,
        ReducingGate<D>,
        ReducingExtensionGate<D>,
        PermutationGate,
        CompressionGate,
        RangeCheckGate,
        AddGate,
        BitsGate,
        KeyGate,
        StepGate,
        WordGate,
        ReductionGate,
        BlsRangeGate<27>,
        BlsRangeGate<37>
    }
}

/// plonky2's registry of our witness generators.
#[derive(Clone, Copy, Debug)]
pub struct GeneratorTypes;

impl WitnessGeneratorSerializer<F, D> for GeneratorTypes {
    impl_generator_serializer! {
        GeneratorTypes,
        ArithmeticBaseGenerator<F, D>,
        ArithmeticExtensionGenerator<F, D>,
        BaseSplitGenerator<2>,
        BaseSumGenerator<2>,
        ConstantGenerator<F>,
        CopyGenerator,
        EqualityGenerator,
        ExponentiationGenerator<F, D>,
        InterpolationGenerator<F, D>,
        LowHighGenerator,
        MulExtensionGenerator<F, D>,
        NonzeroTestGenerator,
        QuotientGeneratorExtension<D>,
        RandomAccessGenerator<F, D>,
        RandomValueGenerator,
        ReducingGenerator<D>,
        ReducingExtensionGenerator<D>,
        SplitGenerator,
        WireSplitGenerator,
        Poseidon2Generator<12, 12>,
        Poseidon2Generator<8, 4>,
        RangeCheckGenerator,
        CanonicalSplitGenerator,
        AddGenerator,
        BitsGenerator,
        KeyGenerator,
        StepGenerator,
        EncodingGenerator,
        SignatureGenerator,
        WordGenerator,
        ReductionGenerator,
        BlsRangeGenerator<27>,
        BlsRangeGenerator<37>
    }
}
