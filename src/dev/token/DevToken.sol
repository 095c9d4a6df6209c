// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.4.26;

/// A token with the habits of USDT on Ethereum that a deposit watcher has to survive: no return values, a fee
/// whose log comes before the recipient's, a blacklist that only stops senders, funds destroyed without a
/// Transfer, and a successor that takes over the logs. For development chains only; it holds no value.
contract DevToken {
    string public name = "Tether USD (dev)";
    string public symbol = "USDT";
    uint8 public decimals = 6;

    address public owner;
    bool public paused;
    uint256 public totalSupply;
    uint256 public basisPointsRate;
    uint256 public maximumFee;
    DevToken public successor;

    mapping(address => uint256) internal balances;
    mapping(address => mapping(address => uint256)) internal allowances;
    mapping(address => bool) public isBlackListed;

    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);
    event Issue(uint256 amount);
    event Redeem(uint256 amount);
    event Params(uint256 feeBasisPoints, uint256 maxFee);
    event Deprecate(address newAddress);
    event Pause();
    event Unpause();
    event AddedBlackList(address user);
    event RemovedBlackList(address user);
    event DestroyedBlackFunds(address blackListedUser, uint256 balance);

    modifier onlyOwner() {
        require(msg.sender == owner);
        _;
    }

    constructor(uint256 supply) public {
        owner = msg.sender;
        totalSupply = supply;
        balances[owner] = supply;
    }

    // No return value, as the original: a caller that decodes a bool from the answer fails.
    function transfer(address to, uint256 value) public {
        require(!paused);
        require(!isBlackListed[msg.sender]);
        if (address(successor) != 0) return successor.transferByLegacy(msg.sender, to, value);
        move(msg.sender, to, value);
    }

    function transferFrom(address from, address to, uint256 value) public {
        require(!paused);
        require(!isBlackListed[from]);
        require(allowances[from][msg.sender] >= value);
        allowances[from][msg.sender] -= value;
        if (address(successor) != 0) return successor.transferByLegacy(from, to, value);
        move(from, to, value);
    }

    function transferByLegacy(address from, address to, uint256 value) public;

    function approve(address spender, uint256 value) public {
        // The original's guard: an allowance changes only through zero.
        require(value == 0 || allowances[msg.sender][spender] == 0);
        allowances[msg.sender][spender] = value;
        emit Approval(msg.sender, spender, value);
    }

    function balanceOf(address account) public view returns (uint256) {
        if (address(successor) != 0) return successor.balanceOf(account);
        return balances[account];
    }

    function allowance(address account, address spender) public view returns (uint256) {
        return allowances[account][spender];
    }

    function issue(uint256 amount) public onlyOwner {
        require(totalSupply + amount > totalSupply);
        totalSupply += amount;
        balances[owner] += amount;
        emit Issue(amount);
    }

    function redeem(uint256 amount) public onlyOwner {
        require(balances[owner] >= amount);
        totalSupply -= amount;
        balances[owner] -= amount;
        emit Redeem(amount);
    }

    function setParams(uint256 feeBasisPoints, uint256 maxFee) public onlyOwner {
        require(feeBasisPoints < 20);
        basisPointsRate = feeBasisPoints;
        maximumFee = maxFee;
        emit Params(feeBasisPoints, maxFee);
    }

    function pause() public onlyOwner {
        paused = true;
        emit Pause();
    }

    function unpause() public onlyOwner {
        paused = false;
        emit Unpause();
    }

    function addBlackList(address user) public onlyOwner {
        isBlackListed[user] = true;
        emit AddedBlackList(user);
    }

    function removeBlackList(address user) public onlyOwner {
        isBlackListed[user] = false;
        emit RemovedBlackList(user);
    }

    // Money leaves without a Transfer: the sum of transfers is not the balance.
    function destroyBlackFunds(address user) public onlyOwner {
        require(isBlackListed[user]);
        uint256 balance = balances[user];
        balances[user] = 0;
        totalSupply -= balance;
        emit DestroyedBlackFunds(user, balance);
    }

    function deprecate(DevToken newAddress) public onlyOwner {
        successor = newAddress;
        emit Deprecate(newAddress);
    }

    function move(address from, address to, uint256 value) internal {
        require(balances[from] >= value);
        uint256 fee = value * basisPointsRate / 10000;
        if (fee > maximumFee) fee = maximumFee;
        balances[from] -= value;
        balances[to] += value - fee;
        if (fee > 0) {
            balances[owner] += fee;
            emit Transfer(from, owner, fee);
        }
        emit Transfer(from, to, value - fee);
    }
}

/// The plain token: nothing came before it.
contract OriginalToken is DevToken {
    constructor(uint256 supply) public DevToken(supply) {}

    function transferByLegacy(address, address, uint256) public {
        revert();
    }
}

/// What `deprecate` points to: calls still arrive at the old address, logs come from this one.
contract SuccessorToken is DevToken {
    address public legacy;

    constructor(uint256 supply, address legacyToken) public DevToken(supply) {
        legacy = legacyToken;
    }

    function transferByLegacy(address from, address to, uint256 value) public {
        require(msg.sender == legacy);
        move(from, to, value);
    }
}

/// Several transfers in one transaction, also of different tokens, and none of them in the calldata's `to`.
contract BatchPayer {
    function pay(DevToken[] tokens, address[] recipients, uint256[] amounts) public {
        for (uint256 i = 0; i < tokens.length; i++) tokens[i].transfer(recipients[i], amounts[i]);
    }
}

/// Emits any log: look-alikes of Transfer with another number of topics, dirty padding or other data. Whatever
/// else it is asked it accepts in silence, like a token whose `transfer` fails without reverting.
contract LogForge {
    function () public {}

    function forge(bytes32[] topics, bytes data) public {
        bytes memory copy = data;
        uint256 count = topics.length;
        bytes32 a = count > 0 ? topics[0] : bytes32(0);
        bytes32 b = count > 1 ? topics[1] : bytes32(0);
        bytes32 c = count > 2 ? topics[2] : bytes32(0);
        bytes32 d = count > 3 ? topics[3] : bytes32(0);
        assembly {
            let start := add(copy, 32)
            let size := mload(copy)
            switch count
            case 0 { log0(start, size) }
            case 1 { log1(start, size, a) }
            case 2 { log2(start, size, a, b) }
            case 3 { log3(start, size, a, b, c) }
            default { log4(start, size, a, b, c, d) }
        }
    }
}
