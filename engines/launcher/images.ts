import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { installationOf } from '../../common/installation.js';
import { packageRoot } from '../../common/paths.js';
import type { ImageFacts } from '../contract/server.js';

/** An engine's entry of `docker/images.yaml`. */
export interface ImageEntry {
  /** Official image, pinned by version. */
  image: string;
  /** Content of that image (`sha256:…`), where it was looked up: another one is refused. */
  digest?: string;
  /** Of the server in it. */
  version: string;
  /** Name that `buildCommand` gives; absent where there is no Dockerfile. */
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
 * `buildCommand` makes.
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
  const names = entry.local === undefined ? [pinned(entry)] : [pinned(entry), entry.local];
  return { names, origin: 'docker/images.yaml' };
}

/** By its content where that is known, else by its tag. */
function pinned({ image, digest }: ImageEntry): string {
  return digest === undefined ? image : `${image}@${digest}`;
}

/** The content that a name asks for. */
export function digestIn(name: string): string | undefined {
  return /@(sha256:[0-9a-f]{64})$/.exec(name)?.[1];
}

/** The version of the pinned image is known, that of others only if they are labelled with it. */
export function imageFacts(
  engine: string,
  name: string,
  { digest, version }: { digest: string; version?: string | undefined },
): ImageFacts {
  const entry = imageEntries()[engine];
  const origin =
    entry !== undefined && name === pinned(entry) ? 'pinned' : name === entry?.local ? 'local' : 'chosen';
  const known = origin === 'pinned' ? entry!.version : version;
  return { name, digest, origin, ...(known !== undefined && { version: known }) };
}

/**
 * The command that builds an engine's image from package registries, for those who have this copy of vecproof, and what
 * it takes; undefined where there is no Dockerfile.
 */
export function buildCommand(engine: string): string | undefined {
  if (imageEntries()[engine]?.local === undefined) return undefined;
  const commands = {
    checkout: `npm run docker:build ${engine}`,
    dependency: `npx vecproof-docker-build ${engine}`,
    global: `vecproof-docker-build ${engine}`,
  };
  return commands[installationOf()];
}

/** What `buildCommand` takes beside a running Docker. */
export const BUILD_NEEDS = 'as root, with debootstrap';

/** What to do where an image is not on this machine. */
export function imageRemedy(engine: string, name: string): string {
  const build = buildCommand(engine);
  const built =
    build === undefined
      ? 'use a running server (url:), as this image cannot be built from packages'
      : `build it from packages with "${build}" (${BUILD_NEEDS})`;
  return `make "docker pull ${name}" work, ${built}, or name another image with ${imageVariable(engine)}`;
}
