//! The contracts' interfaces: what the compiler says of them (`verifier-contracts/snapshots/abi`), and some that have
//! no snapshot.

#![allow(missing_docs, reason = "generated bindings; the Solidity sources carry the documentation")]

pub use self::{
    CircuitSets::CircuitSet,
    Governed::Holders,
    ICustody::ForcedTransaction,
    IRollupL1::{Batch, Commitment, Streams},
    Rollup::Configuration,
    TokenRegistry::Token,
};

alloy::sol! {
    #[sol(all_derives)]
    #[sol(rpc)]
    IRollupL1, "../../verifier-contracts/snapshots/abi/Rollup.json"
}

alloy::sol! {
    #[sol(all_derives)]
    #[sol(rpc)]
    ICustody, "../../verifier-contracts/snapshots/abi/Custody.json"
}

alloy::sol! {
    #[sol(all_derives)]
    #[sol(rpc)]
    IGroth16Verifier, "../../verifier-contracts/snapshots/abi/Groth16Verifier.json"
}

alloy::sol! {
    /// OpenZeppelin's AccessControl, as rollup and timelock have it.
    #[sol(rpc)]
    interface IAccessControl {
        event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender);
        event RoleRevoked(bytes32 indexed role, address indexed account, address indexed sender);
        event RoleAdminChanged(bytes32 indexed role, bytes32 indexed previousAdminRole, bytes32 indexed newAdminRole);

        function grantRole(bytes32 role, address account) external;
        function revokeRole(bytes32 role, address account) external;
        function hasRole(bytes32 role, address account) external view returns (bool);
        function getRoleAdmin(bytes32 role) external view returns (bytes32);
    }

    /// OpenZeppelin's TimelockController, as far as it is read.
    #[sol(rpc)]
    interface ITimelock {
        event CallScheduled(bytes32 indexed id, uint256 indexed index, address target, uint256 value, bytes data, bytes32 predecessor, uint256 delay);

        function getMinDelay() external view returns (uint256);
        function isOperationPending(bytes32 id) external view returns (bool);
        function getTimestamp(bytes32 id) external view returns (uint256);
    }

    /// What OpenZeppelin's timelock, tokens and helpers refuse with, which no snapshot has.
    #[sol(all_derives)]
    interface IOpenZeppelin {
        error TimelockInvalidOperationLength(uint256 targets, uint256 payloads, uint256 values);
        error TimelockInsufficientDelay(uint256 delay, uint256 minDelay);
        error TimelockUnexpectedOperationState(bytes32 operationId, bytes32 expectedStates);
        error TimelockUnexecutedPredecessor(bytes32 predecessorId);
        error TimelockUnauthorizedCaller(address caller);
        error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);
        error ERC20InvalidSender(address sender);
        error ERC20InvalidReceiver(address receiver);
        error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
        error ERC20InvalidApprover(address approver);
        error ERC20InvalidSpender(address spender);
        error OwnableUnauthorizedAccount(address account);
        error AddressEmptyCode(address target);
        error FailedDeployment();
    }

    /// What is read of a token. ERC-20 has name and decimals for people alone: they may be missing, and anything.
    #[sol(rpc)]
    interface IErc20 {
        function symbol() external view returns (string memory);
        function decimals() external view returns (uint8);
        function balanceOf(address account) external view returns (uint256);
        function allowance(address owner, address spender) external view returns (uint256);
        function approve(address spender, uint256 amount) external returns (bool);
    }

    /// The demo's token, which anyone can mint.
    #[sol(rpc)]
    interface IDemoToken {
        function mint(address account, uint256 amount) external;
        function approve(address spender, uint256 amount) external returns (bool);
        function balanceOf(address account) external view returns (uint256);
    }
}
