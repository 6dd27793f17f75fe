// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {GoldilocksExtension} from "./GoldilocksExtension.sol";
import {Words} from "./Words.sol";

/// @notice A transaction of the rollup with its signature: everything that is signed but the
/// domain. docs/spec.md, sections 2 and 4.
struct ForcedTransaction {
    /// Type of the transaction: the tag of its long form.
    uint8 kind;
    uint32 from;
    uint32 nonce;
    uint16 token;
    /// Quanta, as the fee.
    uint64 amount;
    uint64 fee;
    uint32 expiry;
    uint32 to;
    uint64[5] target;
    /// The signature's `e`.
    uint64[2] challenge;
    /// The signature's `s`, its lowest 64 bits first.
    uint64[5] response;
}

/// @title The words of a forced transaction
/// @notice L1 refuses what no transaction can be: fields that do not fit, that the type does not have,
/// or that are zero where a key must be. Whether the transaction holds is the circuit's to say, and
/// one that does not changes nothing. So nothing that L1 accepts can stop the queue.
library ForcedTransactions {
    // The types are 0x10 to 0x13, transfers to new accounts (0x11) among them.
    uint8 private constant TRANSFER = 0x10;
    uint8 private constant WITHDRAW = 0x12;
    uint8 private constant CHANGE_KEY = 0x13;

    /// @notice The top 32 bits of a response are below this, those of the group order.
    uint256 private constant RESPONSE_TOP_LIMIT = 0x7ffffffd;

    /// @notice No transaction has this type.
    error UnknownTransaction(uint8 kind);

    /// @notice The type has no such field: it must be zero.
    error FieldNotZero(uint64 field);

    /// @notice The target of a withdrawal is an address: 36, 62 and 62 bits, then zeros.
    error NotAnAddress();

    /// @notice The response is not below the group order.
    error ResponseTooLarge(uint64 top);

    /// @notice An amount or fee does not fit a limb.
    error LimbTooLarge(uint64 limb);

    /// @notice A field element is not below p: it would be another encoding of the same message.
    error ElementNotCanonical(uint64 element);

    /// @notice Five words: layout 0x22 of docs/spec.md, section 5.
    /// @param enqueued When L1 accepts it, in seconds: the time that its expiry is held against.
    function encode(ForcedTransaction calldata forced, uint32 enqueued)
        internal
        pure
        returns (bytes memory)
    {
        _checkFields(forced);
        require(forced.amount < Words.AMOUNT_BOUND, LimbTooLarge(forced.amount));
        require(forced.fee < Words.AMOUNT_BOUND, LimbTooLarge(forced.fee));
        uint256 targetHigh;
        uint256 responseHigh;
        for (uint256 i = 0; i < 5; ++i) {
            _checkElement(forced.target[i]);
            targetHigh = (targetHigh << 2) | (forced.target[i] >> 62);
            responseHigh = (responseHigh << 2) | (forced.response[i] >> 62);
        }
        _checkElement(forced.challenge[0]);
        _checkElement(forced.challenge[1]);
        uint256 challengeHigh = ((forced.challenge[0] >> 62) << 2) | (forced.challenge[1] >> 62);

        uint256 limb0 = (Words.FORCED << 54) | (uint256(forced.kind) << 42) | (targetHigh << 32);
        return bytes.concat(
            Words.word(limb0 | forced.from, _low(forced.target[0]), forced.amount, forced.fee),
            Words.word(
                _low(forced.target[1]),
                _low(forced.target[2]),
                _low(forced.target[3]),
                _low(forced.target[4])
            ),
            Words.word(
                (uint256(forced.token) << 46) | (responseHigh << 36) | (challengeHigh << 32)
                    | forced.nonce,
                forced.to,
                forced.expiry,
                enqueued
            ),
            Words.word(
                _low(forced.challenge[0]),
                _low(forced.challenge[1]),
                _low(forced.response[0]),
                _low(forced.response[1])
            ),
            Words.word(
                _low(forced.response[2]), _low(forced.response[3]), _low(forced.response[4]), 0
            )
        );
    }

    /// @dev What the circuit relies on: it executes and refuses transactions of these forms only.
    function _checkFields(ForcedTransaction calldata forced) private pure {
        uint8 kind = forced.kind;
        require(kind >= TRANSFER && kind <= CHANGE_KEY, UnknownTransaction(kind));
        require(kind == TRANSFER || forced.to == 0, FieldNotZero(forced.to));
        require(kind != CHANGE_KEY || forced.amount == 0, FieldNotZero(forced.amount));
        uint64[5] calldata target = forced.target;
        if (kind == WITHDRAW) {
            uint256 top = uint256(target[0]) >> 36;
            uint256 rest = (uint256(target[1]) | target[2]) >> 62;
            require(top | rest | target[3] | target[4] == 0, NotAnAddress());
        } else {
            uint256 anyBit = target[0] | target[1] | target[2] | target[3] | target[4];
            require(anyBit != 0, Words.KeyZero());
        }
        uint64 high = forced.response[4];
        require(high >> 32 < RESPONSE_TOP_LIMIT, ResponseTooLarge(high));
    }

    function _checkElement(uint64 element) private pure {
        require(element < GoldilocksExtension.P, ElementNotCanonical(element));
    }

    function _low(uint64 value) private pure returns (uint256) {
        return value & Words.LIMB_MASK;
    }
}
