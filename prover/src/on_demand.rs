//! Circuits that are read when a proof first needs them: a batch needs few of them, and reading is a good part of a short run.

use std::{fmt, sync::OnceLock};

use cairn_circuits::soundness::LayerSecurity;

use crate::{cache::Cache, error::ProverError};

/// Circuits that are read together.
pub(crate) trait Unit: Sized {
    /// The soundness of its layers.
    fn security(&self) -> Vec<LayerSecurity>;
}

/// How a unit comes from the cache.
type Load<T> = Box<dyn Fn(&Cache) -> Result<T, ProverError> + Send + Sync>;

/// A unit that is read at most once.
pub(crate) struct OnDemand<T> {
    cache: Cache,
    load: Load<T>,
    cell: OnceLock<T>,
}

impl<T> fmt::Debug for OnDemand<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnDemand").field("read", &self.cell.get().is_some()).finish_non_exhaustive()
    }
}

impl<T: Unit> OnDemand<T> {
    /// Nothing is read yet.
    pub(crate) fn new(
        cache: &Cache,
        load: impl Fn(&Cache) -> Result<T, ProverError> + Send + Sync + 'static,
    ) -> Self {
        Self { cache: cache.clone(), load: Box::new(load), cell: OnceLock::new() }
    }

    /// The unit, if it has been read.
    pub(crate) fn loaded(&self) -> Option<&T> {
        self.cell.get()
    }

    /// The unit, from memory or from the cache.
    ///
    /// # Errors
    /// It cannot be read or kept, or is not secure enough.
    pub(crate) fn get(&self) -> Result<&T, ProverError> {
        if self.cell.get().is_none() {
            let unit = self.read()?;
            // Another call may have been faster; both hold the same circuits. A lock could wait for itself: whoever
            // builds a circuit works for the pool meanwhile.
            let _ = self.cell.set(unit);
        }
        Ok(self.cell.get().expect("set above"))
    }

    /// As [`Self::get`], without keeping it in memory.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(crate) fn read(&self) -> Result<T, ProverError> {
        let unit = (self.load)(&self.cache)?;
        self.cache.check()?;
        for layer in unit.security() {
            layer.require()?;
        }
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use cairn_circuits::{config::PROVABLE_BITS_TARGET, recursion::shape};

    use super::*;

    struct Weak(LayerSecurity);

    impl Unit for Weak {
        fn security(&self) -> Vec<LayerSecurity> {
            vec![self.0.clone()]
        }
    }

    fn weak(bits: f64) -> (OnDemand<Weak>, Arc<AtomicUsize>) {
        let reads = Arc::new(AtomicUsize::new(0));
        let count = reads.clone();
        let load = move |_: &Cache| {
            count.fetch_add(1, Ordering::Relaxed);
            let mut layer = shape::security();
            layer.provable_bits = bits;
            Ok(Weak(layer))
        };
        (OnDemand::new(&Cache::new(std::path::Path::new("unused")), load), reads)
    }

    #[test]
    fn a_unit_is_read_once_and_not_before() {
        let (unit, reads) = weak(PROVABLE_BITS_TARGET as f64 + 0.5);
        assert!(unit.loaded().is_none());
        assert_eq!(reads.load(Ordering::Relaxed), 0);
        unit.get().unwrap();
        unit.get().unwrap();
        assert_eq!(reads.load(Ordering::Relaxed), 1);
        assert!(unit.loaded().is_some());
    }

    #[test]
    fn a_weak_unit_is_refused_each_time() {
        let (unit, reads) = weak(PROVABLE_BITS_TARGET as f64 - 1.0);
        for _ in 0..2 {
            assert!(matches!(unit.get().err(), Some(ProverError::Security { .. })));
        }
        assert!(unit.loaded().is_none());
        assert_eq!(reads.load(Ordering::Relaxed), 2);
    }
}
