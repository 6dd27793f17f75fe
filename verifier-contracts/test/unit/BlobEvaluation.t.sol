// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../../script/Vm.sol";
import {BlobEvaluation} from "../../src/libraries/BlobEvaluation.sol";
import {Kzg} from "../utils/Kzg.sol";

/// @notice Blobs opened by the real precompile. The first is `5 X + 7` (4,094 zeros, then the words 5
/// and 7), all others are `X`.
contract BlobEvaluationTest {
    uint256 private constant Z = 0xcafe;

    function check(uint256 value, uint256 count, uint256 point, bytes calldata openings)
        external
        view
    {
        bytes32[] memory hashes = BlobEvaluation.versionedHashes((count + 4095) / 4096);
        BlobEvaluation.check(value, count, point, hashes, openings);
    }

    // --- succeeds ---

    function test_check_one_succeeds() public {
        _attach(1);
        this.check(_first(Z), 4096, Z, _openings(1, Z));
    }

    function test_check_six_succeeds() public {
        _attach(6);
        uint256 value = _first(Z);
        for (uint256 i = 1; i < 6; ++i) {
            value = addmod(mulmod(value, Kzg.power(Z, 4096), Kzg.R), Z, Kzg.R);
        }
        this.check(value, 6 * 4096, Z, _openings(6, Z));
    }

    /// @dev No words, no blobs.
    function test_check_none_succeeds() public view {
        this.check(0, 0, Z, "");
    }

    /// @dev The last word of `X` is zero: it may be a word of the batch or the filling behind it.
    function test_check_lastWordIsFilling_succeeds() public {
        _attach(2);
        uint256 value = addmod(mulmod(_first(Z), Kzg.power(Z, 4095), Kzg.R), 1, Kzg.R);
        this.check(value, 8191, Z, _openings(2, Z));
        this.check(mulmod(value, Z, Kzg.R), 8192, Z, _openings(2, Z));
    }

    /// @dev At every point, as long as it is not zero.
    function test_check_anyPoint_succeeds(uint256 z) public {
        z %= Kzg.R;
        if (z == 0) return;
        _attach(1);
        this.check(_first(z), 4096, z, _openings(1, z));
    }

    // --- reverts ---

    function test_check_missingBlob_reverts() public {
        _attach(1);
        vm.expectRevert(abi.encodeWithSelector(BlobEvaluation.BlobMissing.selector, 1));
        this.check(0, 4097, Z, _openings(2, Z));
    }

    /// @dev The opening is true, but of another blob than the transaction's.
    function test_check_swappedBlob_reverts() public {
        _attach(2);
        bytes memory openings = bytes.concat(_openings(1, Z), _openings(1, Z));
        vm.expectRevert(abi.encodeWithSelector(BlobEvaluation.OpeningInvalid.selector, 1));
        this.check(_first(Z), 8192, Z, openings);
    }

    function test_check_otherPoint_reverts() public {
        _attach(1);
        vm.expectRevert(abi.encodeWithSelector(BlobEvaluation.OpeningInvalid.selector, 0));
        this.check(_first(Z), 4096, Z, _openings(1, Z + 1));
    }

    /// @dev The same element of the field, another number.
    function test_check_openingPlusOrder_reverts() public {
        _attach(1);
        bytes memory opening = Kzg.opening(_first(Z) + Kzg.R, Kzg.FIVE_X_PLUS_SEVEN, Kzg.FIVE);
        vm.expectRevert(abi.encodeWithSelector(BlobEvaluation.OpeningInvalid.selector, 0));
        this.check(_first(Z), 4096, Z, opening);
    }

    function test_check_valuePlusOrder_reverts() public {
        _attach(1);
        uint256 value = _first(Z) + Kzg.R;
        vm.expectRevert(abi.encodeWithSelector(BlobEvaluation.NotInScalarField.selector, value));
        this.check(value, 4096, Z, _openings(1, Z));
    }

    function test_check_otherValue_reverts() public {
        _attach(1);
        vm.expectRevert(BlobEvaluation.BlobValueMismatch.selector);
        this.check(_first(Z) ^ 1, 4096, Z, _openings(1, Z));
    }

    /// @dev The last word is 7 and no filling; 5 is what is left without it.
    function test_check_wordLeftOut_reverts() public {
        _attach(1);
        vm.expectRevert(BlobEvaluation.BlobValueMismatch.selector);
        this.check(5, 4095, Z, _openings(1, Z));
    }

    /// @dev At zero, every value of the words before the last would do.
    function test_check_pointZero_reverts() public {
        _attach(1);
        vm.expectRevert(BlobEvaluation.PointIsZero.selector);
        this.check(7, 4096, 0, _openings(1, 0));
    }

    /// @dev A chain without the precompile answers nothing, and successfully.
    function test_check_noPrecompile_reverts() public {
        _attach(1);
        vm.mockCall(address(0x0a), "", "");
        vm.expectRevert(abi.encodeWithSelector(BlobEvaluation.OpeningInvalid.selector, 0));
        this.check(_first(Z), 4096, Z, _openings(1, Z));
    }

    // --- helpers ---

    function _first(uint256 z) private pure returns (uint256) {
        return addmod(mulmod(5, z, Kzg.R), 7, Kzg.R);
    }

    function _attach(uint256 blobs) private {
        bytes32[] memory hashes = new bytes32[](blobs);
        for (uint256 i = 0; i < blobs; ++i) {
            hashes[i] = Kzg.versionedHash(i == 0 ? Kzg.FIVE_X_PLUS_SEVEN : Kzg.X);
        }
        vm.blobhashes(hashes);
    }

    function _openings(uint256 blobs, uint256 z) private pure returns (bytes memory openings) {
        openings = Kzg.opening(_first(z), Kzg.FIVE_X_PLUS_SEVEN, Kzg.FIVE);
        for (uint256 i = 1; i < blobs; ++i) {
            openings = bytes.concat(openings, Kzg.opening(z, Kzg.X, Kzg.ONE));
        }
    }
}
