// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {Governed} from "./Governed.sol";

/// @title Those who say that they have a batch's data where L1 does not
/// @notice Each member recomputes digest and count from the words before it signs. A batch that
/// rests on them is as available as they are honest: if enough of them withhold, nobody can exit.
abstract contract DataCommittee is Governed, EIP712("Cairn", "1") {
    /// @notice What a member signs.
    bytes32 public constant BATCH_DATA_TYPEHASH =
        keccak256("BatchData(bytes32 domain,uint32 number,bytes32 digest,uint32 count)");

    uint256 private constant SIGNATURE_BYTES = 65;

    /// @notice Number of the committee: each change makes another.
    uint64 public committee;

    /// @notice How many members must sign; nobody can while it is zero.
    uint64 public committeeThreshold;

    /// @dev The last committee that an address was a member of.
    mapping(address member => uint64 committee) private _memberOf;

    /// @notice The committee has changed.
    event DataCommitteeSet(uint64 indexed committee, address[] members, uint64 threshold);

    /// @notice The threshold is zero, or more than there are members.
    error BadThreshold(uint256 members, uint64 threshold);

    /// @notice Members must be in ascending order, each once.
    error MembersNotAscending(address member);

    /// @notice Too few signatures, or bytes that are none.
    error SignaturesLength(uint256 expected, uint256 got);

    /// @notice The signer is not a member, or does not come after the one before.
    error NotASigner(address signer);

    /// @notice There is no committee.
    error NoCommittee();

    /// @notice Replaces the committee.
    /// @param members In ascending order.
    function setDataCommittee(address[] calldata members, uint64 threshold)
        external
        onlyRole(DEFAULT_ADMIN_ROLE)
    {
        require(
            threshold != 0 && threshold <= members.length, BadThreshold(members.length, threshold)
        );
        uint64 number = ++committee;
        committeeThreshold = threshold;
        address last = address(0);
        for (uint256 i = 0; i < members.length; ++i) {
            require(members[i] > last, MembersNotAscending(members[i]));
            last = members[i];
            _memberOf[last] = number;
        }
        emit DataCommitteeSet(number, members, threshold);
    }

    /// @notice Whether the address is a member of the committee.
    function isCommitteeMember(address account) public view returns (bool) {
        return committee != 0 && _memberOf[account] == committee;
    }

    /// @dev Returns iff these are as many members' signatures as it takes, in ascending order of the
    /// signers.
    function _checkSignatures(
        bytes32 domain,
        uint32 number,
        bytes32 digest,
        uint32 count,
        bytes calldata signatures
    ) internal view {
        uint256 threshold = committeeThreshold;
        require(threshold != 0, NoCommittee());
        require(
            signatures.length == threshold * SIGNATURE_BYTES,
            SignaturesLength(threshold * SIGNATURE_BYTES, signatures.length)
        );
        bytes32 signed = _hashTypedDataV4(
            keccak256(abi.encode(BATCH_DATA_TYPEHASH, domain, number, digest, count))
        );
        address last = address(0);
        for (uint256 i = 0; i < signatures.length; i += SIGNATURE_BYTES) {
            address signer = ECDSA.recoverCalldata(signed, signatures[i:i + SIGNATURE_BYTES]);
            require(signer > last && isCommitteeMember(signer), NotASigner(signer));
            last = signer;
        }
    }
}
