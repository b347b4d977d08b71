import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { installation } from '../../e2e/helpers/installation.js';

const real = createRequire(import.meta.url).resolve('testcontainers');

/**
 * A copy of this installation whose first container has little room for its data: DISK_PATH in the container is a
 * file system in memory of DISK_SIZE. Needs nothing of the host. The later ones are as always.
 */
export function smallDiskInstallation(): string {
  const root = installation(['testcontainers']);
  const folder = join(root, 'node_modules/testcontainers');
  mkdirSync(folder);
  const { version } = createRequire(import.meta.url)('testcontainers/package.json') as { version: string };
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'testcontainers', version, main: 'x.js' }),
  );
  writeFileSync(join(folder, 'x.js'), WRAPPER);
  return root;
}

const WRAPPER = `
const real = require(${JSON.stringify(real)});
let first = true;
class GenericContainer extends real.GenericContainer {
  constructor(image) {
    super(image);
    if (first) this.withTmpFs({ [process.env.DISK_PATH]: 'size=' + process.env.DISK_SIZE });
    first = false;
  }
}
module.exports = { ...real, GenericContainer };
`;
