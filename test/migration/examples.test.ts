import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { packageRoot } from '../../common/paths.js';
import { serverOf } from '../conformance/servers.js';
import { contenders } from '../conformance/session.js';
import { vecproof } from '../e2e/helpers/cli.js';
import { Workspace } from '../e2e/helpers/workspace.js';

/** Of an example: a loaded machine makes it several times as long. */
const PATIENCE = 400_000;

/** Each example does what its README says: its own commands are run, in a copy of it. */

type Env = Record<string, string>;

class Example {
  readonly work = new Workspace();
  readonly env: Env;
  readonly readme: string;

  constructor(name: string, env: Env = {}) {
    const folder = join(packageRoot, 'examples', name);
    cpSync(folder, this.work.folder, { recursive: true, filter: (path) => !LEFT.includes(basename(path)) });
    // As "npm link vecproof" and the application's own packages are there.
    symlinkSync(join(packageRoot, 'node_modules'), join(this.work.folder, 'node_modules'));
    this.readme = readFileSync(join(folder, 'README.md'), 'utf8');
    this.env = env;
  }

  /** The application's own script, with fewer points than the README has. */
  fill(points: number): string {
    const script = readFileSync(join(this.work.folder, 'fill.js'), 'utf8');
    // The package itself is not among its own dependencies.
    const own = JSON.stringify(new URL(`file://${join(packageRoot, 'dist/index.js')}`).href);
    this.work.write('fill.js', script.replace("'vecproof'", own));
    return execFileSync(process.execPath, ['fill.js', String(points)], {
      cwd: this.work.folder,
      env: { ...process.env, ...this.env },
      encoding: 'utf8',
    });
  }

  /** Commands of the README that begin so, in order, as lists of arguments. */
  commands(): string[][] {
    const lines = this.readme.split('\n').filter((line) => line.startsWith('vecproof migrate'));
    return lines.map((line) => wordsOf(line.replace(/\s+#.*$/, '')).slice(1));
  }

  /** Runs all of them; returns exit codes and the last output. */
  async run() {
    const codes: (number | null)[] = [];
    let told = '';
    let last = '';
    for (const args of this.commands()) {
      const { code, stdout, stderr } = await vecproof(args, { folder: this.work.folder, env: this.env });
      codes.push(code);
      last = stdout;
      told += `${stdout}${stderr}\n`;
    }
    return { codes, last, told };
  }
}

const LEFT = ['app', 'lance', '.migrations', 'node_modules'];

/** What a shell makes of a line without variables. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
}

/** Sentence of the README's last block of output: how many thresholds only warn depends on the machine. */
function promised(readme: string): string {
  const sentence = /^Ready for cutover: .*$/m.exec(readme)?.[0];
  if (sentence === undefined) throw new Error('the README promises nothing');
  return sentence.replace(/\d+ of \d+ thresholds.*$/, '');
}
const withoutFigures = (text: string) => text.replaceAll(/\d[\d\u202f ]*\d|\d/g, 'n');

describe('examples/migrate-embedded', () => {
  test(
    'moves PGlite to LanceDB as its README says',
    async () => {
      const example = new Example('migrate-embedded');
      expect(example.fill(2000)).toBe('2000 packages in ./app\n');
      const { codes, last, told } = await example.run();
      expect(codes, told).toEqual([4, 4, 0]);
      expect(withoutFigures(last)).toContain(withoutFigures(promised(example.readme)));
      const read = (file: string) =>
        readFileSync(join(example.work.folder, '.migrations/packages-to-lancedb', file), 'utf8');
      const page = read('index.html');
      const [, report] = /<a href="(runs\/[^"]+\/report\.html)">report of the run</.exec(page) ?? [];
      expect(read(report!)).toContain('target.ann');
    },
    PATIENCE,
  );
});

const definitionOf = (name: string) => contenders.find((each) => each.name === name)!;
const missing = (...names: string[]) =>
  names.map((name) => definitionOf(name).missing).find((why) => why !== undefined);
const standIn = (...names: string[]) => names.map((name) => definitionOf(name).suffix).join('');

async function urlOf(name: string): Promise<{ url: string; secret: string }> {
  const { endpoint } = await serverOf(definitionOf(name).definition);
  const { host, port, secrets } = endpoint;
  return { url: `${host}:${port}`, secret: Object.values(secrets)[0] ?? '' };
}

describe('examples/migrate-pgvector-qdrant', () => {
  const why = missing('pgvector', 'qdrant');
  test.skipIf(why !== undefined)(
    `moves PostgreSQL to Qdrant as its README says${why === undefined ? standIn('qdrant') : ` (${why})`}`,
    async () => {
      const [postgres, qdrant] = [await urlOf('pgvector'), await urlOf('qdrant')];
      const example = new Example('migrate-pgvector-qdrant', {
        POSTGRES_URL: `postgres://postgres@${postgres.url}/postgres`,
        PGPASSWORD: postgres.secret,
        PGSSLMODE: 'disable',
        QDRANT_URL: `http://${qdrant.url}`,
        ...(qdrant.secret !== '' && { QDRANT_API_KEY: qdrant.secret }),
      });
      expect(example.fill(2000)).toBe('2000 packages in PostgreSQL\n');
      const { codes, last, told } = await example.run();
      expect(codes, told).toEqual([4, 4, 4, 0]);
      expect(withoutFigures(last)).toContain(withoutFigures(promised(example.readme)));
      expect(last).toContain('1\u202f996 points are in the target');
    },
    PATIENCE,
  );
});

describe('examples/migrate-chroma-milvus', () => {
  const why = missing('chroma', 'milvus');
  test.skipIf(why !== undefined)(
    `moves Chroma to Milvus as its README says${why === undefined ? '' : ` (${why})`}`,
    async () => {
      const [chroma, milvus] = [await urlOf('chroma'), await urlOf('milvus')];
      const env = { CHROMA_URL: `http://${chroma.url}`, MILVUS_URL: `http://${milvus.url}` };
      const example = new Example('migrate-chroma-milvus', env);
      expect(example.fill(300)).toBe('300 notes in Chroma\n');
      const { codes, last, told } = await example.run();
      expect(codes, told).toEqual([4, 4, 0]);
      expect(withoutFigures(last)).toContain(withoutFigures(promised(example.readme)));
    },
    PATIENCE,
  );
});

test('the examples start the images that are pinned', () => {
  const pinned = parse(readFileSync(join(packageRoot, 'docker/images.yaml'), 'utf8')) as Record<
    string,
    { image: string }
  >;
  const images = Object.values(pinned).map(({ image }) => image);
  const composed = ['migrate-pgvector-qdrant', 'migrate-chroma-milvus'].flatMap((name) => {
    const text = readFileSync(join(packageRoot, 'examples', name, 'compose.yaml'), 'utf8');
    const { services } = parse(text) as { services: Record<string, { image: string }> };
    return Object.values(services).map(({ image }) => image);
  });
  expect(composed).toHaveLength(4);
  expect(composed.filter((image) => !images.includes(image))).toEqual([]);
});
