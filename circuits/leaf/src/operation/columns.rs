//! The layout of a row.

use super::authorization::AuthorizationColumns;
use super::kind::KindColumns;
use super::operand::OperandColumns;
use super::payee::PayeeColumns;
use super::payer::{FeeLeafColumns, PayerColumns};
use super::running::Running;
use super::word::WordColumns;

/// A row: an operation of any kind, or nothing.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct OperationColumns<T> {
    /// The number of the row.
    pub(crate) clock: T,
    /// Everything before this row.
    pub(crate) running: Running<T>,
    /// The pieces of the short transfer before, which a second slot completes.
    pub(crate) open: [T; 3],
    /// Which operation this is.
    pub(crate) kind: KindColumns<T>,
    /// Its fields.
    pub(crate) operand: OperandColumns<T>,
    /// Who allowed it.
    pub(crate) authorization: AuthorizationColumns<T>,
    /// Access A.
    pub(crate) payer: PayerColumns<T>,
    /// Access B.
    pub(crate) payee: PayeeColumns<T>,
    /// Access C.
    pub(crate) fee_leaf: FeeLeafColumns<T>,
    /// What it appends to the streams.
    pub(crate) words: WordColumns<T>,
}

crate::table::columns!(OperationColumns);
