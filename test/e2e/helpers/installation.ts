import { cpSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../../common/paths.js';
import { temporaryFolder } from './workspace.js';

/** Folder of the packages that this installation has. */
const packages = join(dirname(createRequire(import.meta.url).resolve('zod/package.json')), '..');

/** A copy of this installation, without some of its packages. */
export function installation(without: readonly string[] = []): string {
  const root = temporaryFolder();
  for (const part of ['dist', 'package.json', 'datasets/catalog', 'docker', 'suites', 'reports/html/assets'])
    cpSync(join(packageRoot, part), join(root, part), { recursive: true });
  symlinkSync(join(packageRoot, 'datasets/bundled'), join(root, 'datasets/bundled'));
  mkdirSync(join(root, 'node_modules'));
  for (const name of readdirSync(packages)) {
    if (!without.includes(name)) symlinkSync(join(packages, name), join(root, 'node_modules', name));
  }
  return root;
}

/**
 * A copy of this installation whose null engine does what the environment variable FAULT says, as engines do that are
 * less well-behaved. Everything else is the real thing.
 */
export function faultyInstallation(): string {
  const root = installation();
  const folder = join(root, 'dist/engines/null');
  renameSync(join(folder, 'engine.js'), join(folder, 'real.js'));
  writeFileSync(join(folder, 'engine.js'), FAULTY);
  return root;
}

const FAULTY = `
import { engine as real } from './real.js';
const fault = process.env.FAULT;
const kept = [];
let asked = 0;
const faults = {
  'query throws': () => { if (asked % 4 === 0) throw new Error('shard 3 is not there'); },
  'query throws always': () => { throw new Error('no route to host'); },
  'query never returns': () => { for (;;); },
  'query never resolves': () => new Promise(() => {}),
  'query takes memory': () => { kept.push(Buffer.alloc(16 * 2 ** 20, 1)); },
  'query exits': () => { if (asked === 30) process.exit(0); },
  'query repeats itself': (hits) => ({ keys: hits.keys.map(() => 1), scores: hits.scores }),
  'query finds strangers': (hits) => ({ keys: hits.keys.map((key) => key + 1e6), scores: hits.scores }),
  'query is short': (hits) => ({ keys: hits.keys.subarray(0, 2), scores: hits.scores.subarray(0, 2) }),
};
function faultyCollection(collection) {
  return {
    ...collection,
    load: async (batch, signal) => {
      if (fault === 'load aborts') process.abort();
      if (fault === 'load rejects later') setTimeout(() => Promise.reject(new Error('connection lost')));
      if (fault === 'load rejects later') await new Promise(() => setInterval(() => {}, 1000));
      await collection.load(batch, signal);
    },
    ready: async (signal) => {
      const ready = await collection.ready(signal);
      return fault === 'loses points' ? { ...ready, count: ready.count - 1 } : fault === 'leaves points unindexed' ? { ...ready, indexed: ready.count - 5 } : ready;
    },
    prepare: async (search, k) => {
      const prepared = await collection.prepare(search, k);
      if (fault === 'talks') console.log('a client that talks to stdout');
      const query = (vector) => {
        asked++;
        const hits = prepared.query(vector);
        return faults[fault]?.(hits) ?? hits;
      };
      return { ...prepared, query };
    },
    drop: async () => {
      if (fault === 'exit never ends') process.on('exit', () => { for (;;); });
      if (fault === 'drop crashes') process.abort();
      if (fault === 'drop throws') throw new Error('cannot drop');
      await collection.drop();
    },
  };
}
export const engine = {
  ...real,
  connect: async (options, signal) => {
    if (fault === 'connect throws') throw new Error('connection refused');
    const connected = await real.connect(options, signal);
    return { ...connected, create: async (spec) => faultyCollection(await connected.create(spec)) };
  },
};
`;
