// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

// `cairn deploy` puts it between the governor and the contracts; nothing else here uses it.
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
