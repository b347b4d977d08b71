import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../common/files.js';
import { packageRoot } from '../common/paths.js';

/**
 * `npm run third-party`: writes THIRD-PARTY.md, the packages that come with vecproof and their licenses, from
 * package-lock.json alone. A test holds it in step, and every license with conditions on the whole in `COPYLEFT`.
 */
interface LockedPackage {
  version: string;
  license?: string;
  dev?: boolean;
  devOptional?: boolean;
  optional?: boolean;
  link?: boolean;
}

export interface ThirdParty {
  name: string;
  version: string;
  license: string;
  optional: boolean;
}

/** Packages whose package.json says it in a way of old that the lock file does not take up; read in their LICENSE. */
const LICENSES: Readonly<Record<string, string>> = {
  'base-64': 'MIT',
  buildcheck: 'MIT',
  'cpu-features': 'MIT',
  'json-bignum': 'MIT',
  ssh2: 'MIT',
};

/** Packages under a license that makes conditions for works with them, and why they are here. */
export const COPYLEFT: readonly { packages: RegExp; why: string }[] = [
  {
    packages: /^(memium|utilium)$/,
    why: 'LGPL-3.0-or-later. Optional: they come with Milvus’ client (`@zilliz/milvus2-sdk-node` → `@shanghaikid/parquetjs` → `@zenfs/core`, `kerium`), unchanged and each in a folder of its own, where another version can take its place.',
  },
  {
    packages: /^@img\/sharp-/,
    why: 'LGPL-3.0-or-later: libvips, the native part of `sharp`. Optional, for some platforms alone: it stands in the lock file, and comes with `@huggingface/transformers`, an embedding package of Chroma’s client that vecproof does not call.',
  },
];

const NOTICES = [
  '`h5wasm` holds the HDF5 library and a statement of NIST, which asks to be kept: “Please explicitly acknowledge the National Institute of Standards and Technology as the source of the software.” Its whole text is in `node_modules/h5wasm/LICENSE.txt`.',
];

/** What is installed with vecproof; what only its development needs is left out. */
export function thirdParties(lock: string): ThirdParty[] {
  const { packages } = JSON.parse(lock) as { packages: Record<string, LockedPackage> };
  const found = Object.entries(packages)
    .filter(([path, { dev, link }]) => path !== '' && dev !== true && link !== true)
    .map(([path, { version, license, optional, devOptional }]) => {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      const known = license ?? LICENSES[name];
      if (known === undefined)
        throw new Error(`${name} has no license in package-lock.json: read it, and name it here`);
      return { name, version, license: known, optional: optional === true || devOptional === true };
    });
  const once = new Map(found.map((each) => [`${each.name}@${each.version}`, each]));
  return [...once.values()].toSorted((a, b) => order(a.name, b.name) || order(a.version, b.version));
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export function isCopyleft({ license }: ThirdParty): boolean {
  return /\b[AL]?GPL|\bMPL|\bEPL|\bCDDL|\bEUPL|\bOSL|\bSSPL|\bCC-BY-SA/i.test(license);
}

export function thirdPartyText(lock: string): string {
  const all = thirdParties(lock);
  const byLicense = new Map<string, ThirdParty[]>();
  for (const each of all) byLicense.set(each.license, [...(byLicense.get(each.license) ?? []), each]);
  const licenses = [...byLicense].toSorted(([a], [b]) => order(a, b));
  const named = (list: readonly ThirdParty[]) =>
    list
      .map(({ name, version, optional }) => `- ${name} ${version}${optional ? ' (optional)' : ''}`)
      .join('\n');
  const copyleft = COPYLEFT.map(
    ({ packages, why }) =>
      `${why}\n\n${named(all.filter((each) => isCopyleft(each) && packages.test(each.name)))}`,
  );
  return [
    '# Third-party software',
    'Written by `npm run third-party` from `package-lock.json`; a test holds it in step. vecproof is licensed under Apache-2.0. It is',
    `installed with ${all.length} packages of others, each under its own license, whose text is in its folder. None is copied into\nvecproof's own code.`,
    '## Notices to keep',
    NOTICES.map((each) => `- ${each}`).join('\n'),
    '## Licenses with conditions for works with them',
    ...copyleft,
    '## All packages by license',
    ...licenses.map(([license, list]) => `### ${license} (${list.length})\n\n${named(list)}`),
    '',
  ]
    .join('\n\n')
    .replace('It is\n\ninstalled', 'It is\ninstalled')
    .replace(/\n+$/, '\n');
}

export const THIRD_PARTY = join(packageRoot, 'THIRD-PARTY.md');

export function lockText(): string {
  return readFileSync(join(packageRoot, 'package-lock.json'), 'utf8');
}

if (process.argv[2] === 'write') writeFileAtomic(THIRD_PARTY, thirdPartyText(lockText()), { shared: true });
