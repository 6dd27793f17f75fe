// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title The ERC-20 of the demo and the tests: 18 decimals, minted by anyone
contract DemoToken is ERC20 {
    constructor() ERC20("Cairn demo token", "CDT") {}

    /// @notice Makes `amount` base units for `account`.
    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }
}
