// Holds the manifests of deploy/ against the schemas of Kubernetes and of Compose. `node lint.mjs`, after `npm ci`.
//
// Before that it holds them against mistakes of its own: a linter that takes those is none.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const { DCLinter } = require("dclint");
const folder = new URL("../", import.meta.url);
const style = ["no-quotes-in-volumes", "require-quotes-in-ports", "service-keys-order", "services-alphabetical-order"];
const rules = Object.fromEntries(style.map((rule) => [rule, 0]));
const linter = new DCLinter({ rules, quiet: false, debug: false, exclude: [] });

const read = async (name) => JSON.parse(await readFile(new URL(name, folder), "utf8"));

/** All objects of the Kustomization's files, those of lists one by one. */
async function objects() {
    const { resources } = await read("kubernetes/Kustomization");
    const files = await Promise.all(resources.map((name) => read(`kubernetes/${name}`)));
    return files.flatMap((file) => (file.kind === "List" ? file.items : [file]));
}

/** What is wrong with a Kubernetes object; nothing if it is whole. */
async function faults({ apiVersion, kind, ...rest }) {
    const models = await import(`kubernetes-models/${apiVersion}`).catch(() => ({}));
    const Model = models[kind];
    if (Model === undefined) return [`Kubernetes has no ${apiVersion} ${kind}`];
    try {
        new Model(rest).validate();
        return [];
    } catch (error) {
        return [`${kind} ${rest.metadata?.name}: ${error.message}`];
    }
}

/** As `faults`, of a Compose file: its schema, and Compose's own rules. How it looks is not judged: it is JSON. */
function composeFaults(file) {
    const results = linter.lintFiles([file], false);
    return results.flatMap(({ messages }) =>
        messages.map(({ line, message, rule }) => `${file}:${line}: ${rule}: ${message}`),
    );
}

/** Mistakes that must be found: a copy of a good manifest with one of these changes. */
const mistakes = {
    StatefulSet: [
        (set) => (set.spec.replicas = "one"),
        (set) => delete set.spec.selector,
        (set) => (set.spec.template.spec.containers[0].livenessProbe = { httpGet: { path: "/health" } }),
        (set) => (set.spec.template.spec.terminationGracePeriodSeconds = "150s"),
        (set) => (set.kind = "StatefulSets"),
    ],
    Service: [(service) => (service.spec.ports[0].port = "http"), (service) => (service.apiVersion = "v2")],
    HorizontalPodAutoscaler: [(scaler) => delete scaler.spec.maxReplicas],
};
const composeMistakes = [
    (file) => (file.services.batcher.restarts = "always"),
    (file) => (file.services.batcher.healthcheck.test = {}),
    (file) => (file.services.batcher.ports = ["8650:8650", "8650:8651"]),
    (file) => (file.services.batcher.stop_grace_period = 60),
];

const all = await objects();
const scratch = await mkdtemp(join(tmpdir(), "cairn-lint-"));
const said = [];
try {
    for (const [kind, changes] of Object.entries(mistakes)) {
        const good = all.find((object) => object.kind === kind);
        for (const change of changes) {
            const bad = structuredClone(good);
            change(bad);
            if ((await faults(bad)).length === 0) said.push(`not found: ${kind}: ${change}`);
        }
    }
    const compose = fileURLToPath(new URL("compose/compose.json", folder));
    for (const change of composeMistakes) {
        const bad = JSON.parse(await readFile(compose, "utf8"));
        change(bad);
        const file = join(scratch, "compose.json");
        await writeFile(file, JSON.stringify(bad, null, 2));
        if (composeFaults(file).length === 0) said.push(`not found: compose: ${change}`);
    }
    said.push(...composeFaults(compose), ...(await Promise.all(all.map(faults))).flat());
} finally {
    await rm(scratch, { recursive: true });
}
for (const line of said) console.error(line);
console.log(`${all.length} objects of Kubernetes and a Compose file: ${said.length} faults`);
process.exitCode = said.length === 0 ? 0 : 1;
