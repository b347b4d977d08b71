import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EXIT, InputError, messageOf, VecproofError } from '../common/errors.js';
import { packageRoot } from '../common/paths.js';
import { type ImageEntry, imageEntries } from '../engines/launcher/images.js';

const USAGE = `npm run docker:build -- [engine…] [--force] [--base <image>] [--ca <file>]
Builds docker/<engine>/Dockerfile from package registries; what is there already is left alone.
  --force         build again
  --base <image>  base instead of vecproof/debian:<release>, which debootstrap makes; {release} is filled in,
                  e.g. --base debian:{release}-slim
  --ca <file>     certificates for npm and pip behind a proxy that signs TLS itself (default: NODE_EXTRA_CA_CERTS)`;

interface Options {
  force: boolean;
  base: string | undefined;
  ca: string | undefined;
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      force: { type: 'boolean', default: false },
      base: { type: 'string' },
      ca: { type: 'string', default: process.env['NODE_EXTRA_CA_CERTS'] ?? '' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const options = { force: values.force, base: values.base, ca: values.ca || undefined };
  const buildable = Object.entries(imageEntries()).filter(([, entry]) => entry.local !== undefined);
  const unknown = positionals.find((name) => !buildable.some(([engine]) => engine === name));
  if (unknown !== undefined) {
    throw new InputError('no Dockerfile for that engine', {
      where: 'docker:build',
      got: unknown,
      next: `use ${buildable.map(([engine]) => engine).join(', ')}`,
    });
  }
  for (const [engine, entry] of buildable) {
    if (positionals.length === 0 || positionals.includes(engine)) build(engine, entry, options);
  }
}

function build(engine: string, { local, base }: ImageEntry, options: Options): void {
  if (hasImage(local!) && !options.force) {
    say(`${local} is there`);
    return;
  }
  const from = options.base?.replace('{release}', base!) ?? ownBase(base!);
  say(`${local}: building on ${from}`);
  const context = mkdtempSync(join(tmpdir(), 'vecproof-docker-'));
  try {
    cpSync(join(packageRoot, 'docker', engine), context, { recursive: true });
    if (options.ca !== undefined && existsSync(options.ca)) copyFileSync(options.ca, join(context, 'ca.crt'));
    run('docker', ['build', '--tag', local!, '--build-arg', `BASE=${from}`, context]);
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

/** Debian by debootstrap: needs a Debian mirror, but no image registry. */
function ownBase(release: string): string {
  const name = `vecproof/debian:${release}`;
  if (!hasImage(name)) {
    say(`${name}: making it with debootstrap`);
    run('sh', [join(packageRoot, 'docker', 'base', 'build.sh'), release]);
  }
  return name;
}

function hasImage(name: string): boolean {
  const { status, error } = spawnSync('docker', ['image', 'inspect', name], { stdio: 'ignore' });
  if (error !== undefined)
    throw new InputError('docker is not installed', { next: 'install Docker', cause: error });
  return status === 0;
}

function run(command: string, args: readonly string[]): void {
  // The classic builder is everywhere; BuildKit needs a plugin of its own on some systems.
  const env = { DOCKER_BUILDKIT: '0', ...process.env };
  execFileSync(command, args, { stdio: 'inherit', env });
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  main();
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = error instanceof VecproofError ? error.exitCode : EXIT.engineOrDatasetFailed;
}
