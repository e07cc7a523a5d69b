// Contract wallets for the tests: good ones, and one for each way to answer wrongly.
// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

bytes4 constant MAGIC = 0x1626ba7e;

// A wallet with one owner, who may be replaced, and texts that the owner approved on chain.
contract OwnedWallet {
  address public owner;
  mapping(bytes32 => bool) public approved;

  constructor(address first) {
    owner = first;
  }

  // Nobody is asked for leave: it is a test.
  function replaceOwner(address next) external {
    owner = next;
  }

  function approve(bytes32 hash) external {
    approved[hash] = true;
  }

  function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
    if (signature.length == 0) return approved[hash] ? MAGIC : bytes4(0xffffffff);
    if (signature.length != 65) return 0xffffffff;
    bytes32 r = bytes32(signature[0:32]);
    bytes32 s = bytes32(signature[32:64]);
    address signer = ecrecover(hash, uint8(signature[64]), r, s);
    return signer != address(0) && signer == owner ? MAGIC : bytes4(0xffffffff);
  }
}

// Deploys an OwnedWallet where its owner and salt say.
contract WalletFactory {
  function deploy(address owner, bytes32 salt) external returns (address) {
    return address(new OwnedWallet{salt: salt}(owner));
  }

  function addressOf(address owner, bytes32 salt) external view returns (address) {
    bytes32 code = keccak256(abi.encodePacked(type(OwnedWallet).creationCode, abi.encode(owner)));
    return address(uint160(uint256(keccak256(abi.encodePacked(bytes1(0xff), address(this), salt, code)))));
  }
}

// Gives its input back, which begins with the magic value.
contract EchoWallet {
  fallback(bytes calldata input) external returns (bytes memory) {
    return input;
  }
}

// Says true, as a bool.
contract TrueWallet {
  fallback() external {
    assembly {
      mstore(0, 1)
      return(0, 32)
    }
  }
}

// Says the magic value in four bytes and no more.
contract ShortWallet {
  fallback() external {
    assembly {
      mstore(0, shl(224, 0x1626ba7e))
      return(0, 4)
    }
  }
}

// Says the magic value and a word too many.
contract LongWallet {
  fallback() external {
    assembly {
      mstore(0, shl(224, 0x1626ba7e))
      mstore(32, 0)
      return(0, 64)
    }
  }
}

// Reverts with the magic value.
contract RevertingWallet {
  fallback() external {
    assembly {
      mstore(0, shl(224, 0x1626ba7e))
      revert(0, 32)
    }
  }
}

// Never ends while there is gas.
contract BurningWallet {
  fallback() external {
    assembly {
      for {} 1 {} {}
    }
  }
}
