// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../../script/Vm.sol";
import {Extension, GoldilocksExtension} from "../../src/libraries/GoldilocksExtension.sol";
import {Statement} from "../../src/libraries/Statement.sol";
import {StreamEvaluation} from "../../src/libraries/StreamEvaluation.sol";
import {WithdrawalTree} from "../../src/libraries/WithdrawalTree.sol";
import {Reference} from "../utils/Reference.sol";

contract StreamEvaluationTest {
    using GoldilocksExtension for Extension;

    function evaluate(bytes calldata words, Extension memory x)
        external
        pure
        returns (Extension memory)
    {
        return StreamEvaluation.evaluate(words, StreamEvaluation.powersOf(x));
    }

    function test_evaluate_empty_succeeds() public view {
        Extension memory y = this.evaluate("", Extension(3, 4));
        vm.assertEq(y.c0, 0);
        vm.assertEq(y.c1, 0);
    }

    /// @dev The largest limbs at the largest point: nothing may overflow or carry.
    function test_evaluate_extremes_succeeds() public view {
        bytes memory words = new bytes(310);
        for (uint256 i = 0; i < words.length; ++i) {
            words[i] = 0xff;
        }
        uint256 top = GoldilocksExtension.P - 1;
        _compare(words, top, top);
        _compare(words, 0, top);
        _compare(words, top, 0);
        _compare(words, 0, 0);
    }

    /// @dev y = ((l0 x + l1) x + l2) x + l3 at x = X, X^2 = 7: c0 = 7 l1 + l3, c1 = 7 l0 + l2.
    function test_evaluate_byHand_succeeds() public view {
        uint248 word = uint248((uint256(1) << 186) | (2 << 124) | (3 << 62) | 4);
        Extension memory y = this.evaluate(abi.encodePacked(word), Extension(0, 1));
        vm.assertEq(y.c0, 7 * 2 + 4);
        vm.assertEq(y.c1, 7 * 1 + 3);
    }

    function testFuzz_evaluate_equalsHorner_succeeds(bytes32 seed, uint8 count) public view {
        bytes memory words = new bytes(31 * uint256(count % 20));
        for (uint256 i = 0; i < words.length; ++i) {
            words[i] = keccak256(abi.encode(seed, i))[0];
        }
        Extension memory x = StreamEvaluation.pointFromHash(seed);
        _compare(words, x.c0, x.c1);
    }

    function test_pointFromHash_reduces_succeeds() public pure {
        Extension memory x = StreamEvaluation.pointFromHash(bytes32(type(uint256).max));
        vm.assertEq(x.c0, 2 ** 32 - 2);
        vm.assertEq(x.c1, 2 ** 32 - 2);
        vm.assertEq(uint256(Extension(1, 2).pack()), 2 ** 64 + 2);
    }

    function _compare(bytes memory words, uint256 x0, uint256 x1) private view {
        Extension memory y = this.evaluate(words, Extension(x0, x1));
        (uint256 y0, uint256 y1) = Reference.evaluate(words, x0, x1);
        vm.assertEq(y.c0, y0);
        vm.assertEq(y.c1, y1);
    }
}

contract WithdrawalTreeTest {
    function root(bytes calldata words) external pure returns (bytes32) {
        return WithdrawalTree.root(words);
    }

    function contains(bytes32 root_, uint256 index, bytes31 word, bytes32[] calldata path)
        external
        pure
        returns (bool)
    {
        return WithdrawalTree.contains(root_, index, word, path);
    }

    function test_root_empty_succeeds() public view {
        vm.assertEq(this.root(""), bytes32(0));
    }

    function test_root_threeWords_succeeds() public view {
        bytes31[] memory words = _words(3);
        bytes32 left = keccak256(
            bytes.concat(
                keccak256(abi.encodePacked(words[0])), keccak256(abi.encodePacked(words[1]))
            )
        );
        bytes32 right = keccak256(bytes.concat(keccak256(abi.encodePacked(words[2])), bytes32(0)));
        vm.assertEq(this.root(Reference.join(words)), keccak256(bytes.concat(left, right)));
    }

    function test_contains_everyWordOfEverySize_succeeds() public view {
        for (uint256 size = 1; size <= 17; ++size) {
            bytes31[] memory words = _words(size);
            bytes32 root_ = this.root(Reference.join(words));
            for (uint256 i = 0; i < size; ++i) {
                bytes32[] memory path = Reference.withdrawalPath(words, i);
                vm.assertTrue(this.contains(root_, i, words[i], path));
                vm.assertFalse(this.contains(root_, i ^ 1, words[i], path));
                vm.assertFalse(this.contains(root_, i + (1 << path.length), words[i], path));
            }
        }
    }

    /// @dev The root does not depend on what memory holds, and takes none of it.
    function test_root_dirtyMemory_succeeds() public view {
        for (uint256 size = 1; size <= 17; ++size) {
            bytes memory words = Reference.join(_words(size));
            vm.assertEq(this.rootInDirtyMemory(words), this.root(words));
        }
    }

    function rootInDirtyMemory(bytes calldata words) external pure returns (bytes32 result) {
        bytes memory before = abi.encode("not the tree's");
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
            for { let i := 0 } lt(i, 64) { i := add(i, 1) } { mstore(add(free, shl(5, i)), not(0)) }
        }
        result = WithdrawalTree.root(words);
        uint256 freeAfter;
        assembly ("memory-safe") {
            freeAfter := mload(0x40)
        }
        vm.assertEq(freeAfter, free);
        vm.assertEq(before, abi.encode("not the tree's"));
        vm.assertEq(new bytes(64), abi.encode(uint256(0), uint256(0)));
    }

    function _words(uint256 count) private pure returns (bytes31[] memory words) {
        words = new bytes31[](count);
        for (uint256 i = 0; i < count; ++i) {
            words[i] = bytes31(keccak256(abi.encode(i)));
        }
    }
}

contract StatementTest {
    /// @dev The public input is 252 bits whatever the hash: below the order of the scalar field.
    function testFuzz_publicInput_252Bits_succeeds(bytes32 root, bytes32 from, bytes32 to)
        public
        pure
    {
        uint256 hash = uint256(sha256(abi.encodePacked(uint32(1), root, from, to)));
        vm.assertEq(Statement.publicInput(root, from, to), hash % 2 ** 252);
    }
}
