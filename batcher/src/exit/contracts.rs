//! The contracts' interfaces around a frozen rollup, as `verifier-contracts/src` declares them.

#![allow(missing_docs, reason = "generated bindings; the Solidity sources carry the documentation")]

alloy::sol! {
    #[sol(rpc)]
    interface IFrozenRollup {
        /// What proofs may be made of.
        #[derive(Debug)]
        struct CircuitSet {
            bytes32 root;
            address verifier;
            uint64 activeAt;
            bool installed;
            bool retired;
        }

        event PriorityOperationQueued(uint64 indexed index, bytes words, address origin);

        function CUSTODY() external view returns (address);
        function frozenAt() external view returns (uint64);
        function deadline() external view returns (uint256);
        function freeze() external;
        function provenState() external view returns (bytes32);
        function provenOperations() external view returns (uint64);
        function circuitSetCount() external view returns (uint256);
        function circuitSetAt(uint256 index) external view returns (CircuitSet memory);
    }

    #[sol(rpc)]
    interface IEscapeHatch {
        /// A registered token.
        #[derive(Debug)]
        struct Token {
            address asset;
            bool registered;
            uint8 quantumExponent;
            uint64 owed;
        }

        event Exited(uint32 indexed leaf, address indexed recipient, uint16 indexed token, uint256 amount);

        function exit(uint256 circuitSet, bytes calldata leaves, uint256[8] calldata proof) external;
        function refund(uint64 queueIndex, bytes calldata words, address origin) external;
        function collect(address owner, address asset) external;
        function collectReward(address prover) external;
        function credit(address owner, address asset) external view returns (uint256);
        function hasExited(uint32 leaf) external view returns (bool);
        function isRefunded(uint64 queueIndex) external view returns (bool);
        function tokenAt(uint16 index) external view returns (Token memory token);
    }
}
