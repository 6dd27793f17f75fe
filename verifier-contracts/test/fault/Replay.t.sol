// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../../script/Vm.sol";
import {Custody} from "../../src/Custody.sol";
import {Batch, Rollup} from "../../src/Rollup.sol";
import {IVerifier} from "../../src/interfaces/IVerifier.sol";
import {RollupTest} from "../utils/RollupTest.sol";
import {VerifierDouble} from "../utils/VerifierDouble.sol";

/// @notice Two rollups that differ in nothing but their domain: what is proven for one is not for the
/// other, though states, streams, circuits and verifier are the same.
contract ReplayTest is RollupTest {
    Rollup private other;
    Rollup.Configuration private configuration;
    uint256 private beforeDeployment;

    function setUp() public override {
        super.setUp();
        configuration = _configuration();
        configuration.developmentKeys = false;
        configuration.verifier = new VerifierDouble(false);
        beforeDeployment = vm.snapshotState();
        _deploy();
    }

    function test_replay_batchOnOtherAddress_reverts() public {
        other = new Rollup(configuration);
        _expectBatchRefused();
    }

    function test_replay_exitOnOtherAddress_reverts() public {
        other = new Rollup(configuration);
        _expectExitRefused();
    }

    /// @dev The same address on another chain.
    function test_replay_batchOnOtherChain_reverts() public {
        Batch memory batch = _commitEmpty(genesis);
        uint256[8] memory proof = _proof(genesis, batch);

        _redeployOnOtherChain();
        batch = _commitEmpty(genesis);
        vm.expectRevert(IVerifier.ProofInvalid.selector);
        rollup.prove(genesis, batch, 0, proof);
    }

    function test_replay_exitOnOtherChain_reverts() public {
        _register(address(0), 9);
        _freeze();
        bytes memory leaves = _leaf(65_536, ETH, 0, ALICE);
        uint256[8] memory proof = _exitProof(leaves);
        custody.exit(0, leaves, proof);

        _redeployOnOtherChain();
        _register(address(0), 9);
        _freeze();
        vm.expectRevert(IVerifier.ProofInvalid.selector);
        custody.exit(0, leaves, proof);
    }

    function _expectBatchRefused() private {
        uint256[8] memory proof = _proof(genesis, _commitEmpty(genesis));
        Batch memory batch = other.commit(genesis, _commitment(), _streams("", ""));
        vm.expectRevert(IVerifier.ProofInvalid.selector);
        other.prove(genesis, batch, 0, proof);
    }

    function _expectExitRefused() private {
        Custody otherCustody = other.CUSTODY();
        _register(address(0), 9);
        otherCustody.registerToken{value: FEE}(address(0), 9, NO_CAP, _key());
        _freeze();
        other.freeze();
        vm.assertEq(rollup.provenState(), other.provenState());

        bytes memory leaves = _leaf(65_536, ETH, 0, ALICE);
        uint256[8] memory proof = _exitProof(leaves);
        custody.exit(0, leaves, proof);
        vm.expectRevert(IVerifier.ProofInvalid.selector);
        otherCustody.exit(0, leaves, proof);
    }

    /// @dev Everything as before the deployment, but for the chain: the same address again.
    function _redeployOnOtherChain() private {
        address where = address(rollup);
        vm.revertToState(beforeDeployment);
        vm.chainId(5);
        _deploy();
        vm.assertEq(address(rollup), where);
    }

    function _deploy() private {
        rollup = new Rollup(configuration);
        custody = rollup.CUSTODY();
    }
}
