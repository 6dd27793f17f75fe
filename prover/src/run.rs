//! One run of the prover: times its stages, tells the listener, and ends when the caller says so.

use crate::{
    error::ProverError,
    measure::{StageTime, Stopwatch},
    on_demand::{OnDemand, Unit},
    progress::{Cancel, Progress, Stage},
};

/// One run.
pub(crate) struct Run<'a> {
    progress: &'a dyn Progress,
    cancel: Cancel,
    /// By [`Stage::row`], in the order in which they began.
    pub(crate) stages: Vec<StageTime>,
}

/// The steps of a stage, which may be done side by side.
pub(crate) struct Steps<'a> {
    progress: &'a dyn Progress,
    cancel: &'a Cancel,
    stage: Stage,
}

impl<'a> Run<'a> {
    /// A run that ends early once `cancel` says so.
    pub(crate) fn new(progress: &'a dyn Progress, cancel: &Cancel) -> Self {
        Self { progress, cancel: cancel.clone(), stages: Vec::new() }
    }

    /// A run that goes on to its end.
    pub(crate) fn to_the_end(progress: &'a dyn Progress) -> Self {
        Self::new(progress, &Cancel::default())
    }

    /// Does the work of a stage of `total` steps.
    pub(crate) fn stage<T>(
        &mut self,
        stage: Stage,
        total: usize,
        work: impl FnOnce(&Steps<'_>) -> Result<T, ProverError>,
    ) -> Result<T, ProverError> {
        let watch = Stopwatch::start();
        self.progress.begin(stage, total);
        let result = work(&Steps { progress: self.progress, cancel: &self.cancel, stage });
        self.progress.end(stage);
        let time = watch.stop(stage.row());
        match self.stages.iter_mut().find(|earlier| earlier.name == time.name) {
            Some(earlier) => earlier.add(&time),
            None => self.stages.push(time),
        }
        result
    }

    /// Does the work of a stage of one step.
    pub(crate) fn step<T>(
        &mut self,
        stage: Stage,
        work: impl FnOnce() -> Result<T, ProverError>,
    ) -> Result<T, ProverError> {
        self.stage(stage, 1, |steps| steps.run(work))
    }

    /// A unit of circuits; reading it is a stage of its own, not a part of the stage that needs it.
    pub(crate) fn unit<'u, T: Unit>(
        &mut self,
        unit: &'u OnDemand<T>,
    ) -> Result<&'u T, ProverError> {
        match unit.loaded() {
            Some(loaded) => Ok(loaded),
            None => self.step(Stage::Circuits, || unit.get()),
        }
    }
}

impl Steps<'_> {
    /// Does a step, unless the caller wants the run to end.
    ///
    /// # Errors
    /// The work's, or [`ProverError::Cancelled`].
    pub(crate) fn run<T>(
        &self,
        work: impl FnOnce() -> Result<T, ProverError>,
    ) -> Result<T, ProverError> {
        self.cancel.check()?;
        work().inspect(|_| self.progress.step(self.stage))
    }
}
