#!/usr/bin/env node
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EXIT, FailureError, InputError, messageOf, VecproofError } from '../common/errors.js';
import { packageRoot } from '../common/paths.js';
import { type ImageEntry, imageEntries } from '../engines/launcher/images.js';
import { plainOutput } from './terminal.js';

const USAGE = `vecproof-docker-build [engine…] [--force] [--base <image>] [--ca <file>]
(in a checkout: npm run docker:build -- [engine…] …)
Builds docker/<engine>/Dockerfile from package registries; what is there already is left alone. Needs a running Docker
and, unless --base is given, root and debootstrap, which makes the base from a Debian mirror (DEBIAN_MIRROR: another one).
  --force         build again
  --base <image>  base instead of vecproof/debian:<release>, which debootstrap makes; {release} is filled in,
                  e.g. --base debian:{release}-slim where an image registry can be reached
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
    say(USAGE);
    return;
  }
  const options = { force: values.force, base: values.base, ca: values.ca || undefined };
  const buildable = Object.entries(imageEntries()).filter(([, entry]) => entry.local !== undefined);
  const unknown = positionals.find((name) => !buildable.some(([engine]) => engine === name));
  if (unknown !== undefined) {
    throw new InputError('no Dockerfile for that engine', {
      where: 'building images',
      got: unknown,
      next: `use ${buildable.map(([engine]) => engine).join(', ')}`,
    });
  }
  const wanted = buildable.filter(([engine]) => positionals.length === 0 || positionals.includes(engine));
  requireDocker();
  const open = wanted.filter(([, { local }]) => {
    const there = imageId(local!) !== undefined && !options.force;
    if (there) say(`${local} is there`);
    return !there;
  });
  if (options.base === undefined) requireDebootstrap(open.map(([, { base }]) => base!));
  for (const [engine, entry] of open) build(engine, entry, options);
}

function requireDocker(): void {
  const { error, status, stderr } = spawnSync('docker', ['info'], { encoding: 'utf8' });
  if (error === undefined && status === 0) return;
  const said = error === undefined ? stderr.trim().split('\n').at(-1) : 'the command docker is not installed';
  throw new FailureError(`Docker cannot be used: ${said}`, {
    where: 'building images',
    next: 'install and start Docker; "docker info" must work for this user',
    cause: error,
  });
}

/** What making a base takes is asked before the first image is built. */
function requireDebootstrap(releases: readonly string[]): void {
  if (releases.every((release) => imageId(ownBaseName(release)) !== undefined)) return;
  const missing = [
    ...(process.getuid?.() === 0 ? [] : ['root']),
    ...(spawnSync('debootstrap', ['--version']).error === undefined ? [] : ['debootstrap']),
  ];
  if (missing.length === 0) return;
  throw new FailureError(`the base image is made with debootstrap, which needs ${missing.join(' and ')}`, {
    where: 'building images',
    next: 'run as root on a system with debootstrap (apt-get install debootstrap), or give --base debian:{release}-slim where an image registry can be reached',
  });
}

function build(engine: string, { local, base }: ImageEntry, options: Options): void {
  const before = imageId(local!);
  const from = options.base?.replace('{release}', base!) ?? ownBase(base!);
  say(`${local}: building on ${from}`);
  const context = mkdtempSync(join(tmpdir(), 'vecproof-docker-'));
  try {
    cpSync(join(packageRoot, 'docker', engine), context, { recursive: true });
    if (options.ca !== undefined && existsSync(options.ca)) copyFileSync(options.ca, join(context, 'ca.crt'));
    run('docker', ['build', '--tag', local!, '--build-arg', `BASE=${from}`, context]);
  } finally {
    rmSync(context, { recursive: true, force: true });
    removeLeft(before, local!);
  }
}

/** Stages of a build stay behind without a name (they are labelled in the Dockerfiles), and so does what had the name. */
function removeLeft(before: string | undefined, name: string): void {
  quietly(['image', 'prune', '--force', '--filter', 'label=vecproof.stage']);
  // Docker refuses while a container uses it.
  if (before !== undefined && before !== imageId(name)) quietly(['image', 'rm', before]);
}

function quietly(args: readonly string[]): void {
  spawnSync('docker', args, { stdio: 'ignore' });
}

/** Debian by debootstrap: needs a Debian mirror, but no image registry. */
function ownBase(release: string): string {
  const name = ownBaseName(release);
  if (imageId(name) === undefined) {
    say(`${name}: making it with debootstrap`);
    run('sh', [join(packageRoot, 'docker', 'base', 'build.sh'), release]);
  }
  return name;
}

const ownBaseName = (release: string): string => `vecproof/debian:${release}`;

/** Id of an image on this machine; undefined: it is not there. */
function imageId(name: string): string | undefined {
  const { status, stdout } = spawnSync('docker', ['image', 'inspect', '--format', '{{.Id}}', name], {
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : undefined;
}

function run(command: string, args: readonly string[]): void {
  // The classic builder is everywhere; BuildKit needs a plugin of its own on some systems.
  const env = { DOCKER_BUILDKIT: '0', ...process.env };
  execFileSync(command, args, { stdio: 'inherit', env });
}

function say(text: string): void {
  plainOutput(process.stdout).write(`${text}\n`);
}

try {
  main();
} catch (error) {
  plainOutput(process.stderr).write(`${messageOf(error)}\n`);
  process.exitCode = error instanceof VecproofError ? error.exitCode : EXIT.engineOrDatasetFailed;
}
