// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../../script/Vm.sol";
import {Custody} from "../../src/Custody.sol";
import {Governed} from "../../src/Governed.sol";
import {PriorityQueue} from "../../src/PriorityQueue.sol";
import {Rollup} from "../../src/Rollup.sol";
import {Vault} from "../../src/Vault.sol";
import {ForcedTransaction, ForcedTransactions} from "../../src/libraries/ForcedTransactions.sol";
import {Words} from "../../src/libraries/Words.sol";
import {RollupTest} from "../utils/RollupTest.sol";

contract CustodyForceTransactionTest is RollupTest {
    uint64 private constant P = 0xffffffff00000001;

    // --- succeeds ---

    /// @dev Every field at its place: docs/spec.md, section 5, read bit by bit.
    function test_forceTransaction_words_succeeds() public {
        ForcedTransaction memory forced = _forced();
        bytes memory words = bytes.concat(
            // Limb 0: tag 8, zeros 4, kind 8, high bits of the target 10, from 32.
            _word(
                (0x22 << 54) | (0x10 << 42) | (_bits("0100111000") << 32) | 0x01020304,
                0x3fffffff00000000,
                0x2aaaaaaaaaaaaaaa,
                0x1555555555555555
            ),
            _word(0x11, 0x3ffffffeffffffff, 0x33, 0x44),
            _word(
                (0xabcd << 46) | (_bits("1101000001") << 36) | (_bits("1001") << 32) | 0x05060708,
                0x090a0b0c,
                0x0d0e0f10,
                NOW
            ),
            _word(0x61, 0x62, 0x3fffffffffffffff, 0x72),
            _word(0x73, 0x74, 0x3ffffffc00000075, 0)
        );
        vm.assertEq(words.length, 155);

        vm.expectEmit(address(rollup));
        emit PriorityQueue.PriorityOperationQueued(0, words, ALICE);
        vm.deal(ALICE, FEE);
        vm.prank(ALICE);
        vm.assertEq(custody.forceTransaction{value: FEE}(forced), 0);
        vm.assertEq(rollup.queueLength(), 1);
        vm.assertEq(address(custody).balance, FEE);
    }

    /// @dev A committer takes it from the queue as any other operation.
    function test_forceTransaction_consumed_succeeds() public {
        vm.recordLogs();
        _register(address(0), 9);
        custody.forceTransaction{value: FEE}(_forced());
        _depositEth(1 gwei);
        (bytes memory words, bytes memory origins) = _recordedOperations();
        vm.assertEq(words.length, 62 + 155 + 62);
        vm.assertEq(_commitQueued(genesis, words, origins).priorityEnd, 3);
    }

    /// @dev Nothing that does not hold is refused here: it is a no-op when its turn comes.
    function test_forceTransaction_senseless_succeeds() public {
        ForcedTransaction memory withdrawal;
        withdrawal.kind = 0x12;
        custody.forceTransaction{value: FEE}(withdrawal);
        ForcedTransaction memory forced = _forced();
        forced.expiry = 1;
        custody.forceTransaction{value: FEE}(forced);
        forced.to = forced.from;
        custody.forceTransaction{value: FEE}(forced);
        vm.assertEq(rollup.queueLength(), 3);
    }

    function test_forceTransaction_everyKind_succeeds() public {
        ForcedTransaction memory forced = _forced();
        custody.forceTransaction{value: FEE}(forced);
        forced.to = 0;
        forced.kind = 0x11;
        custody.forceTransaction{value: FEE}(forced);
        forced.kind = 0x13;
        forced.amount = 0;
        custody.forceTransaction{value: FEE}(forced);
        forced.kind = 0x12;
        forced.target = [uint64(2 ** 36 - 1), 2 ** 62 - 1, 2 ** 62 - 1, 0, 0];
        custody.forceTransaction{value: FEE}(forced);
        vm.assertEq(rollup.queueLength(), 4);
    }

    /// @dev A key is zero only if all of it is.
    function test_forceTransaction_oneElementOfKey_succeeds() public {
        ForcedTransaction memory forced;
        forced.kind = 0x13;
        for (uint256 i = 0; i < 5; ++i) {
            delete forced.target;
            forced.target[i] = 1;
            custody.forceTransaction{value: FEE}(forced);
        }
        vm.assertEq(rollup.queueLength(), 5);
    }

    function test_forceTransaction_paused_succeeds() public {
        rollup.pause();
        custody.forceTransaction{value: FEE}(_forced());
        vm.assertEq(rollup.queueLength(), 1);
    }

    // --- reverts ---

    function test_forceTransaction_off_reverts() public {
        Rollup.Configuration memory configuration = _configuration();
        configuration.forcedTransactions = false;
        Custody off = new Rollup(configuration).CUSTODY();
        vm.assertFalse(off.FORCED_TRANSACTIONS());
        vm.expectRevert(Custody.ForcedTransactionsOff.selector);
        off.forceTransaction{value: FEE}(_forced());
    }

    function test_forceTransaction_wrongFee_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(Vault.WrongValue.selector, FEE, FEE - 1));
        custody.forceTransaction{value: FEE - 1}(_forced());
        vm.expectRevert(abi.encodeWithSelector(Vault.WrongValue.selector, FEE, FEE + 1));
        custody.forceTransaction{value: FEE + 1}(_forced());
    }

    function test_forceTransaction_amountTooLarge_reverts() public {
        ForcedTransaction memory forced = _forced();
        forced.amount = 2 ** 62;
        _expectRefused(
            forced, abi.encodeWithSelector(ForcedTransactions.LimbTooLarge.selector, 2 ** 62)
        );
    }

    function test_forceTransaction_feeTooLarge_reverts() public {
        ForcedTransaction memory forced = _forced();
        forced.fee = type(uint64).max;
        _expectRefused(
            forced,
            abi.encodeWithSelector(ForcedTransactions.LimbTooLarge.selector, type(uint64).max)
        );
    }

    function test_forceTransaction_targetNotCanonical_reverts() public {
        for (uint256 i = 0; i < 5; ++i) {
            ForcedTransaction memory forced = _forced();
            forced.target[i] = P;
            _expectRefused(
                forced, abi.encodeWithSelector(ForcedTransactions.ElementNotCanonical.selector, P)
            );
        }
    }

    function test_forceTransaction_challengeNotCanonical_reverts() public {
        for (uint256 i = 0; i < 2; ++i) {
            ForcedTransaction memory forced = _forced();
            forced.challenge[i] = P + 1;
            _expectRefused(
                forced,
                abi.encodeWithSelector(ForcedTransactions.ElementNotCanonical.selector, P + 1)
            );
        }
    }

    function test_forceTransaction_unknownKind_reverts() public {
        uint8[4] memory kinds = [0, 0x0f, 0x14, 0xff];
        for (uint256 i = 0; i < kinds.length; ++i) {
            ForcedTransaction memory forced = _forced();
            forced.kind = kinds[i];
            _expectRefused(
                forced,
                abi.encodeWithSelector(ForcedTransactions.UnknownTransaction.selector, kinds[i])
            );
        }
    }

    function test_forceTransaction_payeeWithoutTransfer_reverts() public {
        for (uint8 kind = 0x11; kind <= 0x13; ++kind) {
            ForcedTransaction memory forced = _forced();
            forced.kind = kind;
            forced.to = 1;
            _expectRefused(
                forced, abi.encodeWithSelector(ForcedTransactions.FieldNotZero.selector, 1)
            );
        }
    }

    function test_forceTransaction_amountOfKeyChange_reverts() public {
        ForcedTransaction memory forced = _forced();
        forced.kind = 0x13;
        forced.to = 0;
        forced.amount = 5;
        _expectRefused(forced, abi.encodeWithSelector(ForcedTransactions.FieldNotZero.selector, 5));
    }

    function test_forceTransaction_keyZero_reverts() public {
        for (uint8 kind = 0x10; kind <= 0x13; ++kind) {
            ForcedTransaction memory forced;
            forced.kind = kind;
            if (kind != 0x12) _expectRefused(forced, abi.encodePacked(Words.KeyZero.selector));
        }
    }

    function test_forceTransaction_notAnAddress_reverts() public {
        uint64[5] memory parts = [uint64(2 ** 36), 2 ** 62, 2 ** 62, 1, 1];
        for (uint256 i = 0; i < 5; ++i) {
            ForcedTransaction memory forced;
            forced.kind = 0x12;
            forced.target[i] = parts[i];
            _expectRefused(forced, abi.encodePacked(ForcedTransactions.NotAnAddress.selector));
        }
    }

    function test_forceTransaction_responseTooLarge_reverts() public {
        ForcedTransaction memory forced = _forced();
        forced.response[4] = 0x7ffffffd00000000;
        _expectRefused(
            forced,
            abi.encodeWithSelector(ForcedTransactions.ResponseTooLarge.selector, 0x7ffffffd00000000)
        );
    }

    function test_forceTransaction_frozen_reverts() public {
        custody.forceTransaction{value: FEE}(_forced());
        _freeze();
        vm.expectRevert(Governed.RollupFrozen.selector);
        custody.forceTransaction{value: FEE}(_forced());
    }

    // --- helpers ---

    function _expectRefused(ForcedTransaction memory forced, bytes memory reason) private {
        vm.expectRevert(reason);
        custody.forceTransaction{value: FEE}(forced);
    }

    /// @dev High bits: target 01 00 11 10 00, challenge 10 01, response 11 01 00 00 01.
    function _forced() private pure returns (ForcedTransaction memory) {
        return ForcedTransaction({
            kind: 0x10,
            from: 0x01020304,
            nonce: 0x05060708,
            token: 0xabcd,
            amount: 0x2aaaaaaaaaaaaaaa,
            fee: 0x1555555555555555,
            expiry: 0x0d0e0f10,
            to: 0x090a0b0c,
            target: [
                0x7fffffff00000000, uint64(0x11), 0xfffffffeffffffff, 0x8000000000000033, 0x44
            ],
            challenge: [0x8000000000000061, uint64(0x4000000000000062)],
            response: [type(uint64).max, 0x4000000000000072, uint64(0x73), 0x74, 0x7ffffffc00000075]
        });
    }

    function _word(uint256 limb0, uint256 limb1, uint256 limb2, uint256 limb3)
        private
        pure
        returns (bytes memory)
    {
        uint256 value = ((limb0 * 2 ** 62 + limb1) * 2 ** 62 + limb2) * 2 ** 62 + limb3;
        return abi.encodePacked(uint248(value));
    }

    function _bits(string memory digits) private pure returns (uint256 value) {
        for (uint256 i = 0; i < bytes(digits).length; ++i) {
            value = 2 * value + (bytes(digits)[i] == "1" ? 1 : 0);
        }
    }
}
