// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

import {vm} from "../../script/Vm.sol";
import {Batch, Rollup} from "../../src/Rollup.sol";
import {Statement} from "../../src/libraries/Statement.sol";
import {RollupTest} from "../utils/RollupTest.sol";

contract RollupConstructorTest is RollupTest {
    function test_constructor_genesis_succeeds() public view {
        vm.assertEq(rollup.provenState(), GENESIS_STATE);
        vm.assertEq(rollup.batchHash(0), keccak256(abi.encode(genesis)));
        vm.assertEq(rollup.CIRCUIT_SET_ROOT(), CIRCUIT_SET_ROOT);
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
        Rollup elsewhere = new Rollup(configuration);
        vm.assertEq(elsewhere.DOMAIN(), Statement.domainOf(1, address(elsewhere)));
        vm.assertTrue(elsewhere.DOMAIN() != Statement.domainOf(31_337, address(elsewhere)));
    }

    /// @dev Each role goes to its own address and to no other; the deployer has none.
    function test_constructor_roles_succeeds() public {
        Rollup.Configuration memory configuration = _configuration();
        configuration.governor = address(1);
        configuration.committer = address(2);
        configuration.prover = address(3);
        Rollup deployed = new Rollup(configuration);
        bytes32[3] memory roles = [bytes32(0), deployed.COMMITTER_ROLE(), deployed.PROVER_ROLE()];
        address[4] memory holders = [address(1), address(2), address(3), address(this)];
        for (uint256 i = 0; i < roles.length; ++i) {
            for (uint256 j = 0; j < holders.length; ++j) {
                vm.assertTrue(deployed.hasRole(roles[i], holders[j]) == (i == j));
            }
        }
    }

    function test_constructor_developmentKeysElsewhere_reverts() public {
        Rollup.Configuration memory configuration = _configuration();
        vm.chainId(1);
        vm.expectRevert(abi.encodeWithSelector(Rollup.DevelopmentKeysRefused.selector, 1));
        new Rollup(configuration);
    }
}

contract RollupEnqueueTest is RollupTest {
    function test_enqueue_fromCustody_succeeds() public {
        vm.prank(address(custody));
        vm.assertEq(rollup.enqueue(bytes31(uint248(1)), bytes31(uint248(2))), 0);
        vm.assertEq(rollup.queueLength(), 1);
        vm.assertEq(
            rollup.queuePrefix(1), keccak256(abi.encodePacked(bytes32(0), uint248(1), uint248(2)))
        );
    }

    function test_enqueue_notCustody_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(Rollup.NotCustody.selector, address(this)));
        rollup.enqueue(bytes31(0), bytes31(0));
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

    function test_pause_notGovernor_reverts() public {
        _expectUnauthorized();
        rollup.pause();
    }

    function test_unpause_notGovernor_reverts() public {
        rollup.pause();
        _expectUnauthorized();
        rollup.unpause();
    }

    function test_setOpenProving_event_succeeds() public {
        vm.expectEmit(address(rollup));
        emit Rollup.OpenProvingSet(true);
        rollup.setOpenProving(true);
        vm.assertTrue(rollup.openProving());
    }

    function test_setOpenProving_closedAgain_succeeds() public {
        rollup.setOpenProving(true);
        vm.expectEmit(address(rollup));
        emit Rollup.OpenProvingSet(false);
        rollup.setOpenProving(false);
        vm.assertFalse(rollup.openProving());
    }

    function test_setOpenProving_notGovernor_reverts() public {
        _expectUnauthorized();
        rollup.setOpenProving(true);
    }

    function _expectUnauthorized() private {
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccessControl.AccessControlUnauthorizedAccount.selector, STRANGER, bytes32(0)
            )
        );
        vm.prank(STRANGER);
    }
}

contract RollupWithdrawalsRootTest is RollupTest {
    function test_withdrawalsRoot_notProven_reverts() public {
        _commitWithdrawals(genesis, abi.encodePacked(_withdrawal(ETH, ALICE, 1)));
        vm.expectRevert(abi.encodeWithSelector(Rollup.NotProven.selector, 1, 0));
        rollup.withdrawalsRoot(1);
    }

    function test_withdrawalsRoot_proven_succeeds() public {
        bytes memory words = abi.encodePacked(_withdrawal(ETH, ALICE, 1));
        _proveWithdrawals(words);
        vm.assertEq(rollup.withdrawalsRoot(1), keccak256(words));
        vm.assertEq(rollup.withdrawalsRoot(0), bytes32(0));
    }
}
