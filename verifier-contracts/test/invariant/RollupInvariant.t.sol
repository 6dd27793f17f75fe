// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../../script/Vm.sol";
import {Rollup} from "../../src/Rollup.sol";
import {RollupTest} from "../utils/RollupTest.sol";
import {Governance} from "./Governance.sol";
import {Handler} from "./Handler.sol";

/// @notice What holds whatever happens. `./x forge test` makes the runs of CI;
/// `FOUNDRY_PROFILE=long` makes more and longer ones.
contract RollupInvariantTest is RollupTest {
    /// @dev Per cent of calls that must not be refused: of a run, and of each action over many runs.
    uint256 private constant LEAST_SHARE = 10;
    uint256 private constant LEAST_SHARE_OF_ACTION = 5;

    Handler private handler;

    function setUp() public override {
        super.setUp();
        bytes32[5] memory roles = [
            rollup.DEFAULT_ADMIN_ROLE(),
            rollup.COMMITTER_ROLE(),
            rollup.PROVER_ROLE(),
            rollup.GUARDIAN_ROLE(),
            rollup.COUNCIL_ROLE()
        ];
        handler = new Handler(rollup, token, CIRCUIT_SET_ROOT, genesis);
        for (uint256 i = roles.length; i > 0; --i) {
            rollup.grantRole(roles[i - 1], address(handler));
        }
        handler.start();
    }

    /// @dev Forge calls these contracts and functions, and no others.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[25] memory actions = [
            // The more often, the more must go before them.
            Handler.deposit.selector,
            Handler.deposit.selector,
            Handler.force.selector,
            Handler.force.selector,
            Handler.commit.selector,
            Handler.commit.selector,
            Handler.commit.selector,
            Handler.prove.selector,
            Handler.prove.selector,
            Handler.revertBatches.selector,
            Handler.commitAndProve.selector,
            Handler.pass.selector,
            Handler.pass.selector,
            Handler.freeze.selector,
            Handler.freeze.selector,
            Handler.claim.selector,
            Handler.refund.selector,
            Handler.exit.selector,
            Handler.collect.selector,
            Handler.collectReward.selector,
            Governance.pause.selector,
            Governance.openProving.selector,
            Governance.replaceCommittee.selector,
            Governance.registerSet.selector,
            Governance.installSet.selector
        ];
        targets = new FuzzSelector[](1);
        targets[0].addr = address(handler);
        targets[0].selectors = new bytes4[](actions.length + 1);
        for (uint256 i = 0; i < actions.length; ++i) {
            targets[0].selectors[i] = actions[i];
        }
        targets[0].selectors[actions.length] = Governance.retireSet.selector;
    }

    function invariant_rollup() external {
        vm.warp(handler.time());
        _custodyHasWhatItOwes();
        // What must fail has failed, and what must succeed has succeeded.
        vm.assertEq(handler.broken(), bytes32(0));
        vm.assertTrue(handler.finalStands());
        vm.assertTrue(handler.committedStands());
        vm.assertTrue(handler.nothingIsForgotten());
    }

    /// @dev At the end of every run the operator disappears, and everyone leaves with everything.
    function afterInvariant() external {
        _runHasDoneSomething();
        handler.drain();
        vm.assertEq(handler.broken(), bytes32(0));
        vm.assertEq(address(custody).balance, 0);
        vm.assertEq(token.balanceOf(address(custody)), 0);
        vm.assertEq(custody.tokenAt(ETH).owed, 0);
        vm.assertEq(custody.tokenAt(TOKEN).owed, 0);
    }

    /// @dev A run in which all calls are refused would show nothing. A run has a few calls of each action,
    /// too few to ask for each of them; the next test has enough.
    function _runHasDoneSomething() private view {
        uint256 tried = handler.allTried();
        if (tried < 64) return;
        vm.assertLe(tried * LEAST_SHARE, handler.allDone() * 100, "most calls were refused");
    }

    /// @dev In runs of this length every action is tried often, and a share of its calls is not refused.
    function test_handler_reachesEveryAction_succeeds() external {
        bytes32[19] memory actions = [
            bytes32("deposit"),
            "force",
            "commit",
            "prove",
            "revertBatches",
            "commitAndProve",
            "freeze",
            "claim",
            "refund",
            "exit",
            "collect",
            "collectReward",
            "pause",
            "unpause",
            "openProving",
            "committee",
            "registerSet",
            "installSet",
            "retireSet"
        ];
        uint256[19] memory tried;
        uint256[19] memory done;
        for (uint256 run = 0; run < 32; ++run) {
            uint256 start = vm.snapshotState();
            for (uint256 i = 0; i < 128; ++i) {
                _act(uint256(keccak256(abi.encode(run, i))));
            }
            for (uint256 i = 0; i < actions.length; ++i) {
                tried[i] += handler.tried(actions[i]);
                done[i] += handler.done(actions[i]);
            }
            vm.revertToState(start);
        }
        for (uint256 i = 0; i < actions.length; ++i) {
            string memory name = string(abi.encodePacked(actions[i]));
            vm.assertLe(64, tried[i], name);
            vm.assertLe(tried[i] * LEAST_SHARE_OF_ACTION, done[i] * 100, name);
        }
    }

    function _act(uint256 seed) private {
        bytes4[] memory selectors = this.targetSelectors()[0].selectors;
        bytes4 selector = selectors[seed % selectors.length];
        // Three words are the most that an action takes.
        bytes memory call =
            abi.encodePacked(selector, keccak256(abi.encode(seed)), seed >> 192, (seed >> 191) % 2);
        (bool success,) = address(handler).call(call);
        require(success, "an action of the handler has failed");
    }

    /// @dev To the wei: custody has what it owes to leaves, to claims, to the queue, to those who
    /// collect and to provers. No more: nothing is lost. No less: nothing is paid twice.
    function _custodyHasWhatItOwes() private view {
        uint256 quanta = handler.owed(ETH);
        vm.assertEq(custody.tokenAt(ETH).owed, quanta);
        uint256 due = quanta * 1 gwei + handler.credits(address(0)) + handler.openFees();
        due += rollup.rewards(address(handler)) + custody.credit(address(handler), address(0));
        for (uint256 i = 0; i < 3; ++i) {
            due += rollup.rewards(handler.person(i));
        }
        vm.assertEq(address(custody).balance, due);

        quanta = handler.owed(TOKEN);
        vm.assertEq(custody.tokenAt(TOKEN).owed, quanta);
        due = quanta * 1e6 + handler.credits(address(token));
        vm.assertEq(token.balanceOf(address(custody)), due);
    }
}
