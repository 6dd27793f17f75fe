// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Vm, vm} from "../../script/Vm.sol";
import {PriorityQueue} from "../../src/PriorityQueue.sol";
import {Batch} from "../../src/Rollup.sol";
import {BatchFixture} from "../fixtures/BatchFixture.sol";
import {Reference} from "../utils/Reference.sol";
import {RollupTest} from "../utils/RollupTest.sol";

/// @notice Gas of whole transactions: base price, calldata and execution (forge's `--isolate`).
/// Storage that is set for good once (a token's first deposit, the first proof) has been set
/// before.
contract GasTest is RollupTest {
    address private constant RECIPIENT = address(0x4ec);

    Batch private last;

    function setUp() public override {
        super.setUp();
        vm.recordLogs();
        _registerTokens();
        _depositEth(1 gwei);
        _depositToken(1e6);
        vm.deal(RECIPIENT, 1);
        token.mint(RECIPIENT, 1);

        last = rollup.commit(genesis, _commitment(), "", _queuedWords(), "");
        _prove(genesis, last);
    }

    // --- commit ---

    function test_gas_commit_empty() public {
        rollup.commit(last, _commitment(), "", "", "");
        vm.snapshotGasLastCall("commit: empty batch");
    }

    function test_gas_commit_64ShortTransfers() public {
        rollup.commit(last, _commitment(), _randomBytes(32 * 31), "", "");
        vm.snapshotGasLastCall("commit: 64 short transfers");
    }

    function test_gas_commit_largestData() public {
        rollup.commit(last, _commitment(), _randomBytes(3_870 * 31), "", "");
        vm.snapshotGasLastCall("commit: 7740 short transfers");
    }

    function test_gas_commit_16Deposits() public {
        vm.recordLogs();
        for (uint256 i = 0; i < 16; ++i) {
            _depositEth(1 gwei);
        }
        bytes memory words = _queuedWords();
        rollup.commit(last, _commitment(), "", words, "");
        vm.snapshotGasLastCall("commit: 16 deposits");
    }

    function test_gas_commit_16Withdrawals() public {
        rollup.commit(last, _commitment(), "", "", _randomBytes(16 * 31));
        vm.snapshotGasLastCall("commit: 16 withdrawals");
    }

    // --- deposit and claim ---

    function test_gas_deposit_eth() public {
        _depositEth(1 gwei);
        vm.snapshotGasLastCall("deposit: ETH");
    }

    function test_gas_deposit_erc20() public {
        _depositToken(1e6);
        vm.snapshotGasLastCall("deposit: ERC-20");
    }

    function test_gas_claim_eth() public {
        _claim(ETH);
        vm.snapshotGasLastCall("claim: ETH, first of 16");
    }

    function test_gas_claim_erc20() public {
        _claim(TOKEN);
        vm.snapshotGasLastCall("claim: ERC-20, first of 16");
    }

    // --- helpers ---

    function _claim(uint16 tokenIndex) private {
        bytes31[] memory words = new bytes31[](16);
        for (uint256 i = 0; i < 16; ++i) {
            words[i] = _withdrawal(tokenIndex, RECIPIENT, i == 0 ? 1 : 0);
        }
        Batch memory batch = rollup.commit(last, _commitment(), "", "", Reference.join(words));
        _prove(last, batch);
        bytes32[] memory path = Reference.withdrawalPath(words, 0);
        custody.claim(2, 0, words[0], path);
    }

    /// @dev The words of the operations queued since `vm.recordLogs`, as a committer reads them.
    function _queuedWords() private returns (bytes memory words) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != PriorityQueue.PriorityOperationQueued.selector) continue;
            (bytes31 first, bytes31 second) = abi.decode(logs[i].data, (bytes31, bytes31));
            words = bytes.concat(words, first, second);
        }
    }

    /// @dev Bytes are dearest when none is zero.
    function _randomBytes(uint256 length) private pure returns (bytes memory words) {
        words = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            words[i] = bytes1(uint8(1 + uint256(keccak256(abi.encode(i))) % 255));
        }
    }
}

/// @notice The gas of a proof, with the real verifier.
contract ProofGasTest is BatchFixture {
    function test_gas_prove() public {
        Batch memory batch = _commit();
        uint256[8] memory proof = _proof();
        rollup.prove(genesis, batch, proof);
        vm.snapshotGasLastCall("prove: first range");
    }
}
