// Compiles the contracts with the solc of package.json and writes what the service and the tests embed.
//
//   node compile.mjs           writes src/rpc/contracts/ValidateSigOffchain.hex and tests/contracts/wallets.json
//   node compile.mjs --check   fails where a kept file is not what its source gives
//
// The settings are part of what is kept: another compiler or another target gives other bytes.

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import solc from "solc";

const here = dirname(fileURLToPath(import.meta.url));
const validators = join(here, "../../src/rpc/contracts");

// The oldest target that fits: the code runs in whatever EVM the configured chain has, also one without PUSH0.
function compile(folder, file, evmVersion) {
  const input = {
    language: "Solidity",
    sources: { [file]: { content: readFileSync(join(folder, file), "utf8") } },
    settings: {
      evmVersion,
      optimizer: { enabled: true, runs: 200 },
      metadata: { appendCBOR: false, bytecodeHash: "none" },
      outputSelection: { "*": { "*": ["evm.bytecode.object"] } },
    },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const errors = (output.errors ?? []).filter((error) => error.severity === "error");
  if (errors.length > 0) throw new Error(errors[0].formattedMessage);
  return Object.fromEntries(
    Object.entries(output.contracts[file]).map(([name, contract]) => [name, contract.evm.bytecode.object]),
  );
}

const validator = compile(validators, "ValidateSigOffchain.sol", "istanbul").ValidateSigOffchain;
const wallets = Object.fromEntries(
  Object.entries(compile(here, "Wallets.sol", "istanbul")).filter(([, code]) => code !== ""),
);
const files = {
  [join(validators, "ValidateSigOffchain.hex")]: `${validator}\n`,
  [join(here, "wallets.json")]: `${JSON.stringify({ compiler: solc.version(), contracts: wallets }, null, 2)}\n`,
};

for (const [path, text] of Object.entries(files)) {
  if (!process.argv.includes("--check")) {
    writeFileSync(path, text);
  } else if (readFileSync(path, "utf8") !== text) {
    console.error(`${path} is not what its source gives: run node tests/contracts/compile.mjs`);
    process.exitCode = 1;
  }
}
