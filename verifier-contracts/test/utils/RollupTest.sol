// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {DemoToken} from "../../script/DemoToken.sol";
import {vm} from "../../script/Vm.sol";
import {Custody} from "../../src/Custody.sol";
import {Batch, Commitment, Rollup} from "../../src/Rollup.sol";
import {Statement} from "../../src/libraries/Statement.sol";
import {VerifierDouble} from "./VerifierDouble.sol";

/// @title A fresh rollup for each test; the test contract is governor, committer and prover
abstract contract RollupTest {
    /// @dev A moment that is not zero, so that ages can be tested.
    uint32 internal constant NOW = 1_700_000_000;
    bytes32 internal constant CIRCUIT_SET_ROOT = bytes32(uint256(0xc1c));
    bytes32 internal constant GENESIS_STATE = bytes32(uint256(0x9e9));

    address internal constant STRANGER = address(0xbad);
    address internal constant ALICE = address(0xa11ce);

    uint16 internal constant ETH = 0;
    uint16 internal constant TOKEN = 1;

    Rollup internal rollup;
    Custody internal custody;
    DemoToken internal token;
    Batch internal genesis;

    function setUp() public virtual {
        vm.warp(NOW);
        rollup = new Rollup(_configuration());
        custody = rollup.CUSTODY();
        token = new DemoToken();
        genesis.state = GENESIS_STATE;
    }

    function _configuration() internal returns (Rollup.Configuration memory) {
        return Rollup.Configuration({
            governor: address(this),
            committer: address(this),
            prover: address(this),
            verifier: new VerifierDouble(),
            circuitSetRoot: CIRCUIT_SET_ROOT,
            genesisState: GENESIS_STATE,
            developmentKeys: true
        });
    }

    // --- batches ---

    function _commitment() internal pure returns (Commitment memory) {
        return Commitment({
            timestamp: NOW,
            state: bytes32(uint256(1)),
            dataDigest: bytes32(uint256(2)),
            priorityDigest: bytes32(uint256(3)),
            withdrawalDigest: bytes32(uint256(4))
        });
    }

    function _commitEmpty(Batch memory previous) internal returns (Batch memory) {
        return rollup.commit(previous, _commitment(), "", "", "");
    }

    function _commitWithdrawals(Batch memory previous, bytes memory withdrawals)
        internal
        returns (Batch memory)
    {
        return rollup.commit(previous, _commitment(), "", "", withdrawals);
    }

    /// @dev What `VerifierDouble` takes for a proof of this range.
    function _proof(Batch memory from, Batch memory to)
        internal
        pure
        returns (uint256[8] memory proof)
    {
        proof[0] = Statement.publicInput(CIRCUIT_SET_ROOT, from.chainHash, to.chainHash);
    }

    function _prove(Batch memory from, Batch memory to) internal {
        rollup.prove(from, to, _proof(from, to));
    }

    // --- tokens ---

    function _key() internal pure returns (uint64[5] memory key) {
        for (uint64 i = 0; i < 5; ++i) {
            key[i] = i + 1;
        }
    }

    /// @dev ETH is token 0 with a quantum of 10^9 wei, the ERC-20 is token 1 with one of 10^6.
    function _registerTokens() internal {
        custody.registerToken(address(0), 9, _key());
        custody.registerToken(address(token), 6, _key());
    }

    function _depositEth(uint256 amount) internal {
        vm.deal(address(this), amount);
        custody.deposit{value: amount}(0, ETH, amount, _key());
    }

    function _depositToken(uint256 amount) internal {
        token.mint(address(this), amount);
        token.approve(address(custody), amount);
        custody.deposit(0, TOKEN, amount, _key());
    }

    function _withdrawal(uint16 tokenIndex, address recipient, uint256 quanta)
        internal
        pure
        returns (bytes31)
    {
        uint256 value = (uint256(0x30) << 240) | (uint256(tokenIndex) << 222)
            | (uint256(uint160(recipient)) << 62) | quanta;
        return bytes31(uint248(value));
    }

    /// @dev A proven batch with these withdrawals.
    function _proveWithdrawals(bytes memory withdrawals) internal returns (Batch memory batch) {
        batch = _commitWithdrawals(genesis, withdrawals);
        _prove(genesis, batch);
    }
}
