// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title The tokens of the rollup
/// @notice Index, quantum and L1 address of each token, and how much of it the rollup may hold.
/// Inside the rollup an amount is a number of quanta; a quantum is a power of ten of the token's
/// base units, fixed at registration.
abstract contract TokenRegistry {
    /// @notice What L1 knows of a token: one slot.
    struct Token {
        /// L1 contract; zero is ETH.
        address asset;
        bool registered;
        /// A quantum is `10 ** quantumExponent` base units.
        uint8 quantumExponent;
        /// Quanta that L1 owes: deposited (queued or in the rollup) and not yet paid out.
        uint64 owed;
    }

    /// @notice `10 ** 36` base units: no real token needs a larger quantum.
    uint8 public constant MAX_QUANTUM_EXPONENT = 36;

    /// @notice Quanta of one token inside the rollup: no account's balance can leave its 63 bits.
    uint64 public constant MAX_DEPOSIT_CAP = (1 << 63) - 1;

    /// @notice Token indices are 16 bits.
    uint256 public constant MAX_TOKENS = 1 << 16;

    /// @notice The number of registered tokens: the next token's index.
    uint256 public tokenCount;

    /// @notice Deposits may bring what is owed of a token up to so many quanta.
    mapping(uint16 index => uint64 quanta) public depositCap;

    mapping(uint16 index => Token) internal _tokens;

    mapping(address asset => bool) private _registered;

    /// @notice A token has been registered and its RegisterToken operation queued.
    event TokenRegistered(uint16 indexed token, address indexed asset, uint8 quantumExponent);

    /// @notice Deposits may bring what is owed of the token up to `cap` quanta.
    event DepositCapSet(uint16 indexed token, uint64 cap);

    /// @notice The asset has an index already.
    error TokenAlreadyRegistered(address asset);

    /// @notice No index is left.
    error TooManyTokens();

    /// @notice The quantum is larger than any token needs.
    error QuantumTooLarge(uint8 exponent);

    /// @notice The cap would let an account's balance leave its 63 bits.
    error DepositCapTooLarge(uint64 largest, uint64 got);

    /// @notice No token has this index.
    error UnknownToken(uint16 token);

    /// @notice The registered token `index`.
    function tokenAt(uint16 index) public view returns (Token memory token) {
        token = _tokens[index];
        require(token.registered, UnknownToken(index));
    }

    /// @dev Gives the asset the next index.
    function _register(address asset, uint8 quantumExponent) internal returns (uint16 index) {
        require(!_registered[asset], TokenAlreadyRegistered(asset));
        require(quantumExponent <= MAX_QUANTUM_EXPONENT, QuantumTooLarge(quantumExponent));
        require(tokenCount < MAX_TOKENS, TooManyTokens());

        index = uint16(tokenCount);
        tokenCount = uint256(index) + 1;
        _registered[asset] = true;
        _tokens[index] =
            Token({asset: asset, registered: true, quantumExponent: quantumExponent, owed: 0});
        emit TokenRegistered(index, asset, quantumExponent);
    }

    function _setDepositCap(uint16 token, uint64 cap) internal {
        require(cap <= MAX_DEPOSIT_CAP, DepositCapTooLarge(MAX_DEPOSIT_CAP, cap));
        depositCap[token] = cap;
        emit DepositCapSet(token, cap);
    }
}
