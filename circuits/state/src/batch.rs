//! Makes a batch: executes operations, groups short transfers into words, records the witness.

use cairn_types::{DataItem, Operation, ShortTransfer, SignedTransaction, Stream, Streams, Word};

use crate::stream::absorb;
use crate::{
    BatchWitness, DataForm, Effects, Environment, Refusal, Running, SlotWitness, State,
    TreeOpening, effects,
};

/// Builds a batch from operations, one after the other.
#[derive(Debug)]
pub struct BatchBuilder {
    /// Before the batch.
    initial: State,
    state: State,
    /// The batch so far, but for the word of `open`.
    witness: BatchWitness,
    /// The last operation if it is a short transfer that has no partner in its word. The word is
    /// appended with the partner, or as soon as it is clear that there is none.
    open: Option<ShortTransfer>,
}

impl BatchBuilder {
    /// An empty batch on top of `state`.
    pub fn new(mut state: State, environment: Environment) -> Self {
        let before = Running { state: state.summary(), streams: Streams::default() };
        let witness = BatchWitness {
            environment,
            before,
            after: before,
            opening: TreeOpening::default(),
            slots: Vec::new(),
            data: Vec::new(),
            priority: Vec::new(),
            withdrawals: Vec::new(),
        };
        Self { initial: state.clone(), state, witness, open: None }
    }

    /// The state after the operations so far.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Number of operations so far.
    pub fn operations(&self) -> usize {
        self.witness.slots.len()
    }

    /// Number of data words if the batch ended here.
    pub fn data_words(&self) -> usize {
        self.witness.data.len() + usize::from(self.open.is_some())
    }

    /// Executes an operation. A transfer takes the short form iff that holds it exactly, and shares
    /// a word with the operation before if that is an unpaired short transfer.
    ///
    /// # Errors
    /// A refused operation changes nothing.
    pub fn push(&mut self, operation: Operation) -> Result<Effects, Refusal> {
        if matches!(operation, Operation::Priority(_)) && self.data_words() > 0 {
            return Err(Refusal::PriorityAfterData);
        }
        let effects = effects(&self.state, &operation, &self.witness.environment)?;
        // All words are made before anything changes, since that may fail too.
        let withdrawal = effects.withdrawal.map(|withdrawal| withdrawal.word()).transpose()?;
        let (mut priority, mut data, mut short) = (Vec::new(), Vec::new(), None);
        let form = match operation {
            Operation::Priority(operation) => {
                priority.extend(operation.words()?);
                DataForm::Absent
            }
            Operation::Signed(SignedTransaction { transaction, .. }) => {
                short = ShortTransfer::new(&transaction).and_then(Result::ok);
                match (short, self.open) {
                    (Some(short), Some(first)) => {
                        data.push(first.pair_word(&short));
                        DataForm::PairSecond
                    }
                    (Some(_), None) => DataForm::Single,
                    (None, _) => {
                        data = DataItem::Long(transaction).words()?;
                        DataForm::Long
                    }
                }
            }
        };

        match form {
            DataForm::PairSecond => {
                self.open = None;
                if let Some(first) = self.witness.slots.last_mut() {
                    first.form = DataForm::PairFirst;
                }
            }
            _ => self.close_word(),
        }
        let before = self.witness.after;
        let [a, b, c] = effects.leaves.map(|leaf| leaf.map(|leaf| self.state.access(&leaf)));
        self.state.allot(&effects);
        let after = &mut self.witness.after;
        append(&mut after.streams.priority, &mut self.witness.priority, priority);
        append(&mut after.streams.data, &mut self.witness.data, data);
        append(&mut after.streams.withdrawal, &mut self.witness.withdrawals, withdrawal);
        after.state = self.state.summary();
        let after = *after;
        let fault = effects.fault;
        self.witness.slots.push(SlotWitness { operation, form, fault, before, after, a, b, c });
        self.open = short.filter(|_| form == DataForm::Single);
        Ok(effects)
    }

    /// As [`Self::push`], for those who count on half a word of data.
    ///
    /// # Errors
    /// Also if the transaction has no short form. A refused transaction changes nothing.
    pub fn push_short(&mut self, signed: SignedTransaction) -> Result<Effects, Refusal> {
        let tag = signed.transaction.tag();
        ShortTransfer::new(&signed.transaction).ok_or(Refusal::NoShortForm { got: tag })??;
        self.push(Operation::Signed(signed))
    }

    /// The state after the batch, and the witness.
    pub fn finish(mut self) -> (State, BatchWitness) {
        self.close_word();
        let accesses = self.witness.slots.iter().flat_map(SlotWitness::accesses);
        let ids: Vec<_> = accesses.map(|access| access.id).collect();
        self.witness.opening = self.initial.open(&ids);
        (self.state, self.witness)
    }

    /// Appends the word of an unpaired short transfer, to the slot of that transfer.
    fn close_word(&mut self) {
        let (Some(short), Some(slot)) = (self.open.take(), self.witness.slots.last_mut()) else {
            return;
        };
        let streams = &mut self.witness.after.streams;
        append(&mut streams.data, &mut self.witness.data, [short.single_word()]);
        slot.after.streams = *streams;
    }
}

fn append(stream: &mut Stream, list: &mut Vec<Word>, words: impl IntoIterator<Item = Word>) {
    for word in words {
        *stream = absorb(stream, &word);
        list.push(word);
    }
}
