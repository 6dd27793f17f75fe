#!/usr/bin/env node
// Is every custom error of the contracts expected by a test? `errors.mjs` lists those that are not, and fails if there are any.
// A test expects an error in one statement, with the error's selector in it: a call of `expect..`, a comparison, or the return of a
// helper that makes the error for one of these.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const contracts = join(dirname(fileURLToPath(import.meta.url)), "..");

const sources = (folder) =>
    readdirSync(join(contracts, folder), { recursive: true })
        .filter((name) => name.endsWith(".sol"))
        .map((name) => [join(folder, name), withoutComments(readFileSync(join(contracts, folder, name), "utf8"))]);

const withoutComments = (text) => text.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, "");

const expected = new Set();
for (const [, text] of sources("test")) {
    const statements = text.split(";").filter((statement) => /\b_?(expect|assert)\w*\(|\breturn abi\.encode/.test(statement));
    for (const [, name] of statements.join(";").matchAll(/\.(\w+)\.selector\b/g)) expected.add(name);
}

const errors = sources("src").flatMap(([file, text]) => [...text.matchAll(/\berror (\w+)\(/g)].map(([, name]) => [file, name]));
const missing = errors.filter(([, name]) => !expected.has(name));
for (const [file, name] of missing) console.error(`${file}: no test expects ${name}`);
if (errors.length === 0) console.error("src has no errors: is this the right folder?");
process.exit(missing.length || !errors.length ? 1 : 0);
