//! The contracts' interfaces, as `verifier-contracts/src` declares them.

#![allow(missing_docs, reason = "generated bindings; the Solidity sources carry the documentation")]

alloy::sol! {
    /// What the contract remembers of a batch.
    #[derive(Debug, Default, PartialEq, Eq)]
    struct Batch {
        uint32 number;
        uint32 timestamp;
        uint64 priorityEnd;
        bytes32 state;
        bytes32 chainHash;
    }

    /// What the committer says of a batch.
    #[derive(Debug)]
    struct Commitment {
        uint32 timestamp;
        bytes32 state;
        bytes32 dataDigest;
        bytes32 priorityDigest;
        bytes32 withdrawalDigest;
        uint8 dataMode;
        uint32 dataCount;
        uint128 dataValue;
        bytes32 blobValue;
    }

    /// The words of a batch, one stream after the other.
    #[derive(Debug)]
    struct Streams {
        bytes data;
        bytes priority;
        bytes origins;
        bytes withdrawals;
    }

    #[sol(rpc)]
    interface IRollupL1 {
        event BatchCommitted(uint32 indexed number, Batch batch, bytes32 withdrawalsRoot, uint8 dataMode);
        event PriorityOperationQueued(uint64 indexed index, bytes words, address origin);

        function commit(Batch calldata previous, Commitment calldata next, Streams calldata streams) external returns (Batch memory batch);
        function prove(Batch calldata from, Batch calldata to, uint256 circuitSet, uint256[8] calldata proof) external;
        function provenState() external view returns (bytes32);
        function provenBatches() external view returns (uint32);
        function withdrawalsRoot(uint32 number) external view returns (bytes32);
        function DOMAIN() external view returns (bytes32);
        function PRIORITY_FEE() external view returns (uint256);
    }

    #[sol(rpc)]
    interface ICustody {
        function registerToken(address asset, uint8 quantumExponent, uint64 cap, uint64[5] calldata feeKey) external payable returns (uint16 token);
        function deposit(uint32 leaf, uint16 token, uint256 amount, uint64[5] calldata key) external payable;
        function claim(uint32 batch, uint256 index, bytes31 word, bytes32[] calldata path) external;
        function isClaimed(uint32 batch, uint256 index) external view returns (bool);
    }

    #[sol(rpc)]
    interface IDemoToken {
        function mint(address account, uint256 amount) external;
        function approve(address spender, uint256 amount) external returns (bool);
        function balanceOf(address account) external view returns (uint256);
    }
}
