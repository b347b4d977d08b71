import { createHash, type Hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../common/paths.js';
import { readText } from '../../datasets/formats/lines.js';
import { readQrels } from '../../datasets/formats/qrels.js';
import { openDataset } from '../../datasets/open.js';
import { prepareMetadata, prepareVectors } from '../../datasets/prepare.js';
import { deriveRun, resultsOf } from '../../harness/derive/run.js';
import { parseRun } from '../../harness/measures/trec.js';
import { listBaselines } from '../../harness/store/baselines.js';
import { readHistory } from '../../harness/store/history.js';
import { lockRun } from '../../harness/store/lock.js';
import { findRun } from '../../harness/store/run-folder.js';
import { SuiteError } from '../../harness/suite/faults.js';
import { parseSuite } from '../../harness/suite/parse.js';
import { parseQueryFile, placeLineFaults } from '../../harness/suite/query-file.js';
import { readManifest as readExportManifest } from '../../migration/export/manifest.js';
import { openExport } from '../../migration/export/reader.js';
import { findState } from '../../migration/export/state.js';
import { findLoad } from '../../migration/load/state.js';
import { readMapping } from '../../migration/mapping/mapping.js';

/** Files by their name in a folder; the first of `changed` that a case changes. */
export interface Seed {
  name: string;
  /** In the folder; what is not changed stays as it is. */
  files: Readonly<Record<string, string>>;
  /** Which of the files is changed. */
  changed: string;
}

export interface Target {
  name: string;
  isText: boolean;
  seeds: Seed[];
  /**
   * Reads what is in a folder, as a command does.
   * @param home for the cache
   * @returns a hash of all that was read
   */
  read(folder: string, changed: string, home: string): Promise<string>;
}

const golden = join(packageRoot, 'test/golden');
const formats = join(golden, 'datasets/formats');

function update(hash: Hash, value: unknown): void {
  hash.update(
    JSON.stringify(value, (_, each: unknown) =>
      typeof each === 'bigint' ? `${each}n` : each instanceof Map ? [...each] : each,
    ) ?? 'undefined',
  );
}

function hashOf(value: unknown): string {
  const hash = createHash('sha256');
  update(hash, value);
  return hash.digest('hex');
}

/** Everything that commands read of a dataset. */
async function readDataset(path: string, home: string): Promise<string> {
  const cacheFolder = join(home, '.cache');
  const dataset = await openDataset(path, {
    baseFolder: dirname(path),
    cacheFolder,
    queriesOptional: true,
    metric: 'dot',
    skipInvalid: ['non-finite'],
  });
  const hash = createHash('sha256');
  try {
    const { count, dimensions, fields, querySets } = dataset.info;
    update(hash, [count, dimensions, fields]);
    const vectors = await prepareVectors(dataset, { cacheFolder });
    const row = new Float32Array(dimensions);
    for (let i = 0; i < count; i++) {
      vectors.read(i, 1, row);
      hash.update(new Uint8Array(row.buffer));
    }
    vectors.close();
    const metadata = await prepareMetadata(
      dataset,
      fields.map(({ name }) => name),
      { cacheFolder },
    );
    update(hash, metadata.read(0, count));
    metadata.close();
    for (const { name } of querySets) {
      const { ids, vectors: asked, fields: about } = await dataset.queries(name);
      update(hash, [name, ids, Array.from(asked), about]);
      update(hash, await dataset.qrels(name));
      const near = await dataset.providedTruth(name);
      update(hash, near?.state === 'usable' ? [near.k, Array.from(near.rows)] : near?.state);
    }
    return hash.digest('hex');
  } finally {
    await dataset.close();
  }
}

function datasetTarget(name: string, pattern: RegExp, isText = false, most = 400_000): Target {
  const seeds = [join(golden, 'datasets'), formats].flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => pattern.test(file) && !/^(make|no-|objects|structured)/.test(file))
      .filter((file) => readFileSync(join(folder, file)).length <= most)
      .map((file): Seed => ({ name: file, files: { [file]: join(folder, file) }, changed: file })),
  );
  return {
    name,
    isText,
    seeds,
    read: (folder, changed, home) => readDataset(join(folder, changed), home),
  };
}

/** A folder with a description, judgements and neighbours. */
function describedTarget(): Target {
  const own = join(golden, 'fuzz/described');
  const files = Object.fromEntries(readdirSync(own).map((file) => [file, join(own, file)]));
  const seeds = ['dataset.yaml', 'qrels.tsv'].map((changed): Seed => ({ name: changed, files, changed }));
  return { name: 'dataset.yaml', isText: true, seeds, read: (folder, _, home) => readDataset(folder, home) };
}

function textTarget(name: string, file: string, read: (path: string) => Promise<unknown> | unknown): Target {
  const from = join(golden, 'fuzz', file);
  return {
    name,
    isText: true,
    seeds: [{ name: file, files: { [file]: from }, changed: file }],
    read: async (folder, changed) => hashOf((await read(join(folder, changed))) ?? null),
  };
}

/** A run, made by `scripts/fuzz/make-run.ts`, with one of its files changed. */
function runTarget(runs: string): Target[] {
  const [id] = readdirSync(runs).filter((name) => /^\d{8}-/.test(name));
  const files = filesBelow(runs, '');
  const inRun = Object.keys(files).filter((name) => name.startsWith(`${id}/`));
  const isParquet = (name: string) => name.endsWith('.parquet');
  const isRead = (name: string) =>
    /\/(manifest|queries|judgements|checksums|results|derived)\.json$|events\.jsonl$/.test(name);
  const seedsOf = (names: readonly string[]) =>
    names.map((changed): Seed => ({ name: changed.slice(id!.length + 1), files, changed }));
  const read = async (folder: string) => {
    const run = await deriveRun(findRun(join(folder, id!), folder));
    const first = run.parts[0]!;
    const columns = await first.derived.columns([]);
    return hashOf([resultsOf(run), [...columns.keys()]]);
  };
  return [
    { name: 'run (json)', isText: true, seeds: seedsOf(inRun.filter(isRead)), read },
    { name: 'run (parquet)', isText: false, seeds: seedsOf(inRun.filter(isParquet)), read },
    {
      name: 'run (lock, history, baselines)',
      isText: true,
      seeds: ['history.jsonl', 'baselines.json', `${id}/lock`].map((changed) => ({
        name: changed,
        files,
        changed,
      })),
      async read(folder) {
        const found = [readHistory(folder), listBaselines(folder)];
        lockRun(findRun(join(folder, id!), folder))();
        return hashOf(found);
      },
    },
  ];
}

function filesBelow(folder: string, prefix: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const [name, path] = [`${prefix}${entry.name}`, join(folder, entry.name)];
      return entry.isDirectory() ? Object.entries(filesBelow(path, `${name}/`)) : [[name, path]];
    }),
  );
}

function exportTargets(): Target[] {
  const seeds = ['parquet', 'jsonl'].flatMap((kind) => {
    const files = filesBelow(join(golden, 'export', kind), '');
    return Object.keys(files).map((changed): Seed => ({ name: `${kind}/${changed}`, files, changed }));
  });
  const isManifest = ({ changed }: Seed) => changed === 'manifest.json';
  const read = async (folder: string) => {
    // Sizes are looked at when it is opened; contents are not hashed, so that the readers see what was changed.
    const opened = openExport(folder);
    const hash = createHash('sha256');
    update(hash, readExportManifest(folder));
    for await (const points of opened.points()) update(hash, points);
    return hash.digest('hex');
  };
  return [
    { name: 'export (manifest)', isText: true, seeds: seeds.filter(isManifest), read },
    { name: 'export (parts)', isText: false, seeds: seeds.filter((seed) => !isManifest(seed)), read },
  ];
}

/** @param runs folder with one finished run */
export function targets(runs: string): Target[] {
  return [
    datasetTarget('parquet', /\.(parquet|pq)$/),
    datasetTarget('jsonl', /\.(jsonl|ndjson|json)$/, true),
    datasetTarget('jsonl (packed)', /\.jsonl\.(gz|zst)$/),
    datasetTarget('csv', /\.(csv|tsv)$/, true),
    datasetTarget('arrow', /\.(arrow|feather|arrows|ipc)$/),
    datasetTarget('npy', /\.npy(\.gz)?$/),
    datasetTarget('npz', /\.npz$/),
    datasetTarget('hdf5', /\.(hdf5|h5)$/),
    datasetTarget('vecs', /\.[fbi]vecs$/),
    datasetTarget('bin', /\.(fbin|u8bin|i8bin|f16bin|ibin)$/),
    describedTarget(),
    textTarget('qrels', 'qrels.tsv', readQrels),
    textTarget('trec run', 'trec.run', async (path) => [...parseRun(await readText(path), path)]),
    textTarget('suite', 'suite.yaml', (path) => {
      const { suite, ks, datasets, gates } = parseSuite(readFileSync(path, 'utf8'), path, {});
      return [suite, ks, datasets, gates];
    }),
    textTarget('query file', 'queries.jsonl', (path) => {
      const { entries, faults } = parseQueryFile(readFileSync(path, 'utf8'));
      if (faults.length > 0) throw new SuiteError(placeLineFaults(path, faults));
      return entries;
    }),
    textTarget('mapping', 'mapping.yaml', (path) => readMapping(path).mapping),
    textTarget('load state', 'load.json', (path) =>
      findLoad(dirname(path), { sum: 's', mapping: 'm', place: 'p' }),
    ),
    textTarget('export state', '.export.json', (path) =>
      findState(dirname(path), { place: 'p', collection: 'c' }),
    ),
    ...runTarget(runs),
    ...exportTargets(),
  ];
}
