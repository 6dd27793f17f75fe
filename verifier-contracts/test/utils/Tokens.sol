// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {DemoToken} from "../../script/DemoToken.sol";
import {Custody} from "../../src/Custody.sol";

/// @notice Keeps one unit of every transfer.
contract FeeOnTransferToken is DemoToken {
    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (from != address(0)) super._update(to, address(0xfee), 1);
    }
}

/// @notice Adds one unit to every transfer.
contract BonusToken is DemoToken {
    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (from != address(0)) super._update(address(0), to, 1);
    }
}

/// @notice Changes balances behind their owners' backs.
contract RebasingToken is DemoToken {
    function rebase(address account, uint256 balance) external {
        _burn(account, balanceOf(account));
        _mint(account, balance);
    }
}

/// @notice Refuses to pay some accounts, as USDC does.
contract BlacklistToken is DemoToken {
    error Blacklisted(address account);

    mapping(address => bool) public blacklisted;

    function setBlacklisted(address account, bool value) external {
        blacklisted[account] = value;
    }

    function _update(address from, address to, uint256 amount) internal override {
        require(!blacklisted[to], Blacklisted(to));
        super._update(from, to, amount);
    }
}

/// @notice Says no without reverting, as old tokens do.
contract FalseToken is DemoToken {
    bool public refusing = true;

    function setRefusing(bool value) external {
        refusing = value;
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (refusing) return false;
        return super.transferFrom(from, to, amount);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (refusing) return false;
        return super.transfer(to, amount);
    }
}

/// @notice Returns nothing, as USDT does.
contract SilentToken {
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    function mint(address account, uint256 amount) external {
        balanceOf[account] += amount;
    }

    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    function transfer(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }

    function transferFrom(address from, address to, uint256 amount) external {
        allowance[from][msg.sender] -= amount;
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// @notice Makes a call of its own in the middle of each transfer by or to custody.
contract ReentrantToken is DemoToken {
    address public target;
    bytes public call;

    function setCall(address target_, bytes calldata call_) external {
        target = target_;
        call = call_;
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (target == address(0)) return;
        (bool success, bytes memory reason) = target.call(call);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(reason, 0x20), mload(reason))
            }
        }
    }
}

/// @notice A recipient of ETH that claims again while it is being paid.
contract ReentrantRecipient {
    Custody public immutable CUSTODY;
    bytes public call;
    bytes public lastError;

    constructor(Custody custody) {
        CUSTODY = custody;
    }

    function setCall(bytes calldata call_) external {
        call = call_;
    }

    receive() external payable {
        (, lastError) = address(CUSTODY).call(call);
    }
}

/// @notice A recipient that takes no ETH until it is told to.
contract RefusingRecipient {
    error Refused();

    bool public accepting;

    function accept() external {
        accepting = true;
    }

    receive() external payable {
        require(accepting, Refused());
    }
}
