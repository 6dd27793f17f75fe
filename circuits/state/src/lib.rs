//! The native account tree and the reference transition function.
