// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Vm, vm} from "../../script/Vm.sol";
import {PriorityQueue} from "../../src/PriorityQueue.sol";
import {Batch} from "../../src/Settlement.sol";
import {ForcedTransaction} from "../../src/libraries/ForcedTransactions.sol";
import {RollupTest} from "../utils/RollupTest.sol";

/// @notice Operations that mean nobody well. L1 accepts them, so it must be able to go on after them: each
/// is consumed, alone or with others, and given back if the rollup freezes first. That the circuits
/// execute or refuse each of them is tested with the circuits.
contract AdversarialQueueTest is RollupTest {
    uint64 private constant P = 0xffffffff00000001;

    bytes[] private words;

    function setUp() public override {
        super.setUp();
        vm.deal(address(this), 10 ether);
        vm.recordLogs();
        _registerTokens();
        _depositToKeys();
        _depositToLeaves();
        _forceWhatFails();
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != PriorityQueue.PriorityOperationQueued.selector) continue;
            (bytes memory operation,) = abi.decode(logs[i].data, (bytes, address));
            words.push(operation);
        }
        vm.assertEq(words.length, rollup.queueLength());
    }

    function test_adversarialQueue_oneABatch_succeeds() public {
        Batch memory last = genesis;
        for (uint256 i = 0; i < words.length; ++i) {
            last = _commitQueued(last, words[i], _origins(1));
            vm.assertEq(last.priorityEnd, i + 1);
        }
        _prove(genesis, last);
        _expectNothingLeft();
    }

    function test_adversarialQueue_allInOneBatch_succeeds() public {
        bytes memory all;
        for (uint256 i = 0; i < words.length; ++i) {
            all = bytes.concat(all, words[i]);
        }
        Batch memory batch = _commitQueued(genesis, all, _origins(words.length));
        _prove(genesis, batch);
        _expectNothingLeft();
    }

    /// @dev Whoever has queued them gets everything back, in any order.
    function test_adversarialQueue_givenBack_succeeds() public {
        _freeze();
        for (uint256 i = words.length; i > 0; --i) {
            custody.refund(uint64(i - 1), words[i - 1], address(this));
        }
        custody.collect(address(this), address(0));
        custody.collect(address(this), address(token));
        vm.assertEq(address(custody).balance, 0);
        vm.assertEq(token.balanceOf(address(custody)), 0);
        vm.assertEq(custody.tokenAt(ETH).owed, 0);
        vm.assertEq(custody.tokenAt(TOKEN).owed, 0);
    }

    // --- the operations ---

    /// @dev Keys G (the encoding 4), -G, one that encodes no point (of ecGFp5's own vectors), the largest, and
    /// those with a single element.
    function _depositToKeys() private {
        _depositTo(0, [uint64(4), 0, 0, 0, 0]);
        _depositTo(0, [P - 4, 0, 0, 0, 0]);
        _depositTo(
            0,
            [
                uint64(135036726621282077),
                17283229938160287622,
                13113167081889323961,
                1653240450380825271,
                520025869628727862
            ]
        );
        _depositTo(0, [P - 1, P - 1, P - 1, P - 1, P - 1]);
        for (uint256 i = 0; i < 5; ++i) {
            uint64[5] memory key;
            key[i] = 1;
            _depositTo(0, key);
        }
    }

    /// @dev Leaves that collect fees, that are not there yet and that can never be; nothing at all; and as
    /// much as the rollup takes.
    function _depositToLeaves() private {
        uint32[4] memory leaves = [0, 65_535, 65_536, type(uint32).max];
        for (uint256 i = 0; i < leaves.length; ++i) {
            _depositTo(leaves[i], _key());
        }
        custody.deposit{value: FEE}(0, ETH, 0, _key());
        _depositToken((2 ** 62 - 1) * 1e6);
        _depositToken((2 ** 62 - 1) * 1e6);
        _depositToken(1e6);
        vm.assertEq(custody.tokenAt(TOKEN).owed, 2 ** 63 - 1);
    }

    /// @dev Each type: expired, of nobody, more than anyone has, of a token that is not there, and signed for
    /// another rollup, which to L1 is as any other signature.
    function _forceWhatFails() private {
        for (uint8 kind = 0x10; kind <= 0x13; ++kind) {
            ForcedTransaction memory forced;
            forced.kind = kind;
            if (kind != 0x12) forced.target = [P - 4, 0, 0, 0, 0];
            _force(forced);
            forced.expiry = 1;
            _force(forced);
            forced.from = type(uint32).max;
            forced.nonce = type(uint32).max;
            forced.token = type(uint16).max;
            forced.amount = kind == 0x13 ? 0 : 2 ** 62 - 1;
            forced.fee = 2 ** 62 - 1;
            forced.to = kind == 0x10 ? type(uint32).max : 0;
            forced.challenge = [P - 1, P - 1];
            forced.response = [P, P, P, P, 0x7ffffffcffffffff];
            _force(forced);
        }
    }

    // --- helpers ---

    function _depositTo(uint32 leaf, uint64[5] memory key) private {
        custody.deposit{value: 1 gwei + FEE}(leaf, ETH, 1 gwei, key);
    }

    function _force(ForcedTransaction memory forced) private {
        custody.forceTransaction{value: FEE}(forced);
    }

    function _expectNothingLeft() private view {
        vm.assertEq(rollup.provenOperations(), rollup.queueLength());
        vm.assertEq(rollup.deadline(), type(uint256).max);
        vm.assertEq(rollup.rewards(address(this)), words.length * FEE);
    }
}
