// Modules of src without a browser.

import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** The module at a path below src, with all that it imports. */
export async function load(path) {
  const result = await build({
    entryPoints: [fileURLToPath(new URL(`../src/${path}`, import.meta.url))],
    bundle: true,
    format: "esm",
    write: false,
    logLevel: "warning",
  });
  const [{ text }] = result.outputFiles;
  return import(`data:text/javascript;base64,${Buffer.from(text).toString("base64")}`);
}
