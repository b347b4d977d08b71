import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../common/errors.js';
import { makeFolder, writeFileAtomic } from '../../common/files.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import type { Manifest } from '../model/manifest.js';
import type { ParsedSuite } from '../suite/parse.js';
import type { Context } from './context.js';

/**
 * By its mark a run is known to have been made here, with these addresses: a run folder is a suite, too, and whoever
 * continues one would send credentials to whatever host it names. The mark is made with a key that is in no run folder.
 */
export function markOf(
  manifest: Pick<Manifest, 'id' | 'suite' | 'plan' | 'rebuilds'>,
  cache: string,
): string {
  const told = JSON.stringify([manifest.id, manifest.suite.text, addressesOf(manifest), modulesOf(manifest)]);
  return createHmac('sha256', ownKey(cache)).update(told).digest('hex');
}

/**
 * Whether continuing a run may send something of the environment, or runs code that it names.
 * @param manifest with its addresses as they are now, and its suite as it is stored
 */
export function needsMark(manifest: Pick<Manifest, 'plan' | 'rebuilds'>, { secrets }: ParsedSuite): boolean {
  return secrets.length > 0 || addressesOf(manifest).length > 0 || modulesOf(manifest).length > 0;
}

/** @throws InputError for a run that was made elsewhere, or whose addresses have changed, and nothing was allowed */
export function requireOwn(
  manifest: Manifest,
  parsed: ParsedSuite,
  place: string,
  { cache, allowEnv }: Pick<Context, 'cache' | 'allowEnv'>,
): void {
  if (allowEnv !== undefined || !needsMark(manifest, parsed)) return;
  const { mark } = manifest;
  const own = Buffer.from(markOf(manifest, cache));
  if (mark !== undefined && mark.length === own.length && timingSafeEqual(Buffer.from(mark), own)) return;
  const hosts = addressesOf(manifest);
  const names = [...new Set(parsed.secrets.map(({ name }) => name))];
  throw new InputError(
    `this run was not made here with these addresses, and would be given your credentials${hosts.length === 0 ? '' : `: it connects to ${hosts.join(', ')}`}`,
    {
      where: place,
      next: `look at the suite in its manifest.json; to continue it, name the variables it may have: --allow-env ${names.join(',') || 'none'}`,
    },
  );
}

/** Protocol, host and port of every server that is not started here. */
function addressesOf({ plan, rebuilds = [] }: Pick<Manifest, 'plan' | 'rebuilds'>): string[] {
  const urls = [...plan, ...rebuilds].flatMap(({ server }) => server?.url ?? []);
  const hosts = urls.map((url) => {
    if (!URL.canParse(url)) return 'an address that is none';
    const { protocol, host } = new URL(url);
    return `${protocol}//${host}`;
  });
  return [...new Set(hosts)].toSorted();
}

function modulesOf({ plan, rebuilds = [] }: Pick<Manifest, 'plan' | 'rebuilds'>): string[] {
  return [...new Set([...plan, ...rebuilds].flatMap(({ module }) => module ?? []))].toSorted();
}

/** Of this user and home; runs are uploaded and copied, the cache is not. */
function ownKey(cache: string): string {
  const path = join(cache, 'own.key');
  if (!existsSync(path)) {
    makeFolder(cache);
    writeFileAtomic(path, `${randomBytes(32).toString('hex')}\n`);
  }
  return readRegularText(path, MOST_RECORD).trim();
}
