//! Statements, headers and what Solidity hashes: layouts, against values computed independently.

use cairn_types::{
    BatchWords, BlobScalar, CHUNK_STATEMENT_LENGTH, ChunkEnvironment, ChunkState, ChunkStatement,
    DataLocation, Digest, EvaluatedStream, ExitEntry, Extension, HEADER_BYTES, Header,
    KIND_BATCHES, MODULUS, SEAL_STATEMENT_LENGTH, STREAM_STATEMENT_LENGTH, SealStatement, Stream,
    StreamEnvironment, StreamState, StreamStatement, Streams, Word, domain, exit_message, points,
};
use sha2::{Digest as _, Sha256};
use sha3::Keccak256;

/// Hands out 1, 2, 3, .. so that a layout shows in the order of the numbers.
struct Counter(u64);

impl Counter {
    fn next(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
    fn digest(&mut self) -> Digest {
        Digest::new([0; 4].map(|_| self.next())).unwrap()
    }
    fn stream(&mut self) -> Stream {
        Stream { digest: self.digest(), count: self.next() as u32 }
    }
    fn extension(&mut self) -> Extension {
        Extension::new([self.next(), self.next()]).unwrap()
    }
    fn evaluated(&mut self) -> EvaluatedStream {
        EvaluatedStream { stream: self.stream(), y: self.extension() }
    }
    fn scalar(&mut self) -> BlobScalar {
        let words: Vec<u8> = (0..8).flat_map(|_| (self.next() as u32).to_be_bytes()).collect();
        BlobScalar::new(words.try_into().unwrap()).unwrap()
    }
    fn chunk_state(&mut self) -> ChunkState {
        ChunkState {
            state: self.digest(),
            data: self.stream(),
            priority: self.stream(),
            withdrawal: self.stream(),
        }
    }
    fn stream_state(&mut self) -> StreamState {
        StreamState {
            data: self.evaluated(),
            priority: self.evaluated(),
            withdrawal: self.evaluated(),
            blob: self.scalar(),
        }
    }
}

#[test]
fn statements_have_the_order_of_the_spec() {
    let mut n = Counter(0);
    let limbs = [n.next(), n.next(), n.next(), n.next()];
    let chunk = ChunkStatement {
        environment: ChunkEnvironment {
            domain: Word::from_limbs(limbs).unwrap(),
            timestamp: n.next() as u32,
            circuit_set_root: n.digest(),
        },
        before: n.chunk_state(),
        after: n.chunk_state(),
    };
    let counted = |n: usize| (1..=n as u64).collect::<Vec<_>>();
    assert_eq!(chunk.to_elements(), counted(CHUNK_STATEMENT_LENGTH));

    let mut n = Counter(0);
    let stream = StreamStatement {
        environment: StreamEnvironment {
            x: n.extension(),
            z: n.scalar(),
            circuit_set_root: n.digest(),
        },
        before: n.stream_state(),
        after: n.stream_state(),
    };
    assert_eq!(stream.to_elements(), counted(STREAM_STATEMENT_LENGTH));

    let mut n = Counter(0);
    let (kind, circuit_set_root) = (n.next() as u32, n.digest());
    let mut hash = || {
        let words: Vec<u8> = (0..8).flat_map(|_| (n.next() as u32).to_be_bytes()).collect();
        words.try_into().unwrap()
    };
    let seal = SealStatement { kind, circuit_set_root, from: hash(), to: hash() };
    assert_eq!(seal.to_elements(), counted(SEAL_STATEMENT_LENGTH));
}

#[test]
fn headers_have_the_order_of_the_spec() {
    let mut n = Counter(0);
    let header = Header {
        domain: Word::new([0xdd; 31]),
        number: 0x0a0b_0c0d,
        timestamp: 0x1a1b_1c1d,
        state_before: n.digest(),
        state_after: n.digest(),
        x: n.extension(),
        z: BlobScalar::reduce([0x5a; 32]),
        streams: n.stream_state(),
    };
    let previous = [0xee; 32];
    let u64s = |values: &[u64]| values.iter().flat_map(|v| v.to_be_bytes()).collect::<Vec<_>>();
    let mut expected = vec![0xee; 32];
    expected.push(0);
    expected.extend([0xdd; 31]);
    expected.extend([0x0a, 0x0b, 0x0c, 0x0d, 0x1a, 0x1b, 0x1c, 0x1d]);
    expected.extend(u64s(&[1, 2, 3, 4, 5, 6, 7, 8]));
    // The counter gave x 9 and 10, then to each stream digest(4), count, y(2).
    for first in [11, 18, 25] {
        expected.extend(u64s(&[first, first + 1, first + 2, first + 3]));
        expected.extend((first as u32 + 4).to_be_bytes());
    }
    expected.extend(u64s(&[9, 10, 16, 17, 23, 24, 30, 31]));
    expected.extend([0x5a; 32]);
    // The value at z follows the streams, word by word.
    expected.extend((32..40_u32).flat_map(u32::to_be_bytes));
    assert_eq!(expected.len(), HEADER_BYTES);
    assert_eq!(header.chain_input(&previous)[..], expected);
    assert_eq!(header.chain_hash(&previous)[..], Sha256::digest(&expected)[..]);
}

#[test]
fn public_input_is_252_bits_in_four_parts() {
    for seed in 0..16u8 {
        let seal = SealStatement {
            kind: KIND_BATCHES,
            circuit_set_root: Digest::new([1, 2, 3, 4]).unwrap(),
            from: [seed; 32],
            to: [0xff; 32],
        };
        let mut bytes = vec![0, 0, 0, 1];
        bytes.extend(seal.circuit_set_root.to_bytes());
        bytes.extend([seed; 32]);
        bytes.extend([0xff; 32]);
        let hash = Sha256::digest(&bytes);
        let input = seal.public_input();
        assert_eq!(input[0], hash[0] & 0x0f);
        assert_eq!(input[1..], hash[1..]);
        let bits: String = input.iter().map(|byte| format!("{byte:08b}")).collect();
        let parts: String =
            seal.public_input_parts().iter().map(|part| format!("{part:063b}")).collect();
        assert_eq!(format!("0000{parts}"), bits);
    }
}

/// One ABI word.
fn abi(value: u64) -> Vec<u8> {
    [vec![0; 24], value.to_be_bytes().to_vec()].concat()
}

#[test]
fn domain_is_what_solidity_computes() {
    // cast keccak $(cast abi-encode "f(string,uint256,address)" cairn.domain.v1 31337 0x1111..)
    let label = [b"cairn.domain.v1".to_vec(), vec![0; 17]].concat();
    let address = [vec![0; 12], vec![0x11; 20]].concat();
    let encoded = [abi(96), abi(31337), address, abi(15), label].concat();
    assert_eq!(domain(31337, &[0x11; 20]).bytes()[..], Keccak256::digest(encoded)[1..]);
}

#[test]
fn point_binds_everything() {
    let mut n = Counter(0);
    let streams = Streams { data: n.stream(), priority: n.stream(), withdrawal: n.stream() };
    let (data, priority, withdrawals) = ([Word::new([1; 31]); 3], [Word::new([2; 31])], []);
    let words = BatchWords { data: &data, priority: &priority, withdrawals: &withdrawals };
    let at = Word::new([0xdd; 31]);
    let (x, z) = points(&at, 7, &streams, &words, &DataLocation::Calldata);
    assert_eq!(z, BlobScalar::ZERO);

    let k = |tag: &str, data: [u8; 32]| {
        let mut label = tag.as_bytes().to_vec();
        label.resize(32, 0);
        let mut encoded = [abi(12 * 32), vec![0], vec![0xdd; 31], abi(7)].concat();
        for stream in [streams.data, streams.priority, streams.withdrawal] {
            encoded.extend(stream.digest.to_bytes());
            encoded.extend(abi(stream.count.into()));
        }
        encoded.extend(data);
        encoded.extend(Keccak256::digest([2; 31]));
        encoded.extend(Keccak256::digest([]));
        encoded.extend([abi(tag.len() as u64), label].concat());
        <[u8; 32]>::from(Keccak256::digest(encoded))
    };
    let x_of = |data| {
        let k = k("cairn.point.v1", data);
        let part = |at: usize| u64::from_be_bytes(k[at..at + 8].try_into().unwrap()) % MODULUS;
        [part(24), part(16)]
    };
    assert_eq!(x.coordinates(), x_of(Keccak256::digest([1; 93]).into()));

    // Blobs: their hashes stand for the words.
    let blobs = DataLocation::Blobs(vec![[8; 32], [9; 32]]);
    let hash: [u8; 32] = Keccak256::digest([[8; 32], [9; 32]].concat()).into();
    let (x_of_blobs, z) = points(&at, 7, &streams, &words, &blobs);
    assert_eq!(x_of_blobs.coordinates(), x_of(hash));
    assert_eq!(z, BlobScalar::reduce(k("cairn.blobpoint.v1", hash)));
    // The committee: nothing does.
    let (x_of_committee, z) = points(&at, 7, &streams, &words, &DataLocation::Committee);
    assert_eq!(x_of_committee.coordinates(), x_of([0; 32]));
    assert_eq!(z, BlobScalar::ZERO);

    let point = |at: &Word, number, streams: &Streams, words: &BatchWords<'_>| {
        points(at, number, streams, words, &DataLocation::Calldata).0
    };
    let other = Streams { withdrawal: n.stream(), ..streams };
    assert_ne!(point(&at, 7, &other, &words), x);
    assert_ne!(point(&at, 8, &streams, &words), x);
    assert_ne!(point(&Word::default(), 7, &streams, &words), x);
    let swapped = BatchWords { data: &priority, priority: &data, withdrawals: &withdrawals };
    assert_ne!(point(&at, 7, &streams, &swapped), x);
}

#[test]
fn scalars_are_below_the_order() {
    // r - 1, r and 2^256 - 1 = 2 r + rest.
    let order = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";
    let order: [u8; 32] = hex::decode(order).unwrap().try_into().unwrap();
    let mut largest = order;
    largest[31] -= 1;
    assert_eq!(BlobScalar::new(largest).unwrap().to_bytes(), largest);
    assert_eq!(BlobScalar::new(order).unwrap_err().got, order);
    assert_eq!(BlobScalar::reduce(order), BlobScalar::ZERO);
    let rest = "1824b159acc5056f998c4fefecbc4ff55884b7fa0003480200000001fffffffd";
    assert_eq!(hex::encode(BlobScalar::reduce([0xff; 32]).to_bytes()), rest);
    assert_eq!(BlobScalar::new(largest).unwrap().words()[7], 0);
    assert_eq!(BlobScalar::new(largest).unwrap().words()[0], 0x73ed_a753);
    let json = bincode::serde::encode_to_vec(order, bincode::config::standard()).unwrap();
    let decoded: Result<(BlobScalar, _), _> =
        bincode::serde::decode_from_slice(&json, bincode::config::standard());
    assert!(decoded.is_err(), "decoding checks too");
}

/// Entry, list and message by hand.
#[test]
fn exits_have_the_order_of_the_spec() {
    let recipient: [u8; 20] = std::array::from_fn(|i| 0x41 + i as u8);
    let first = ExitEntry { leaf: 0x0102_0304, token: 0x0506, balance: 0x0708_090a, recipient };
    let second = ExitEntry { leaf: 5, ..first };
    let mut entry = vec![1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 7, 8, 9, 10];
    entry.extend(b"ABCDEFGHIJKLMNOPQRST");
    assert_eq!(first.to_bytes()[..], entry);

    let domain = Word::from_limbs([11, 12, 13, 14]).unwrap();
    let [state, root] = [1, 5].map(|n| Digest::new([n, n + 1, n + 2, n + 3]).unwrap());
    let statement = SealStatement::exit(root, &state, &domain, &[first, second]);
    assert_eq!((statement.kind, statement.circuit_set_root), (2, root));
    assert_eq!(statement.from, state.to_bytes());
    let mut list = [&[0][..], &domain.bytes(), &entry, &[0, 0, 0, 5]].concat();
    list.extend(&entry[4..]);
    assert_eq!(statement.to[..], Sha256::digest(list)[..]);

    let words = [0x4142_4344, 0x4546_4748, 0x494a_4b4c, 0x4d4e_4f50, 0x5152_5354];
    let message = [&[11, 12, 13, 14, 2, 9][..], &words].concat();
    assert_eq!(exit_message(&domain, 9, &recipient)[..], message);
}
