// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../../script/Vm.sol";
import {Governed} from "../../src/Governed.sol";
import {PriorityQueue} from "../../src/PriorityQueue.sol";
import {CircuitSets} from "../../src/CircuitSets.sol";
import {Batch, Rollup, Settlement} from "../../src/Rollup.sol";
import {Statement} from "../../src/libraries/Statement.sol";
import {RollupTest} from "../utils/RollupTest.sol";
import {VerifierDouble} from "../utils/VerifierDouble.sol";

contract RollupConstructorTest is RollupTest {
    function test_constructor_genesis_succeeds() public view {
        vm.assertEq(rollup.provenState(), GENESIS_STATE);
        vm.assertEq(rollup.batchHash(0), keccak256(abi.encode(genesis)));
        vm.assertEq(rollup.circuitSetAt(0).root, CIRCUIT_SET_ROOT);
        vm.assertEq(address(custody.ROLLUP()), address(rollup));
        vm.assertTrue(rollup.isGovernor(address(this)));
        vm.assertFalse(rollup.isGovernor(STRANGER));
    }

    function test_constructor_domain_succeeds() public {
        vm.assertEq(rollup.DOMAIN(), Statement.domainOf(31_337, address(rollup)));

        Rollup.Configuration memory configuration = _configuration();
        vm.assertTrue(new Rollup(configuration).DOMAIN() != rollup.DOMAIN());

        vm.chainId(1);
        configuration.developmentKeys = false;
        configuration.verifier = new VerifierDouble(false);
        Rollup elsewhere = new Rollup(configuration);
        vm.assertEq(elsewhere.DOMAIN(), Statement.domainOf(1, address(elsewhere)));
        vm.assertTrue(elsewhere.DOMAIN() != Statement.domainOf(31_337, address(elsewhere)));
    }

    /// @dev Each role goes to its own address and to no other; the deployer has none.
    function test_constructor_roles_succeeds() public {
        Rollup.Configuration memory configuration = _configuration();
        configuration.holders = Governed.Holders({
            governor: address(1),
            committer: address(2),
            prover: address(3),
            guardian: address(4),
            council: address(5)
        });
        Rollup deployed = new Rollup(configuration);
        bytes32[5] memory roles = [
            bytes32(0),
            deployed.COMMITTER_ROLE(),
            deployed.PROVER_ROLE(),
            deployed.GUARDIAN_ROLE(),
            deployed.COUNCIL_ROLE()
        ];
        address[6] memory holders =
            [address(1), address(2), address(3), address(4), address(5), address(this)];
        for (uint256 i = 0; i < roles.length; ++i) {
            for (uint256 j = 0; j < holders.length; ++j) {
                vm.assertTrue(deployed.hasRole(roles[i], holders[j]) == (i == j));
            }
        }
    }

    function test_constructor_developmentKeysElsewhere_reverts() public {
        Rollup.Configuration memory configuration = _configuration();
        vm.chainId(1);
        configuration.verifier = new VerifierDouble(false);
        vm.expectRevert(abi.encodeWithSelector(CircuitSets.DevelopmentKeysRefused.selector, 1));
        new Rollup(configuration);
    }

    /// @dev The deployer says nothing, but the verifier does.
    function test_constructor_developmentVerifierElsewhere_reverts() public {
        Rollup.Configuration memory configuration = _configuration();
        configuration.developmentKeys = false;
        vm.chainId(1);
        vm.expectRevert(abi.encodeWithSelector(CircuitSets.DevelopmentKeysRefused.selector, 1));
        new Rollup(configuration);
    }
}

contract RollupEnqueueTest is RollupTest {
    function test_enqueue_fromCustody_succeeds() public {
        bytes memory words = _depositWords(7, 8);
        vm.expectEmit(address(rollup));
        emit PriorityQueue.PriorityOperationQueued(0, words, ALICE);
        vm.prank(address(custody));
        vm.assertEq(rollup.enqueue(words, ALICE), 0);
        vm.assertEq(rollup.queueLength(), 1);
        (bytes28 hash, uint32 enqueued) = rollup.queuePrefix(1);
        vm.assertEq(
            bytes32(hash),
            bytes32(bytes28(keccak256(bytes.concat(bytes28(0), words, bytes20(ALICE)))))
        );
        vm.assertEq(enqueued, NOW);
    }

    function test_enqueue_notCustody_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(Rollup.NotCustody.selector, address(this)));
        rollup.enqueue("", address(this));
    }
}

contract RollupPauseTest is RollupTest {
    function test_pause_depositsGoOn_succeeds() public {
        _registerTokens();
        rollup.pause();
        _depositEth(1 gwei);
        vm.assertEq(rollup.queueLength(), 3);
    }

    function test_unpause_settlementGoesOn_succeeds() public {
        rollup.pause();
        rollup.unpause();
        Batch memory batch = _commitEmpty(genesis);
        _prove(genesis, batch);
        vm.assertEq(rollup.provenBatches(), 1);
    }

    function test_pause_notGuardian_reverts() public {
        _expectUnauthorized(rollup.GUARDIAN_ROLE());
        rollup.pause();
    }

    function test_unpause_notGuardian_reverts() public {
        rollup.pause();
        _expectUnauthorized(rollup.GUARDIAN_ROLE());
        rollup.unpause();
    }

    function test_setOpenProving_event_succeeds() public {
        vm.expectEmit(address(rollup));
        emit Settlement.OpenProvingSet(true);
        rollup.setOpenProving(true);
        vm.assertTrue(rollup.openProving());
    }

    function test_setOpenProving_closedAgain_succeeds() public {
        rollup.setOpenProving(true);
        vm.expectEmit(address(rollup));
        emit Settlement.OpenProvingSet(false);
        rollup.setOpenProving(false);
        vm.assertFalse(rollup.openProving());
    }

    function test_setOpenProving_notGovernor_reverts() public {
        _expectUnauthorized(bytes32(0));
        rollup.setOpenProving(true);
    }
}

contract RollupWithdrawalsRootTest is RollupTest {
    function test_withdrawalsRoot_notProven_reverts() public {
        _commitWithdrawals(genesis, abi.encodePacked(_withdrawal(ETH, ALICE, 1)));
        vm.expectRevert(abi.encodeWithSelector(Settlement.NotProven.selector, 1, 0));
        rollup.withdrawalsRoot(1);
    }

    function test_withdrawalsRoot_proven_succeeds() public {
        bytes memory words = abi.encodePacked(_withdrawal(ETH, ALICE, 1));
        _proveWithdrawals(words);
        vm.assertEq(rollup.withdrawalsRoot(1), keccak256(words));
        vm.assertEq(rollup.withdrawalsRoot(0), bytes32(0));
    }
}
