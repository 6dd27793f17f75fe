//! Criterion benches of Cairn's primitives and stages.
