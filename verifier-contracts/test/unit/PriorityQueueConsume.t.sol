// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../../script/Vm.sol";
import {PriorityQueue} from "../../src/PriorityQueue.sol";
import {Batch} from "../../src/Settlement.sol";
import {Words} from "../../src/libraries/Words.sol";
import {RollupTest} from "../utils/RollupTest.sol";

/// @notice The operations that a batch may execute: those whose turn it is, as they were queued.
contract PriorityQueueConsumeTest is RollupTest {
    function setUp() public override {
        super.setUp();
        _registerTokens();
    }

    // --- succeeds ---

    function test_consume_inParts_succeeds() public {
        Batch memory one = _commitQueued(genesis, _registerWords(0, 9), _origins(1));
        Batch memory two = _commitQueued(one, _registerWords(1, 6), _origins(1));
        vm.assertEq(two.priorityEnd, 2);
    }

    function test_consume_operationsOfDifferentOrigins_succeeds() public {
        vm.deal(ALICE, 1 gwei + FEE);
        vm.prank(ALICE);
        custody.deposit{value: 1 gwei + FEE}(0, ETH, 1 gwei, _key());
        bytes memory words = bytes.concat(_tokenWords(), _depositWords(ETH, 1));
        bytes memory origins = abi.encodePacked(_origins(2), ALICE);
        vm.assertEq(_commitQueued(genesis, words, origins).priorityEnd, 3);
    }

    // --- reverts ---

    function test_consume_halfOperation_reverts() public {
        bytes memory half = new bytes(31);
        half[0] = 0x20;
        _expectRefused(
            half,
            _origins(1),
            abi.encodeWithSelector(PriorityQueue.OperationsLength.selector, 31, 20)
        );
    }

    function test_consume_originWithoutOperation_reverts() public {
        _expectRefused(
            _registerWords(0, 9),
            _origins(2),
            abi.encodeWithSelector(PriorityQueue.OperationsLength.selector, 62, 40)
        );
    }

    function test_consume_operationWithoutOrigin_reverts() public {
        _expectRefused(
            _tokenWords(),
            _origins(1),
            abi.encodeWithSelector(PriorityQueue.OperationsLength.selector, 124, 20)
        );
        _expectRefused(
            _tokenWords(),
            "",
            abi.encodeWithSelector(PriorityQueue.OperationsLength.selector, 124, 0)
        );
    }

    function test_consume_partOfOrigin_reverts() public {
        _expectRefused(
            _tokenWords(),
            bytes.concat(_origins(2), hex"00"),
            abi.encodeWithSelector(PriorityQueue.OperationsLength.selector, 124, 41)
        );
    }

    function test_consume_unknownTag_reverts() public {
        bytes memory words = _tokenWords();
        words[62] = 0x23;
        _expectRefused(
            words, _origins(2), abi.encodeWithSelector(Words.UnknownOperation.selector, 0x23)
        );
    }

    function test_consume_beyondQueue_reverts() public {
        _expectRefused(
            bytes.concat(_tokenWords(), _depositWords(ETH, 1)),
            _origins(3),
            abi.encodeWithSelector(PriorityQueue.QueueExhausted.selector, 3, 2)
        );
    }

    function test_consume_forgedOperation_reverts() public {
        bytes memory words = _tokenWords();
        words[61] ^= 0x01;
        _expectRefused(words, _origins(2), _mismatch(0, 2));
    }

    /// @dev The origin is who would be paid back: it is as fixed as the words.
    function test_consume_forgedOrigin_reverts() public {
        bytes memory origins = abi.encodePacked(_origins(1), STRANGER);
        _expectRefused(_tokenWords(), origins, _mismatch(0, 2));
    }

    function test_consume_skippedOperation_reverts() public {
        _expectRefused(_registerWords(1, 6), _origins(1), _mismatch(0, 1));
    }

    function test_consume_swappedOperations_reverts() public {
        bytes memory swapped = bytes.concat(_registerWords(1, 6), _registerWords(0, 9));
        _expectRefused(swapped, _origins(2), _mismatch(0, 2));
    }

    function test_consume_operationTwice_reverts() public {
        Batch memory batch = _commitQueued(genesis, _registerWords(0, 9), _origins(1));
        bytes memory again = _registerWords(0, 9);
        bytes memory origins = _origins(1);
        vm.expectRevert(_mismatch(1, 2));
        _commitQueued(batch, again, origins);
    }

    function _mismatch(uint256 start, uint256 end) private pure returns (bytes memory) {
        return abi.encodeWithSelector(PriorityQueue.QueueMismatch.selector, start, end);
    }

    function _expectRefused(bytes memory words, bytes memory origins, bytes memory reason) private {
        vm.expectRevert(reason);
        _commitQueued(genesis, words, origins);
    }
}
