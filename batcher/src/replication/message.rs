//! The messages of the stream.

use alloy::primitives::B256;
use serde::{Deserialize, Serialize};

use crate::store::records::{StreamPosition, Term};

/// The version of their encoding.
const VERSION: u8 = 1;
/// Bytes of a commit in one message: with what is around them, below what a server takes by default.
pub(super) const PART: usize = 512 << 10;
/// The longest name of an operator in bytes.
const LONGEST_NAME: usize = 256;
/// Bytes that a head may take in memory.
const HEAD: usize = 1 << 10;

/// What a message is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Head {
    /// An operator of this rollup begins to lead, from a store that stands at `before`; a new store stands nowhere.
    Begin { term: Term, rollup: B256, operator: String, before: Option<StreamPosition> },
    /// A part of a commit follows: `index` of `count`, from 0.
    Part { term: Term, index: u32, count: u32 },
}

/// A message: its head, and the bytes behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) head: Head,
    pub(super) bytes: Vec<u8>,
}

impl Head {
    pub(super) fn term(&self) -> Term {
        match self {
            Self::Begin { term, .. } | Self::Part { term, .. } => *term,
        }
    }

    fn encode(&self, bytes: &[u8]) -> Vec<u8> {
        let mut message = vec![VERSION];
        // Numbers and a short name always have an encoding.
        let head = bincode::serde::encode_to_vec(self, bincode::config::standard());
        message.extend(head.unwrap_or_default());
        message.extend_from_slice(bytes);
        message
    }
}

/// The message with which a term begins.
pub(super) fn begin(
    term: Term,
    rollup: B256,
    operator: &str,
    before: Option<StreamPosition>,
) -> Vec<u8> {
    let operator = operator.chars().filter(|c| !c.is_control()).take(LONGEST_NAME / 4).collect();
    Head::Begin { term, rollup, operator, before }.encode(&[])
}

/// A commit as messages: at least one.
pub(super) fn parts(term: Term, commit: &[u8]) -> Vec<Vec<u8>> {
    let chunks: Vec<_> =
        if commit.is_empty() { vec![commit] } else { commit.chunks(PART).collect() };
    let count = u32::try_from(chunks.len()).unwrap_or(u32::MAX);
    let part = |(index, bytes): (u32, &&[u8])| Head::Part { term, index, count }.encode(bytes);
    (0..count).zip(&chunks).map(part).collect()
}

/// Inverse of the encodings; none for anything else.
pub(super) fn decode(message: &[u8]) -> Option<Message> {
    let (version, rest) = message.split_first()?;
    let config = bincode::config::standard().with_limit::<HEAD>();
    let (head, read) = bincode::serde::decode_from_slice::<Head, _>(rest, config).ok()?;
    let bytes = rest.get(read..)?.to_vec();
    let is_right = match &head {
        Head::Begin { operator, .. } => bytes.is_empty() && operator.len() <= LONGEST_NAME,
        Head::Part { index, count, .. } => index < count && bytes.len() <= PART,
    };
    (*version == VERSION && is_right).then_some(Message { head, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERM: Term = Term { number: 3, nonce: u64::MAX };

    #[test]
    fn messages_are_read_as_they_were_written() {
        let before = Some(StreamPosition { term: TERM, sequence: 9 });
        let written = begin(TERM, B256::ZERO, "op\u{1b}[2Jerator", before);
        let Head::Begin { term, operator, before: read, .. } = decode(&written).unwrap().head
        else {
            panic!()
        };
        assert_eq!((term, operator.as_str(), read), (TERM, "op[2Jerator", before));
        for length in [0, 1, PART, PART + 1, 3 * PART] {
            let commit: Vec<u8> = (0..length).map(|n| n as u8).collect();
            let messages = parts(TERM, &commit);
            assert_eq!(messages.len(), length.div_ceil(PART).max(1));
            let read: Vec<_> = messages.iter().map(|m| decode(m).unwrap()).collect();
            let heads = (0..messages.len() as u32).map(|index| Head::Part {
                term: TERM,
                index,
                count: messages.len() as u32,
            });
            assert!(read.iter().map(|m| m.head.clone()).eq(heads));
            assert_eq!(read.concat_bytes(), commit);
        }
    }

    trait Concat {
        fn concat_bytes(&self) -> Vec<u8>;
    }

    impl Concat for Vec<Message> {
        fn concat_bytes(&self) -> Vec<u8> {
            self.iter().flat_map(|message| message.bytes.clone()).collect()
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let written = begin(TERM, B256::ZERO, "me", None);
        for end in 0..written.len() {
            assert_eq!(decode(&written[..end]), None, "{end}");
        }
        assert_eq!(decode(&[&written[..], &[0]].concat()), None);
        let head = Head::Part { term: TERM, index: 1, count: 1 };
        assert_eq!(decode(&head.encode(&[])), None);
        assert_eq!(decode(&[2, 0, 0]), None);
        let long = Head::Part { term: TERM, index: 0, count: 1 };
        assert_eq!(decode(&long.encode(&vec![0; PART + 1])), None);
    }
}
