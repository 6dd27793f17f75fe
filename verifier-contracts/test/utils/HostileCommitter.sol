// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title A test helper: a committer that is a contract and does what contracts can do
/// @notice Whatever it does, what the rollup has accepted must be readable (`tests/operator/hostile.rs`
/// of the batcher).
contract HostileCommitter {
    enum Kind {
        /// Must succeed.
        CALL,
        /// May fail.
        TRY,
        /// In this contract's own storage; may fail.
        DELEGATECALL
    }

    struct Step {
        Kind kind;
        address target;
        bytes data;
    }

    /// @notice A call that must succeed has not.
    error StepFailed(uint256 step);

    /// @notice What `undo` ends with.
    error Undone();

    /// @notice Takes the steps in order.
    function run(Step[] calldata steps) public {
        for (uint256 i = 0; i < steps.length; ++i) {
            (Kind kind, address target) = (steps[i].kind, steps[i].target);
            bool succeeded;
            if (kind == Kind.DELEGATECALL) {
                (succeeded,) = target.delegatecall(steps[i].data);
            } else {
                (succeeded,) = target.call(steps[i].data);
            }
            require(succeeded || kind != Kind.CALL, StepFailed(i));
        }
    }

    /// @notice Takes the steps in order, and then everything back.
    function undo(Step[] calldata steps) external {
        run(steps);
        revert Undone();
    }
}
