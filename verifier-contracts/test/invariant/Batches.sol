// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../../script/Vm.sol";
import {DataMode} from "../../src/DataAvailability.sol";
import {Commitment, Streams} from "../../src/Rollup.sol";
import {BlobEvaluation} from "../../src/libraries/BlobEvaluation.sol";
import {Header, Statement} from "../../src/libraries/Statement.sol";
import {Kzg} from "../utils/Kzg.sol";
import {Model} from "./Model.sol";

/// @title The operator's work: what a batch executes, and where its data is
/// @notice Every mode of data in turn; blobs are opened by the real precompile, the committee signs with real
/// keys.
abstract contract Batches is Model {
    uint256 private constant MEMBERS = 3;
    uint64 internal constant THRESHOLD = 2;

    /// @notice Each change of the committee is another generation of keys.
    uint256 internal generation;

    /// @dev The batch after `last`: operations, a transfer, withdrawals. The model goes with it. At least one
    /// operation, if one waits and `seed` is odd.
    function _build(uint32 last, uint256 seed)
        internal
        returns (Commitment memory next, Streams memory streams)
    {
        uint64[LEAVES] memory state = balances[last];
        delete withdrawals[last + 1];
        _execute(last, seed % 8, state, streams);

        uint256 from = (seed >> 8) % LEAVES;
        uint64 moved = uint64(_within(seed >> 16, 0, state[from]));
        state[from] -= moved;
        state[(from + TOKENS) % LEAVES] += moved;

        for (uint256 i = 0; i < (seed >> 80) % 4; ++i) {
            uint256 leaf = (seed >> (88 + 8 * i)) % LEAVES;
            _withdraw(last + 1, leaf, uint64(_within(seed >> (120 + 8 * i), 0, state[leaf])), state);
        }
        for (uint256 i = 0; i < withdrawals[last + 1].length; ++i) {
            streams.withdrawals = abi.encodePacked(streams.withdrawals, withdrawals[last + 1][i]);
        }
        balances[last + 1] = state;
        next.timestamp = uint32(block.timestamp);
        next.state = keccak256(abi.encode(state, seed));
        _putData(last + 1, seed >> 192, next, streams);
    }

    /// @dev The next `most` operations of the queue.
    function _execute(
        uint32 last,
        uint256 most,
        uint64[LEAVES] memory state,
        Streams memory streams
    ) private {
        uint256 first = records[last].priorityEnd;
        uint256 left = operations.length - first;
        for (uint256 i = first; i < first + (left < most ? left : most); ++i) {
            Operation storage operation = operations[i];
            streams.priority = bytes.concat(streams.priority, operation.words);
            streams.origins = abi.encodePacked(streams.origins, operation.origin);
            if (operation.effect == Effect.DEPOSIT) state[operation.leaf] += operation.quanta;
            if (operation.effect != Effect.WITHDRAW) continue;
            if (operation.quanta > state[operation.leaf]) continue;
            _withdraw(last + 1, operation.leaf, operation.quanta, state);
        }
    }

    function _withdraw(uint32 batch, uint256 leaf, uint64 quanta, uint64[LEAVES] memory state)
        private
    {
        state[leaf] -= quanta;
        withdrawals[batch].push(_withdrawalWord(leaf, quanta));
    }

    // --- data ---

    function _putData(uint32 number, uint256 seed, Commitment memory next, Streams memory streams)
        private
    {
        // Calldata twice as often: the other two cost the test a second a hundred.
        next.dataMode = DataMode((seed % 4) % 3);
        if (next.dataMode == DataMode.CALLDATA) {
            next.dataCount = uint32((seed >> 8) % 4);
            streams.data = new bytes(31 * next.dataCount);
        } else if (next.dataMode == DataMode.BLOBS) {
            _putBlobs(number, (seed >> 8) % 3, next, streams);
        } else {
            next.dataCount = uint32((seed >> 8) % 2 ** 16);
            streams.data = _signatures(number, next);
        }
    }

    /// @dev Full blobs, each `5 X + 7`.
    function _putBlobs(uint32 number, uint256 blobs, Commitment memory next, Streams memory streams)
        private
    {
        bytes32[] memory hashes = new bytes32[](blobs);
        for (uint256 i = 0; i < blobs; ++i) {
            hashes[i] = Kzg.versionedHash(Kzg.FIVE_X_PLUS_SEVEN);
        }
        vm.blobhashes(hashes);
        next.dataCount = uint32(4096 * blobs);

        uint256 z = _blobPoint(number, next, streams, hashes);
        uint256 each = addmod(mulmod(5, z, Kzg.R), 7, Kzg.R);
        uint256 value = blobs == 0 ? 0 : each;
        if (blobs == 2) {
            value = addmod(mulmod(each, BlobEvaluation.power(z, 4096), Kzg.R), each, Kzg.R);
        }
        next.blobValue = bytes32(value);
        for (uint256 i = 0; i < blobs; ++i) {
            streams.data =
                bytes.concat(streams.data, Kzg.opening(each, Kzg.FIVE_X_PLUS_SEVEN, Kzg.FIVE));
        }
    }

    function _blobPoint(
        uint32 number,
        Commitment memory next,
        Streams memory streams,
        bytes32[] memory hashes
    ) private view returns (uint256) {
        Header memory header;
        header.domain = ROLLUP.DOMAIN();
        header.number = number;
        header.dataCount = next.dataCount;
        header.priorityCount = uint32(streams.priority.length / 31);
        header.withdrawalCount = uint32(streams.withdrawals.length / 31);
        bytes32 hash = Statement.pointHash(
            Statement.BLOB_POINT,
            header,
            keccak256(abi.encodePacked(hashes)),
            keccak256(streams.priority),
            keccak256(streams.withdrawals)
        );
        return uint256(hash) % Kzg.R;
    }

    // --- the committee ---

    /// @dev The members of a generation, in ascending order of their addresses.
    function _members(uint256 generation_)
        internal
        pure
        returns (address[] memory members, uint256[] memory keys)
    {
        members = new address[](MEMBERS);
        keys = new uint256[](MEMBERS);
        for (uint256 i = 0; i < MEMBERS; ++i) {
            uint256 key = 1 + MEMBERS * generation_ + i;
            address member = vm.addr(key);
            uint256 place = i;
            for (; place > 0 && members[place - 1] > member; --place) {
                (members[place], keys[place]) = (members[place - 1], keys[place - 1]);
            }
            (members[place], keys[place]) = (member, key);
        }
    }

    /// @dev The first `THRESHOLD` members.
    function _signatures(uint32 number, Commitment memory next)
        private
        view
        returns (bytes memory signatures)
    {
        bytes32 separator = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Cairn"),
                keccak256("1"),
                block.chainid,
                address(ROLLUP)
            )
        );
        bytes32 message = keccak256(
            abi.encode(
                ROLLUP.BATCH_DATA_TYPEHASH(),
                ROLLUP.DOMAIN(),
                number,
                next.dataDigest,
                next.dataCount
            )
        );
        bytes32 signed = keccak256(abi.encodePacked(hex"1901", separator, message));
        (, uint256[] memory keys) = _members(generation);
        for (uint256 i = 0; i < THRESHOLD; ++i) {
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[i], signed);
            signatures = abi.encodePacked(signatures, r, s, v);
        }
    }
}
