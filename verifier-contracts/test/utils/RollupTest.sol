// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

import {DemoToken} from "../../script/DemoToken.sol";
import {Vm, vm} from "../../script/Vm.sol";
import {Custody} from "../../src/Custody.sol";
import {DataMode} from "../../src/DataAvailability.sol";
import {Governed} from "../../src/Governed.sol";
import {PriorityQueue} from "../../src/PriorityQueue.sol";
import {Batch, Commitment, Rollup, Streams} from "../../src/Rollup.sol";
import {Statement} from "../../src/libraries/Statement.sol";
import {VerifierDouble} from "./VerifierDouble.sol";

/// @title A fresh rollup for each test; the test contract holds every role
abstract contract RollupTest {
    /// @dev A moment that is not zero, so that ages can be tested.
    uint32 internal constant NOW = 1_700_000_000;
    bytes32 internal constant CIRCUIT_SET_ROOT = bytes32(uint256(0xc1c));
    bytes32 internal constant GENESIS_STATE = bytes32(uint256(0x9e9));

    uint256 internal constant FEE = 0.0001 ether;
    uint32 internal constant DEADLINE = 14 days;
    uint32 internal constant UPGRADE_DELAY = 30 days;
    uint64 internal constant NO_CAP = 2 ** 63 - 1;

    address internal constant STRANGER = address(0xbad);
    /// @dev An account that commits in transactions of its own.
    address internal constant OPERATOR = address(0x09e7);
    address internal constant ALICE = address(0xa11ce);
    address internal constant BOB = address(0xb0b);

    uint16 internal constant ETH = 0;
    uint16 internal constant TOKEN = 1;

    Rollup internal rollup;
    Custody internal custody;
    DemoToken internal token;
    Batch internal genesis;

    /// @dev The test may be paid what it holds roles for.
    receive() external payable {}

    function setUp() public virtual {
        vm.warp(NOW);
        rollup = new Rollup(_configuration());
        custody = rollup.CUSTODY();
        token = new DemoToken();
        genesis.state = GENESIS_STATE;
        vm.deal(address(this), 1 ether);
    }

    function _configuration() internal virtual returns (Rollup.Configuration memory) {
        return Rollup.Configuration({
            holders: Governed.Holders({
                governor: address(this),
                committer: address(this),
                prover: address(this),
                guardian: address(this),
                council: address(this)
            }),
            verifier: new VerifierDouble(true),
            circuitSetRoot: CIRCUIT_SET_ROOT,
            genesisState: GENESIS_STATE,
            developmentKeys: true,
            priorityFee: FEE,
            priorityDeadline: DEADLINE,
            upgradeDelay: UPGRADE_DELAY,
            forcedTransactions: true,
            dataModes: 7
        });
    }

    /// @dev The next call is a stranger's, and must fail for want of this role.
    function _expectUnauthorized(bytes32 role) internal {
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccessControl.AccessControlUnauthorizedAccount.selector, STRANGER, role
            )
        );
        vm.prank(STRANGER);
    }

    // --- batches ---

    /// @dev The next call is a transaction of the operator's, who may commit.
    function _ownTransaction() internal {
        if (!rollup.hasRole(rollup.COMMITTER_ROLE(), OPERATOR)) {
            rollup.grantRole(rollup.COMMITTER_ROLE(), OPERATOR);
        }
        vm.prank(OPERATOR, OPERATOR);
    }

    function _commitment() internal pure returns (Commitment memory) {
        return _commitmentAt(NOW);
    }

    function _commitmentAt(uint256 timestamp) internal pure returns (Commitment memory) {
        return Commitment({
            timestamp: uint32(timestamp),
            state: bytes32(uint256(1)),
            dataDigest: bytes32(uint256(2)),
            priorityDigest: bytes32(uint256(3)),
            withdrawalDigest: bytes32(uint256(4)),
            dataMode: DataMode.CALLDATA,
            dataCount: 0,
            dataValue: 0,
            blobValue: bytes32(uint256(5))
        });
    }

    /// @dev So many words of data.
    function _commitmentOf(uint32 dataCount) internal pure returns (Commitment memory next) {
        next = _commitment();
        next.dataCount = dataCount;
    }

    function _streams(bytes memory data, bytes memory withdrawals)
        internal
        pure
        returns (Streams memory)
    {
        return Streams({data: data, priority: "", origins: "", withdrawals: withdrawals});
    }

    /// @dev The next batch of this moment, with nothing in it.
    function _commitEmpty(Batch memory previous) internal returns (Batch memory) {
        return rollup.commit(previous, _commitmentAt(block.timestamp), _streams("", ""));
    }

    function _commitWithdrawals(Batch memory previous, bytes memory withdrawals)
        internal
        returns (Batch memory)
    {
        return rollup.commit(previous, _commitmentAt(block.timestamp), _streams("", withdrawals));
    }

    /// @dev The next batch of this moment, with these operations of the queue.
    function _commitQueued(Batch memory previous, bytes memory words, bytes memory origins)
        internal
        returns (Batch memory)
    {
        Streams memory streams =
            Streams({data: "", priority: words, origins: origins, withdrawals: ""});
        return rollup.commit(previous, _commitmentAt(block.timestamp), streams);
    }

    /// @dev What `VerifierDouble` takes for a proof of this range.
    function _proof(Batch memory from, Batch memory to)
        internal
        pure
        returns (uint256[8] memory proof)
    {
        proof[0] = Statement.publicInput(CIRCUIT_SET_ROOT, from.chainHash, to.chainHash);
    }

    function _prove(Batch memory from, Batch memory to) internal {
        rollup.prove(from, to, 0, _proof(from, to));
    }

    /// @dev A proven batch with these withdrawals.
    function _proveWithdrawals(bytes memory withdrawals) internal returns (Batch memory batch) {
        batch = _commitWithdrawals(genesis, withdrawals);
        _prove(genesis, batch);
    }

    // --- tokens ---

    function _key() internal pure returns (uint64[5] memory key) {
        for (uint64 i = 0; i < 5; ++i) {
            key[i] = i + 1;
        }
    }

    /// @dev ETH is token 0 with a quantum of 10^9 wei, the ERC-20 is token 1 with one of 10^6.
    function _registerTokens() internal {
        _register(address(0), 9);
        _register(address(token), 6);
    }

    function _register(address asset, uint8 quantumExponent) internal returns (uint16) {
        return custody.registerToken{value: FEE}(asset, quantumExponent, NO_CAP, _key());
    }

    function _depositEth(uint256 amount) internal {
        vm.deal(address(this), address(this).balance + amount);
        custody.deposit{value: amount + FEE}(0, ETH, amount, _key());
    }

    function _depositToken(uint256 amount) internal {
        token.mint(address(this), amount);
        token.approve(address(custody), amount);
        custody.deposit{value: FEE}(0, TOKEN, amount, _key());
    }

    function _withdrawal(uint16 tokenIndex, address recipient, uint256 quanta)
        internal
        pure
        returns (bytes31)
    {
        uint256 value = (uint256(0x30) << 240) | (uint256(tokenIndex) << 222)
            | (uint256(uint160(recipient)) << 62) | quanta;
        return bytes31(uint248(value));
    }

    // --- the queue ---

    /// @dev What has been queued since `vm.recordLogs`, as a committer reads it.
    function _recordedOperations() internal returns (bytes memory words, bytes memory origins) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != PriorityQueue.PriorityOperationQueued.selector) continue;
            (bytes memory operation, address origin) = abi.decode(logs[i].data, (bytes, address));
            words = bytes.concat(words, operation);
            origins = abi.encodePacked(origins, origin);
        }
    }

    /// @dev The words of `_register` for token `index`: the key is 1, 2, 3, 4, 5, without high bits.
    function _registerWords(uint256 index, uint256 exponent) internal pure returns (bytes memory) {
        uint256 first = (uint256(0x20) << 240) | (index << 186) | (1 << 124) | (exponent << 62);
        return abi.encodePacked(uint248(first), _keyWord());
    }

    /// @dev The words of a deposit for leaf 0.
    function _depositWords(uint256 tokenIndex, uint256 quanta)
        internal
        pure
        returns (bytes memory)
    {
        uint256 first =
            (uint256(0x21) << 240) | (1 << 124) | (tokenIndex << 62) | quanta;
        return abi.encodePacked(uint248(first), _keyWord());
    }

    function _keyWord() private pure returns (uint248) {
        return uint248((2 << 186) | (3 << 124) | (4 << 62) | 5);
    }

    /// @dev The operations of `_registerTokens`.
    function _tokenWords() internal pure returns (bytes memory) {
        return bytes.concat(_registerWords(0, 9), _registerWords(1, 6));
    }

    /// @dev So many operations of this contract.
    function _origins(uint256 count) internal view returns (bytes memory origins) {
        for (uint256 i = 0; i < count; ++i) {
            origins = abi.encodePacked(origins, address(this));
        }
    }

    // --- the escape hatch ---

    /// @dev Lets a deposit's deadline pass, and freezes.
    function _freeze() internal {
        vm.warp(rollup.deadline() + 1);
        rollup.freeze();
    }

    function _leaf(uint32 leaf, uint16 tokenIndex, uint64 quanta, address recipient)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(leaf, tokenIndex, quanta, recipient);
    }

    /// @dev What `VerifierDouble` takes for a proof that these leaves exit.
    function _exitProof(bytes memory leaves) internal view returns (uint256[8] memory proof) {
        bytes32 list = sha256(bytes.concat(rollup.DOMAIN(), leaves));
        bytes memory statement =
            abi.encodePacked(uint32(2), CIRCUIT_SET_ROOT, rollup.provenState(), list);
        proof[0] = uint256(sha256(statement)) % 2 ** 252;
    }

    function _exit(bytes memory leaves) internal {
        custody.exit(0, leaves, _exitProof(leaves));
    }
}
