#!/usr/bin/env node
// Writes ABI and storage layout of each contract that is deployed: `interfaces.mjs OUT FOLDER`, where OUT is what forge has built
// with `--extra-output storageLayout`. One line an entry, without the compiler's numbers, which change with every edit.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const CONTRACTS = ["Rollup", "Custody", "Groth16Verifier"];
const [out, folder] = process.argv.slice(2);

// `t_struct(Prefix)3800_storage` is `t_struct(Prefix)_storage`.
const withoutNumbers = (type) => type.replaceAll(/\)\d+_/g, ")_").replaceAll(/\)\d+(?=[,)]|$)/g, ")");

const member = (types) => ({ label, offset, slot, type }) => ({
    slot: Number(slot),
    offset,
    bytes: Number(types[type].numberOfBytes),
    label,
    type: types[type].label,
});

function layout({ storage, types }) {
    const structs = Object.entries(types ?? {}).filter(([, type]) => type.members);
    return {
        storage: storage.map(member(types)),
        structs: Object.fromEntries(
            structs.map(([name, type]) => [withoutNumbers(name), type.members.map(member(types))]).sort(),
        ),
    };
}

const lines = (list) => (list.length ? `[\n${list.map((entry) => `    ${JSON.stringify(entry)}`).join(",\n")}\n]` : "[]");

function layoutText({ storage, structs }) {
    const named = Object.entries(structs).map(([name, members]) => `${JSON.stringify(name)}: ${lines(members)}`);
    return `{\n"storage": ${lines(storage)},\n"structs": {\n${named.join(",\n")}\n}\n}\n`;
}

const order = (entry) => `${entry.type} ${entry.name ?? ""} ${JSON.stringify(entry.inputs ?? [])}`;

for (const kind of ["abi", "storage"]) mkdirSync(join(folder, kind), { recursive: true });
for (const name of CONTRACTS) {
    const artifact = JSON.parse(readFileSync(join(out, `${name}.sol`, `${name}.json`), "utf8"));
    const abi = artifact.abi.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
    writeFileSync(join(folder, "abi", `${name}.json`), `${lines(abi)}\n`);
    writeFileSync(join(folder, "storage", `${name}.json`), layoutText(layout(artifact.storageLayout)));
}
