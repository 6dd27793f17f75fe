//! The table of signatures: keys, scalars and challenges, one row a signature.
//!
//! | witness | bound by |
//! |---|---|
//! | number | a counter |
//! | is_real | a bit; SIGNED balances with what operations send |
//! | key, message, judged | SIGNED |
//! | x, x_root | `x_root^2 = x`, a root of the key's quadratic, which has one root that is a square |
//! | double_slope, double_x, triple_slope, triple_x | tangent and chord at P |
//! | multiplicities | free: what they provide must balance what steps ask on MULTIPLE |
//! | e | COMBINATION (digits), and the digest on SQUEEZE |
//! | below_max | exists unless the high limb is the largest and the low limb is not 0; nothing depends on it |
//! | s, s2_low, s2_slack | COMBINATION, RANGE; of a signature that is judged SIGNED |
//! | met | COMBINATION |
//! | commitment_x, commitment_slope | COMBINATION |
//! | encoding | the tangent's equation |
//! | capacity, digest, digest_rest | ABSORB, SQUEEZE |
//! | difference_inverse | only existence matters: of a signature that is refused without `met`, one exists iff the digest is not the challenge |
//!
//! Rows that are not real hold a loop like all others, but no challenge is asked for, and nobody
//! receives their signature.

mod air;
mod columns;
pub(super) mod trace;

pub use air::SignaturesAir;
pub use columns::Signatures;
