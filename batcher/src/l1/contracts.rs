//! The contracts' interfaces: what the compiler says of them (`verifier-contracts/snapshots/abi`), and two that have no snapshot.

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
    IRollupL1, "../verifier-contracts/snapshots/abi/Rollup.json"
}

alloy::sol! {
    #[sol(all_derives)]
    #[sol(rpc)]
    ICustody, "../verifier-contracts/snapshots/abi/Custody.json"
}

alloy::sol! {
    #[sol(all_derives)]
    #[sol(rpc)]
    IGroth16Verifier, "../verifier-contracts/snapshots/abi/Groth16Verifier.json"
}

alloy::sol! {
    /// OpenZeppelin's AccessControl, as rollup and timelock have it; the last function is the timelock's.
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

    /// The demo's token, which anyone can mint.
    #[sol(rpc)]
    interface IDemoToken {
        function mint(address account, uint256 amount) external;
        function approve(address spender, uint256 amount) external returns (bool);
        function balanceOf(address account) external view returns (uint256);
    }
}
