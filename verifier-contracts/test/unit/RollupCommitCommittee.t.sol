// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {vm} from "../../script/Vm.sol";
import {DataAvailability, DataMode} from "../../src/DataAvailability.sol";
import {DataCommittee} from "../../src/DataCommittee.sol";
import {Batch, Commitment, Rollup} from "../../src/Rollup.sol";
import {RollupTest} from "../utils/RollupTest.sol";

/// @dev Three members, of whom two must sign.
abstract contract CommitteeTest is RollupTest {
    uint256[3] internal keys;

    function setUp() public override {
        super.setUp();
        keys = _ascending([uint256(11), 22, 33]);
        rollup.setDataCommittee(_members(), 2);
    }

    function _members() internal view returns (address[] memory members) {
        members = new address[](3);
        for (uint256 i = 0; i < 3; ++i) {
            members[i] = vm.addr(keys[i]);
        }
    }

    /// @dev By address, as the contract wants them.
    function _ascending(uint256[3] memory unsorted) private pure returns (uint256[3] memory) {
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 j = i + 1; j < 3; ++j) {
                if (vm.addr(unsorted[i]) < vm.addr(unsorted[j])) continue;
                (unsorted[i], unsorted[j]) = (unsorted[j], unsorted[i]);
            }
        }
        return unsorted;
    }
}

contract RollupCommitCommitteeTest is CommitteeTest {
    // --- succeeds ---

    function test_commitCommittee_twoOfThree_succeeds() public {
        bytes32 signed = _digest(rollup, 1, 9);
        Batch memory batch = _commitSigned(9, _signatures(signed, 0, 2));
        vm.assertEq(batch.number, 1);
    }

    // --- reverts ---

    function test_commitCommittee_notAllowed_reverts() public {
        Rollup.Configuration memory configuration = _configuration();
        configuration.dataModes = 3;
        rollup = new Rollup(configuration);
        vm.expectRevert(
            abi.encodeWithSelector(DataAvailability.DataModeRefused.selector, DataMode.COMMITTEE)
        );
        _commitSigned(9, "");
    }

    function test_commitCommittee_noCommittee_reverts() public {
        rollup = new Rollup(_configuration());
        vm.expectRevert(DataCommittee.NoCommittee.selector);
        _commitSigned(9, "");
    }

    function test_commitCommittee_oneOfThree_reverts() public {
        bytes memory signature = _sign(keys[0], _digest(rollup, 1, 9));
        vm.expectRevert(abi.encodeWithSelector(DataCommittee.SignaturesLength.selector, 130, 65));
        _commitSigned(9, signature);
    }

    function test_commitCommittee_oneTwice_reverts() public {
        bytes memory signatures = _signatures(_digest(rollup, 1, 9), 1, 1);
        vm.expectRevert(abi.encodeWithSelector(DataCommittee.NotASigner.selector, vm.addr(keys[1])));
        _commitSigned(9, signatures);
    }

    function test_commitCommittee_stranger_reverts() public {
        uint256 stranger = 44;
        while (vm.addr(stranger) < vm.addr(keys[0])) ++stranger;
        bytes32 signed = _digest(rollup, 1, 9);
        bytes memory signatures = bytes.concat(_sign(keys[0], signed), _sign(stranger, signed));
        vm.expectRevert(
            abi.encodeWithSelector(DataCommittee.NotASigner.selector, vm.addr(stranger))
        );
        _commitSigned(9, signatures);
    }

    function test_commitCommittee_formerMember_reverts() public {
        address[] memory others = new address[](2);
        others[0] = address(1);
        others[1] = address(2);
        rollup.setDataCommittee(others, 2);
        vm.assertFalse(rollup.isCommitteeMember(vm.addr(keys[0])));
        bytes memory signatures = _signatures(_digest(rollup, 1, 9), 0, 1);
        vm.expectRevert(abi.encodeWithSelector(DataCommittee.NotASigner.selector, vm.addr(keys[0])));
        _commitSigned(9, signatures);
    }

    /// @dev A signature is for one batch, one count, one digest and one rollup.
    function test_commitCommittee_signedAnother_reverts() public {
        Rollup other = new Rollup(_configuration());
        bytes32[4] memory signed = [
            _digest(rollup, 2, 9),
            _digest(rollup, 1, 8),
            _digest(other, 1, 9),
            keccak256("something else")
        ];
        for (uint256 i = 0; i < signed.length; ++i) {
            bytes memory signatures = _signatures(signed[i], 0, 1);
            // Recovers to nobody in particular.
            vm.expectPartialRevert(DataCommittee.NotASigner.selector);
            _commitSigned(9, signatures);
        }
    }

    /// @dev The other signature of the same message: s and n - s.
    function test_commitCommittee_malleableSignature_reverts() public {
        bytes32 signed = _digest(rollup, 1, 9);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[0], signed);
        uint256 n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        bytes32 high = bytes32(n - uint256(s));
        bytes memory signatures = bytes.concat(
            abi.encodePacked(r, high, v == 27 ? uint8(28) : 27), _sign(keys[1], signed)
        );
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureS.selector, high));
        _commitSigned(9, signatures);
    }

    // --- helpers ---

    function _commitSigned(uint32 count, bytes memory signatures) private returns (Batch memory) {
        Commitment memory next = _commitmentOf(count);
        next.dataMode = DataMode.COMMITTEE;
        return rollup.commit(genesis, next, _streams(signatures, ""));
    }

    function _signatures(bytes32 signed, uint256 one, uint256 two)
        private
        view
        returns (bytes memory)
    {
        return bytes.concat(_sign(keys[one], signed), _sign(keys[two], signed));
    }

    function _sign(uint256 key, bytes32 signed) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, signed);
        return abi.encodePacked(r, s, v);
    }

    /// @dev EIP-712 by hand.
    function _digest(Rollup signedFor, uint256 number, uint256 count)
        private
        view
        returns (bytes32)
    {
        bytes32 separator = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Cairn"),
                keccak256("1"),
                block.chainid,
                address(signedFor)
            )
        );
        bytes32 message = keccak256(
            abi.encode(
                keccak256("BatchData(bytes32 domain,uint32 number,bytes32 digest,uint32 count)"),
                signedFor.DOMAIN(),
                number,
                _commitment().dataDigest,
                count
            )
        );
        return keccak256(abi.encodePacked(hex"1901", separator, message));
    }
}

contract RollupSetDataCommitteeTest is CommitteeTest {
    function test_setDataCommittee_succeeds() public {
        vm.expectEmit(address(rollup));
        emit DataCommittee.DataCommitteeSet(2, _members(), 3);
        rollup.setDataCommittee(_members(), 3);
        vm.assertEq(rollup.committeeThreshold(), 3);
        vm.assertTrue(rollup.isCommitteeMember(vm.addr(keys[0])));
        vm.assertFalse(rollup.isCommitteeMember(STRANGER));
    }

    function test_isCommitteeMember_noCommittee_succeeds() public {
        vm.assertFalse(new Rollup(_configuration()).isCommitteeMember(STRANGER));
    }

    function test_setDataCommittee_notGovernor_reverts() public {
        address[] memory members = _members();
        _expectUnauthorized(bytes32(0));
        rollup.setDataCommittee(members, 2);
    }

    function test_setDataCommittee_thresholdZero_reverts() public {
        address[] memory members = _members();
        vm.expectRevert(abi.encodeWithSelector(DataCommittee.BadThreshold.selector, 3, 0));
        rollup.setDataCommittee(members, 0);
    }

    function test_setDataCommittee_thresholdAboveMembers_reverts() public {
        address[] memory members = _members();
        vm.expectRevert(abi.encodeWithSelector(DataCommittee.BadThreshold.selector, 3, 4));
        rollup.setDataCommittee(members, 4);
    }

    function test_setDataCommittee_memberTwice_reverts() public {
        address[] memory members = _members();
        members[2] = members[1];
        vm.expectRevert(
            abi.encodeWithSelector(DataCommittee.MembersNotAscending.selector, members[1])
        );
        rollup.setDataCommittee(members, 3);
    }
}
