//! From the layout that an earlier version has written to today's.

use super::{Store, StoreError, Write, records::Identity};

/// One step from a layout to the next.
pub(super) struct Step {
    /// The layout that it reads.
    pub(super) from: u32,
    /// Adds the changes to the write; it may be run again if the write is lost.
    pub(super) run: fn(&Store, &mut Write) -> Result<(), StoreError>,
}

/// The steps there are, oldest first, each to the layout after its own. Whoever changes the layout of a row raises
/// [`super::SCHEMA`] and adds the step from the one before.
pub(super) const STEPS: [Step; 2] = [
    // Tables came, and no row has changed.
    Step { from: 1, run: |_, _| Ok(()) },
    // As before.
    Step { from: 2, run: |_, _| Ok(()) },
];

/// Takes the store from the layout that it has to that of the last step, a step a write.
pub(super) fn run(store: &Store, mut found: Identity, steps: &[Step]) -> Result<(), StoreError> {
    let newest = steps.last().map_or(super::SCHEMA, |step| step.from + 1);
    let oldest = steps.first().map_or(newest, |step| step.from);
    if found.schema < oldest {
        return Err(StoreError::OlderSchema { oldest, got: found.schema });
    }
    for step in steps {
        if step.from < found.schema {
            continue;
        }
        let mut write = store.write();
        (step.run)(store, &mut write)?;
        found.schema = step.from + 1;
        write.put(&store.meta, &(), &found)?;
        write.commit()?;
        tracing::info!(schema = found.schema, "the store was migrated");
    }
    Ok(())
}
