// The code of README.md, as a module.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';

/**
 * What the code exports. It is run from a file of this package, so that `@cairn/client` is this
 * package.
 */
export async function readme() {
  const text = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/```js\n(.*?)```/gs)];
  if (blocks.length !== 1) {
    throw new Error(`expected one block of code in README.md, got ${blocks.length}`);
  }
  const file = new URL(`readme-${process.pid}.mjs`, import.meta.url);
  writeFileSync(file, blocks[0][1]);
  try {
    return await import(file);
  } finally {
    rmSync(file);
  }
}
