// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

import {Vault} from "./Vault.sol";
import {IRollup} from "./interfaces/IRollup.sol";
import {Words} from "./libraries/Words.sol";

/// @title The way out of a frozen rollup
/// @notice Each leaf of the last proven state leaves once, with a proof made from published data;
/// each operation that was queued and not proven is given back once. Both turn into credit, which
/// its owner is paid by anyone's call: so a leaf in a list stops no other, and a token that does not
/// pay stops only itself.
abstract contract EscapeHatch is Vault {
    using BitMaps for BitMaps.BitMap;

    /// @notice Bytes of an entry of a list of leaves: leaf u32, token u16, quanta u64, recipient 20.
    uint256 private constant ENTRY_BYTES = 34;

    /// @notice The rollup whose assets these are.
    IRollup public immutable ROLLUP;

    /// @notice Wei that come with each priority operation.
    uint256 public immutable PRIORITY_FEE;

    /// @notice Base units that wait for their owner; zero is ETH.
    mapping(address owner => mapping(address asset => uint256 amount)) public credit;

    BitMaps.BitMap private _exited;
    BitMaps.BitMap private _refunded;

    /// @notice A leaf has left the rollup.
    event Exited(
        uint32 indexed leaf, address indexed recipient, uint16 indexed token, uint256 amount
    );

    /// @notice An operation that was never proven has been given back.
    event Refunded(uint64 indexed queueIndex, address indexed origin);

    /// @notice Base units are waiting for their owner.
    event Credited(address indexed owner, address indexed asset, uint256 amount);

    /// @notice A credit has been paid.
    event CreditPaid(address indexed owner, address indexed asset, uint256 amount);

    /// @notice The list is not whole entries.
    error LeavesLength(uint256 length);

    /// @notice Every leaf of the list has left before.
    error AlreadyExited();

    /// @notice The operation has been given back.
    error AlreadyRefunded(uint64 queueIndex);

    /// @notice The owner has no credit in this asset.
    error NoCredit(address owner, address asset);

    constructor(uint256 priorityFee) {
        ROLLUP = IRollup(msg.sender);
        PRIORITY_FEE = priorityFee;
    }

    /// @notice Lets leaves of the last proven state go, each once. Anyone may call, for anyone. A
    /// leaf of the list that has left before is passed over: it could otherwise stop the others by
    /// leaving first.
    /// @param circuitSet Index of the circuit set that the proof is made of.
    /// @param leaves 34 bytes each: leaf u32, token u16, quanta u64, recipient 20.
    /// @param proof As `IVerifier.verifyProof` takes it.
    function exit(uint256 circuitSet, bytes calldata leaves, uint256[8] calldata proof) external {
        require(leaves.length % ENTRY_BYTES == 0, LeavesLength(leaves.length));
        ROLLUP.checkExit(circuitSet, leaves, proof);

        bool anyLeft = false;
        for (uint256 i = 0; i < leaves.length; i += ENTRY_BYTES) {
            uint32 leaf = uint32(bytes4(leaves[i:i + 4]));
            if (_exited.get(leaf)) continue;
            _exited.set(leaf);
            anyLeft = true;

            uint16 token = uint16(bytes2(leaves[i + 4:i + 6]));
            uint64 quanta = uint64(bytes8(leaves[i + 6:i + 14]));
            address recipient = address(bytes20(leaves[i + 14:i + 34]));
            uint256 amount = _creditQuanta(recipient, token, quanta);
            emit Exited(leaf, recipient, token, amount);
        }
        require(anyLeft, AlreadyExited());
    }

    /// @notice Gives back a queued operation that no proven batch has executed: its fee, and the
    /// money of a deposit. Anyone may call.
    /// @param queueIndex Its place in the queue.
    /// @param words The operation and
    /// @param origin its origin, as the event published them.
    function refund(uint64 queueIndex, bytes calldata words, address origin) external {
        ROLLUP.checkDropped(queueIndex, words, origin);
        require(!_refunded.get(queueIndex), AlreadyRefunded(queueIndex));
        _refunded.set(queueIndex);
        emit Refunded(queueIndex, origin);

        _credit(origin, address(0), PRIORITY_FEE);
        if (uint8(words[0]) == Words.DEPOSIT) {
            (uint16 token, uint256 quanta) = Words.readDeposit(bytes31(words[:31]));
            _creditQuanta(origin, token, quanta);
        }
    }

    /// @notice Pays the whole credit of `owner` in `asset` to it. Anyone may call.
    function collect(address owner, address asset) external nonReentrant {
        uint256 amount = credit[owner][asset];
        require(amount != 0, NoCredit(owner, asset));
        delete credit[owner][asset];
        emit CreditPaid(owner, asset, amount);
        _pay(asset, owner, amount);
    }

    /// @notice Whether the leaf has left the rollup.
    function hasExited(uint32 leaf) external view returns (bool) {
        return _exited.get(leaf);
    }

    /// @notice Whether operation `queueIndex` has been given back.
    function isRefunded(uint64 queueIndex) external view returns (bool) {
        return _refunded.get(queueIndex);
    }

    function _creditQuanta(address owner, uint16 token, uint256 quanta)
        private
        returns (uint256 amount)
    {
        address asset;
        (asset, amount) = _release(token, quanta);
        _credit(owner, asset, amount);
    }

    function _credit(address owner, address asset, uint256 amount) private {
        credit[owner][asset] += amount;
        emit Credited(owner, asset, amount);
    }
}
