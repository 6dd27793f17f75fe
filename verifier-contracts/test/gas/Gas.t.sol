// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../../script/Vm.sol";
import {Batch} from "../../src/Settlement.sol";
import {ForcedTransaction} from "../../src/libraries/ForcedTransactions.sol";
import {BatchFixture} from "../fixtures/BatchFixture.sol";
import {Reference} from "../utils/Reference.sol";
import {RollupTest} from "../utils/RollupTest.sol";
import {Costs} from "./Costs.sol";

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

        // Every slot for a record has been used.
        Batch memory batch = _commitRecorded(genesis);
        _prove(genesis, batch);
        for (uint256 i = 0; i < 256; ++i) {
            last = _commitEmpty(batch);
            _prove(batch, last);
            batch = last;
        }
    }

    // --- commit ---

    function test_gas_commit_empty() public {
        _ownTransaction();
        rollup.commit(last, _commitment(), _streams("", ""));
        vm.snapshotGasLastCall("commit: empty batch");
    }

    function test_gas_commit_64ShortTransfers() public {
        _ownTransaction();
        rollup.commit(last, _commitmentOf(32), _streams(_randomBytes(32 * 31), ""));
        vm.snapshotGasLastCall("commit: 64 short transfers");
    }

    function test_gas_commit_largestData() public {
        uint256 base = _commitNothing();
        _ownTransaction();
        rollup.commit(last, _commitmentOf(3_870), _streams(_randomBytes(3_870 * 31), ""));
        uint256 gas = vm.snapshotGasLastCall("commit: 7740 short transfers");
        uint256 each = Costs.each(1000 * gas, 1000 * base, 3_870 * 31);
        vm.snapshotValue("commit: each 1000 bytes of calldata", each);
    }

    function test_gas_commit_16Deposits() public {
        uint256 base = _commitNothing();
        vm.recordLogs();
        for (uint256 i = 0; i < 16; ++i) {
            _depositEth(1 gwei);
        }
        _commitRecorded(last);
        uint256 gas = vm.snapshotGasLastCall("commit: 16 deposits");
        uint256 each = Costs.each(gas, base, 16);
        Costs.ofValue("commit: each of 16 deposits", each, Costs.COMMIT_DEPOSIT);
    }

    function test_gas_commit_16ForcedTransactions() public {
        uint256 base = _commitNothing();
        vm.recordLogs();
        for (uint256 i = 0; i < 16; ++i) {
            custody.forceTransaction{value: FEE}(_forced());
        }
        _commitRecorded(last);
        uint256 gas = vm.snapshotGasLastCall("commit: 16 forced transactions");
        uint256 each = Costs.each(gas, base, 16);
        Costs.ofValue("commit: each of 16 forced transactions", each, Costs.COMMIT_FORCED);
    }

    /// @dev Among them the slot of the batch's root, which a batch without withdrawals does not have.
    function test_gas_commit_16Withdrawals() public {
        uint256 base = _commitNothing();
        _ownTransaction();
        rollup.commit(last, _commitment(), _streams("", _randomBytes(16 * 31)));
        uint256 gas = vm.snapshotGasLastCall("commit: 16 withdrawals");
        uint256 each = Costs.each(gas, base, 16);
        Costs.ofValue("commit: each of 16 withdrawals", each, Costs.COMMIT_WITHDRAWAL);
    }

    // --- into the queue ---

    function test_gas_deposit_eth() public {
        _depositEth(1 gwei);
        Costs.ofLastCall("deposit: ETH", Costs.DEPOSIT_ETH);
    }

    function test_gas_deposit_erc20() public {
        _depositToken(1e6);
        vm.snapshotGasLastCall("deposit: ERC-20");
    }

    function test_gas_forceTransaction() public {
        custody.forceTransaction{value: FEE}(_forced());
        vm.snapshotGasLastCall("forced transaction");
    }

    // --- proofs, but for the verifier ---

    function test_gas_prove_oneBatchOf16Deposits() public {
        vm.recordLogs();
        for (uint256 i = 0; i < 16; ++i) {
            _depositEth(1 gwei);
        }
        Batch memory batch = _commitRecorded(last);
        _prove(last, batch);
        vm.snapshotGasLastCall("prove without verifier: 1 batch");
    }

    /// @dev The verifier has one public input, however many batches it stands for.
    function test_gas_prove_256Batches() public {
        Batch memory first = _commitEmpty(last);
        _prove(last, first);
        uint256 one = vm.lastCallGas().gasTotalUsed;
        last = first;
        for (uint256 i = 0; i < 256; ++i) {
            first = _commitEmpty(first);
        }
        _prove(last, first);
        uint256 gas = vm.snapshotGasLastCall("prove without verifier: 256 batches");
        uint256 each = Costs.each(gas, one, 255);
        Costs.ofValue("prove: each further batch", each, Costs.PROVE_FURTHER_BATCH);
    }

    function test_gas_revertBatches_most() public {
        Batch memory batch = last;
        for (uint256 i = 0; i < 256; ++i) {
            batch = _commitWithdrawals(batch, _randomBytes(31));
        }
        rollup.revertBatches(last);
        vm.snapshotGasLastCall("revert: 256 batches");
    }

    // --- the escape hatch ---

    function test_gas_exit_64Leaves() public {
        _depositEth(1 gwei);
        _freeze();
        bytes memory leaves;
        for (uint32 i = 0; i < 64; ++i) {
            leaves = bytes.concat(leaves, _leaf(i, ETH, 0, address(uint160(0x10000 + i))));
        }
        leaves = bytes.concat(leaves, _leaf(64, ETH, 1, RECIPIENT));
        _exit(leaves);
        vm.snapshotGasLastCall("exit without verifier: 65 leaves");
        custody.collect(RECIPIENT, address(0));
        vm.snapshotGasLastCall("collect: ETH");
    }

    function test_gas_refund() public {
        _depositEth(1 gwei);
        _freeze();
        custody.refund(4, _depositWords(ETH, 1), address(this));
        vm.snapshotGasLastCall("refund: ETH deposit");
    }

    // --- claim ---

    function test_gas_claim_eth() public {
        _claim(ETH);
        Costs.ofLastCall("claim: ETH, first of 16", Costs.CLAIM_ETH);
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
        Batch memory batch = rollup.commit(last, _commitment(), _streams("", Reference.join(words)));
        _prove(last, batch);
        bytes32[] memory path = Reference.withdrawalPath(words, 0);
        custody.claim(batch.number, 0, words[0], path);
    }

    /// @dev The gas of a batch without anything, which every commitment pays. It comes first, because in a plain
    /// run the first commitment pays for cold storage too.
    function _commitNothing() private returns (uint256 gas) {
        _ownTransaction();
        last = rollup.commit(last, _commitment(), _streams("", ""));
        return vm.lastCallGas().gasTotalUsed;
    }

    function _commitRecorded(Batch memory previous) private returns (Batch memory) {
        (bytes memory words, bytes memory origins) = _recordedOperations();
        _ownTransaction();
        return _commitQueued(previous, words, origins);
    }

    function _forced() private pure returns (ForcedTransaction memory forced) {
        forced.kind = 0x10;
        forced.from = type(uint32).max;
        forced.nonce = type(uint32).max;
        forced.token = type(uint16).max;
        forced.amount = 2 ** 62 - 1;
        forced.fee = 2 ** 62 - 1;
        forced.expiry = type(uint32).max;
        forced.to = type(uint32).max;
        for (uint256 i = 0; i < 5; ++i) {
            forced.target[i] = 0xfffffffefefefefe;
            forced.response[i] = type(uint64).max;
        }
        forced.response[4] = 0x7ffffffcffffffff;
        forced.challenge = [forced.target[0], forced.target[1]];
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
    /// @dev The fixture has no fee; a prover's first one would set a slot more.
    uint256 private constant FIRST_REWARD = 20_000;

    function test_gas_prove() public {
        Batch memory batch = _commit();
        uint256[8] memory proof = _proof();
        rollup.prove(genesis, batch, 0, proof);
        Costs.ofLastCall("prove: first range", Costs.PROVE_ONE_BATCH - FIRST_REWARD);
    }
}
