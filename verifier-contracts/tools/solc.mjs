#!/usr/bin/env node
// The Solidity compiler that forge runs: npm's `solc` behind the two calls forge makes of a native one.
import { readFileSync } from "node:fs";
import solc from "solc";

if (process.argv.includes("--version")) {
    console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
} else {
    process.stdout.write(solc.compile(readFileSync(0, "utf8"))); // --standard-json
}
