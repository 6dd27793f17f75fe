// Bundles src into dist: three files, the same from the same sources. With --check it writes nothing and says what
// differs from the dist that is there.

import { readFile, writeFile, mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const page = fileURLToPath(new URL("..", import.meta.url));
const dist = `${page}dist`;

const result = await build({
  absWorkingDir: page,
  entryPoints: { page: "src/main.tsx" },
  outdir: "dist",
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  charset: "utf8",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  write: false,
  logLevel: "warning",
});

const files = result.outputFiles.map(({ path, text }) => [path.split("/").pop(), text]);
files.push(["index.html", await readFile(`${page}src/index.html`, "utf8")]);

if (process.argv.includes("--check")) {
  const differs = [];
  for (const [name, text] of files) {
    const there = await readFile(`${dist}/${name}`, "utf8").catch(() => undefined);
    if (there !== text) differs.push(name);
  }
  if (differs.length > 0) {
    console.error(`dist/${differs.join(", dist/")} is not what src makes: run npm run build, and commit it`);
    process.exit(1);
  }
} else {
  await mkdir(dist, { recursive: true });
  for (const [name, text] of files) {
    await writeFile(`${dist}/${name}`, text);
    console.log(`dist/${name}: ${text.length} characters`);
  }
}
