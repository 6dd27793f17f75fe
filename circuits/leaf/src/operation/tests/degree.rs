//! The degree that the prover's blow-up allows.

use super::super::OperationAir;
use super::*;
use p3_air::symbolic::AirLayout;
use p3_lookup::{InteractionSymbolicBuilder, LogUpGadget, LookupProtocol, Lookups};

/// Degree 3, with as many lookups in a column as that allows. The figures are those of the docs.
#[test]
fn degree_is_at_most_three() {
    let layout = AirLayout::from_air::<F>(&OperationAir);
    let builder = InteractionSymbolicBuilder::<F>::from_air(&OperationAir, layout);
    let constraints = builder.base_constraints();
    assert!(constraints.iter().all(|constraint| constraint.degree_multiple() <= 3));
    let lookups = Lookups::from_builder(&builder);
    let interactions = lookups.len();
    let packed = lookups.pack_same_bus(&LogUpGadget, 3);
    assert!(packed.iter().all(|lookup| LogUpGadget.constraint_degree(lookup) <= 3));
    let figures = [OperationColumns::WIDTH, constraints.len(), interactions, packed.len()];
    assert_eq!(figures, [212, 196, 120, 65]);
}
