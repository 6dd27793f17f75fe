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

    /// Who holds the roles at the start.
    #[derive(Debug)]
    struct Holders {
        address governor;
        address committer;
        address prover;
        address guardian;
        address council;
    }

    /// How a rollup starts.
    #[derive(Debug)]
    struct Configuration {
        Holders holders;
        address verifier;
        bytes32 circuitSetRoot;
        bytes32 genesisState;
        bool developmentKeys;
        uint256 priorityFee;
        uint32 priorityDeadline;
        uint32 upgradeDelay;
        bool forcedTransactions;
        uint8 dataModes;
    }

    /// A transaction with its signature: everything that is signed but the domain.
    #[derive(Debug)]
    struct ForcedTransaction {
        uint8 kind;
        uint32 from;
        uint32 nonce;
        uint16 token;
        uint64 amount;
        uint64 fee;
        uint32 expiry;
        uint32 to;
        uint64[5] target;
        uint64[2] challenge;
        uint64[5] response;
    }

    /// A member of the list of circuit sets.
    #[derive(Debug)]
    struct CircuitSet {
        bytes32 root;
        address verifier;
        uint64 activeAt;
        bool installed;
        bool retired;
    }

    /// A registered token.
    #[derive(Debug)]
    struct Token {
        address asset;
        bool registered;
        uint8 quantumExponent;
        uint64 owed;
    }

    #[sol(rpc)]
    interface IRollupL1 {
        event BatchCommitted(uint32 indexed number, Batch batch, bytes32 withdrawalsRoot, uint8 dataMode);
        event BatchesProven(uint32 indexed first, uint32 indexed last, bytes32 state);
        event BatchesReverted(uint32 indexed first, uint32 indexed last);
        event Frozen(uint32 indexed number, bytes32 state);
        event PriorityOperationQueued(uint64 indexed index, bytes words, address origin);
        event DataCommitteeSet(uint64 indexed committee, address[] members, uint64 threshold);
        event OpenProvingSet(bool open);
        event CircuitSetAdded(uint256 indexed index, bytes32 indexed root, address verifier, uint64 activeAt);
        event CircuitSetRetired(uint256 indexed index);
        event Paused(address account);
        event Unpaused(address account);

        function setDataCommittee(address[] calldata members, uint64 threshold) external;
        function committee() external view returns (uint64);
        function commit(Batch calldata previous, Commitment calldata next, Streams calldata streams) external returns (Batch memory batch);
        function commitAndProve(Batch calldata from, Commitment calldata next, Streams calldata streams, uint256 circuitSet, uint256[8] calldata proof) external returns (Batch memory batch);
        function freeze() external;
        function revertBatches(Batch calldata last) external;
        function prove(Batch calldata from, Batch calldata to, uint256 circuitSet, uint256[8] calldata proof) external;
        function provenState() external view returns (bytes32);
        function provenBatches() external view returns (uint32);
        function committedBatches() external view returns (uint32);
        function queueLength() external view returns (uint64);
        function registerCircuitSet(bytes32 root, address verifier) external returns (uint256 index);
        function installCircuitSet(bytes32 root, address verifier) external returns (uint256 index);
        function circuitSetCount() external view returns (uint256);
        function circuitSetAt(uint256 index) external view returns (CircuitSet memory);
        function paused() external view returns (bool);
        function pause() external;
        function unpause() external;
        function frozen() external view returns (bool);
        function frozenAt() external view returns (uint64);
        function openProving() external view returns (bool);
        function deadline() external view returns (uint256);
        function provenOperations() external view returns (uint64);
        function withdrawalsRoot(uint32 number) external view returns (bytes32);
        function CUSTODY() external view returns (address);
        function DOMAIN() external view returns (bytes32);
        function PRIORITY_FEE() external view returns (uint256);
        function PRIORITY_DEADLINE() external view returns (uint256);
        function UPGRADE_DELAY() external view returns (uint256);
        function DATA_MODES() external view returns (uint256);
    }

    /// Custody, with the escape hatch.
    #[sol(rpc)]
    interface ICustody {
        event Exited(uint32 indexed leaf, address indexed recipient, uint16 indexed token, uint256 amount);

        function registerToken(address asset, uint8 quantumExponent, uint64 cap, uint64[5] calldata feeKey) external payable returns (uint16 token);
        function deposit(uint32 leaf, uint16 token, uint256 amount, uint64[5] calldata key) external payable;
        function forceTransaction(ForcedTransaction calldata forced) external payable returns (uint64 index);
        function claim(uint32 batch, uint256 index, bytes31 word, bytes32[] calldata path) external;
        function FORCED_TRANSACTIONS() external view returns (bool);
        function isClaimed(uint32 batch, uint256 index) external view returns (bool);
        function tokenAt(uint16 index) external view returns (Token memory token);
        function exit(uint256 circuitSet, bytes calldata leaves, uint256[8] calldata proof) external;
        function refund(uint64 queueIndex, bytes calldata words, address origin) external;
        function collect(address owner, address asset) external;
        function collectReward(address prover) external;
        function credit(address owner, address asset) external view returns (uint256);
        function hasExited(uint32 leaf) external view returns (bool);
        function isRefunded(uint64 queueIndex) external view returns (bool);
    }

    /// OpenZeppelin's AccessControl.
    #[sol(rpc)]
    interface IAccessControl {
        event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender);
        event RoleRevoked(bytes32 indexed role, address indexed account, address indexed sender);
        event RoleAdminChanged(bytes32 indexed role, bytes32 indexed previousAdminRole, bytes32 indexed newAdminRole);

        function grantRole(bytes32 role, address account) external;
        function revokeRole(bytes32 role, address account) external;
        function hasRole(bytes32 role, address account) external view returns (bool);
        function getMinDelay() external view returns (uint256);
    }

    #[sol(rpc)]
    interface IDemoToken {
        function mint(address account, uint256 amount) external;
        function approve(address spender, uint256 amount) external returns (bool);
        function balanceOf(address account) external view returns (uint256);
    }
}
