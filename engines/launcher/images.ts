import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { packageRoot } from '../../common/paths.js';

/** An engine's entry of `docker/images.yaml`. */
export interface ImageEntry {
  /** Official image, pinned by version. */
  image: string;
  /** Name that `npm run docker:build` gives; absent where there is no Dockerfile. */
  local?: string;
  /** Debian release that the local build stands on. */
  base?: string;
}

export function imageEntries(): Readonly<Record<string, ImageEntry>> {
  const path = join(packageRoot, 'docker', 'images.yaml');
  return parse(readFileSync(path, 'utf8')) as Record<string, ImageEntry>;
}

/** Name of the environment variable that overrides an engine's image. */
export function imageVariable(engine: string): string {
  return `VECPROOF_IMAGE_${engine.toUpperCase()}`;
}

/**
 * Images to try, in this order. One that was asked for is the only one; else the pinned one, then what
 * `npm run docker:build` makes.
 */
export function imageCandidates(
  engine: string,
  asked: string | undefined,
  env: NodeJS.ProcessEnv,
): { names: readonly string[]; origin: string } {
  if (asked !== undefined) return { names: [asked], origin: 'image: in the suite' };
  const variable = imageVariable(engine);
  const override = env[variable];
  if (override !== undefined && override !== '') return { names: [override], origin: variable };
  const entry = imageEntries()[engine];
  if (entry === undefined) throw new Error(`docker/images.yaml has no entry for ${engine}`);
  const names = entry.local === undefined ? [entry.image] : [entry.image, entry.local];
  return { names, origin: 'docker/images.yaml' };
}
